/* SPDX-License-Identifier: MIT */
/*
 * sched_op(cmd, arg): give up the CPU, wait, end. In its compat form, the first kernels', a shutdown's reason is the argument itself.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/sched_op.md. Read next: domain/schedule.c.
 */
#include <public/sched.h>

#include "../domain/guest_time.h"
#include "../domain/schedule.h"
#include "operation.h"

static int remote_shutdown(const struct sched_remote_shutdown *op)
{
    struct domain *d = domain_get(op->domain_id);
    bool allowed = current_domain()->is_privileged && d != current_domain();

    if (d == NULL) {
        return -XEN_ESRCH;
    }
    if (allowed) {
        domain_shutdown(d, (uint8_t)op->reason);
    }
    domain_put(d);
    return allowed ? 0 : -XEN_EPERM;
}

OPERATION(yield, void, (schedule_yield(), 0))
OPERATION(block, void, (schedule_block(), 0))
OPERATION(shutdown, struct sched_shutdown,
          (domain_shutdown(current_domain(), (uint8_t)op->reason), 0))
OPERATION(poll, struct sched_poll, schedule_poll(op))
OPERATION(remote_shutdown, struct sched_remote_shutdown, remote_shutdown(op))
OPERATION(shutdown_code, struct sched_shutdown,
          (current_domain()->shutdown_code = (uint8_t)op->reason, 0))
OPERATION(watchdog, struct sched_watchdog,
          guest_time_set_watchdog(current_domain(), op->id, op->timeout))
OPERATION(pin_override, struct sched_pin_override, schedule_pin(current_vcpu(), op->pcpu))

static const struct operation operations[] = {
    [SCHEDOP_block] = {run_block, 0, 0},
    [SCHEDOP_shutdown] = {run_shutdown, sizeof(struct sched_shutdown), 0},
    [SCHEDOP_poll] = {run_poll, sizeof(struct sched_poll), 0},
    [SCHEDOP_remote_shutdown] = {run_remote_shutdown, sizeof(struct sched_remote_shutdown), 0},
    [SCHEDOP_shutdown_code] = {run_shutdown_code, sizeof(struct sched_shutdown), 0},
    [SCHEDOP_watchdog] = {run_watchdog, sizeof(struct sched_watchdog), 0},
    [SCHEDOP_pin_override] = {run_pin_override, sizeof(struct sched_pin_override),
                              OPERATION_HARDWARE},
};

HYPERCALL_2(hc_sched_op, cmd, arg)
{
    /* The one that is called in loops. */
    if ((uint32_t)cmd == SCHEDOP_yield) {
        return run_yield(NULL);
    }
    return operation_run(operations, ARRAY_SIZE(operations), __HYPERVISOR_sched_op, cmd, arg);
}

HYPERCALL_2(hc_sched_op_compat, cmd, argument)
{
    struct sched_shutdown shutdown = {(unsigned int)argument};
    uint32_t index = (uint32_t)cmd;

    if (index == SCHEDOP_yield) {
        return run_yield(NULL);
    }
    return index <= SCHEDOP_shutdown ? operations[index].run(&shutdown) : -XEN_ENOSYS;
}

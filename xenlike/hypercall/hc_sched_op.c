/* SPDX-License-Identifier: MIT */
/*
 * sched_op(cmd, arg): give up the CPU, wait, end.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/sched_op.md. Read next: domain/schedule.c.
 */
#include <public/sched.h>

#include "../domain/guest_time.h"
#include "../domain/schedule.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

union request {
    struct sched_shutdown shutdown;
    struct sched_poll poll;
    struct sched_remote_shutdown remote_shutdown;
    struct sched_watchdog watchdog;
    struct sched_pin_override pin_override;
};

typedef int64_t sched_handler(const union request *request);

static int64_t sched_yield(const union request *request)
{
    (void)request;
    schedule_yield();
    return 0;
}

static int64_t sched_block(const union request *request)
{
    (void)request;
    schedule_block();
    return 0;
}

static int64_t sched_shutdown(const union request *request)
{
    domain_shutdown(current_domain(), (uint8_t)request->shutdown.reason);
    return 0;
}

static int64_t sched_poll(const union request *request)
{
    return schedule_poll(&request->poll);
}

static int64_t sched_remote_shutdown(const union request *request)
{
    struct domain *d = domain_get(request->remote_shutdown.domain_id);
    bool allowed = current_domain()->is_privileged && d != current_domain();

    if (d == NULL) {
        return -XEN_ESRCH;
    }
    if (allowed) {
        domain_shutdown(d, (uint8_t)request->remote_shutdown.reason);
    }
    domain_put(d);
    return allowed ? 0 : -XEN_EPERM;
}

static int64_t sched_shutdown_code(const union request *request)
{
    current_domain()->shutdown_code = (uint8_t)request->shutdown.reason;
    return 0;
}

static int64_t sched_watchdog(const union request *request)
{
    return guest_time_set_watchdog(current_domain(), request->watchdog.id,
                                   request->watchdog.timeout);
}

static int64_t sched_pin_override(const union request *request)
{
    return current_domain()->is_hardware ? schedule_pin(current_vcpu(), request->pin_override.pcpu)
                                         : -XEN_EPERM;
}

static const struct {
    sched_handler *handler;
    size_t size; /* of the argument */
} operations[] = {
    [SCHEDOP_yield] = {sched_yield, 0},
    [SCHEDOP_block] = {sched_block, 0},
    [SCHEDOP_shutdown] = {sched_shutdown, sizeof(struct sched_shutdown)},
    [SCHEDOP_poll] = {sched_poll, sizeof(struct sched_poll)},
    [SCHEDOP_remote_shutdown] = {sched_remote_shutdown, sizeof(struct sched_remote_shutdown)},
    [SCHEDOP_shutdown_code] = {sched_shutdown_code, sizeof(struct sched_shutdown)},
    [SCHEDOP_watchdog] = {sched_watchdog, sizeof(struct sched_watchdog)},
    [SCHEDOP_pin_override] = {sched_pin_override, sizeof(struct sched_pin_override)},
};

HYPERCALL_2(hc_sched_op, cmd, arg)
{
    uint32_t index = (uint32_t)cmd;
    union request request;

    if (index >= ARRAY_SIZE(operations)) {
        return -XEN_ENOSYS;
    }
    if (operations[index].size != 0 &&
        guest_access_read(&request, GVA(arg), operations[index].size) != 0) {
        return -XEN_EFAULT;
    }
    return operations[index].handler(&request);
}

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

typedef int64_t sched_handler(gva_t arg);

static int64_t sched_yield(gva_t arg)
{
    (void)arg;
    schedule_yield();
    return 0;
}

static int64_t sched_block(gva_t arg)
{
    (void)arg;
    schedule_block();
    return 0;
}

static int64_t sched_shutdown(gva_t arg)
{
    struct sched_shutdown request;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    domain_shutdown(current_domain(), (uint8_t)request.reason);
    return 0;
}

static int64_t sched_poll(gva_t arg)
{
    struct sched_poll request;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    return schedule_poll(&request);
}

static int64_t sched_remote_shutdown(gva_t arg)
{
    struct sched_remote_shutdown request;
    struct domain *d;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    d = domain_get(request.domain_id);
    if (d == NULL) {
        return -XEN_ESRCH;
    }
    if (!current_domain()->is_privileged || d == current_domain()) {
        domain_put(d);
        return -XEN_EPERM;
    }
    domain_shutdown(d, (uint8_t)request.reason);
    domain_put(d);
    return 0;
}

static int64_t sched_shutdown_code(gva_t arg)
{
    struct sched_shutdown request;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    current_domain()->shutdown_code = (uint8_t)request.reason;
    return 0;
}

static int64_t sched_watchdog(gva_t arg)
{
    struct sched_watchdog request;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    return guest_time_set_watchdog(current_domain(), request.id, request.timeout);
}

static int64_t sched_pin_override(gva_t arg)
{
    struct sched_pin_override request;

    if (!current_domain()->is_hardware) {
        return -XEN_EPERM;
    }
    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    return schedule_pin(current_vcpu(), request.pcpu);
}

static sched_handler *const handlers[] = {
    [SCHEDOP_yield] = sched_yield,
    [SCHEDOP_block] = sched_block,
    [SCHEDOP_shutdown] = sched_shutdown,
    [SCHEDOP_poll] = sched_poll,
    [SCHEDOP_remote_shutdown] = sched_remote_shutdown,
    [SCHEDOP_shutdown_code] = sched_shutdown_code,
    [SCHEDOP_watchdog] = sched_watchdog,
    [SCHEDOP_pin_override] = sched_pin_override,
};

int64_t hc_sched_op(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6)
{
    (void)a3, (void)a4, (void)a5, (void)a6;
    if ((uint32_t)cmd >= ARRAY_SIZE(handlers)) {
        return -XEN_ENOSYS;
    }
    return handlers[(uint32_t)cmd](GVA(arg));
}

/* SPDX-License-Identifier: MIT */
/*
 * sched_op_compat(cmd, argument): sched_op as the first kernels called it; a shutdown's reason is the argument itself.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/sched_op.md. Read next: hc_sched_op.c.
 */
#include <public/sched.h>

#include "../domain/schedule.h"
#include "hypercall.h"

int64_t hc_sched_op_compat(uint64_t cmd, uint64_t argument, uint64_t a3, uint64_t a4, uint64_t a5,
                           uint64_t a6)
{
    (void)a3, (void)a4, (void)a5, (void)a6;
    switch ((uint32_t)cmd) {
    case SCHEDOP_yield:
        schedule_yield();
        return 0;
    case SCHEDOP_block:
        schedule_block();
        return 0;
    case SCHEDOP_shutdown:
        domain_shutdown(current_domain(), (uint8_t)argument);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * sched_op_compat(cmd, argument): sched_op as the first kernels called it; a shutdown's reason is the argument itself.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/sched_op.md. Read next: hc_sched_op.c.
 */
#include <public/sched.h>

#include "../domain/schedule.h"
#include "hypercall.h"

HYPERCALL_2(hc_sched_op_compat, cmd, argument)
{
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

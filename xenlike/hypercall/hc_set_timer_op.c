/* SPDX-License-Identifier: MIT */
/*
 * set_timer_op(timeout): VIRQ_TIMER once, at a system time in ns; 0: not at all.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/set_timer_op.md. Read next: domain/guest_time.c.
 */
#include "../domain/guest_time.h"
#include "hypercall.h"

HYPERCALL_1(hc_set_timer_op, timeout_ns)
{
    guest_time_set_timer(current_vcpu(), timeout_ns);
    return 0;
}

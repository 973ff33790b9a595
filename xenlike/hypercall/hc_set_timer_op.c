/* SPDX-License-Identifier: MIT */
/*
 * set_timer_op(timeout): VIRQ_TIMER once, at a system time in ns; 0: not at all.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/set_timer_op.md. Read next: domain/guest_time.c.
 */
#include "../domain/guest_time.h"
#include "hypercall.h"

int64_t hc_set_timer_op(uint64_t timeout_ns, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                        uint64_t a6)
{
    (void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
    guest_time_set_timer(current_vcpu(), timeout_ns);
    return 0;
}

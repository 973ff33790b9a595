/* SPDX-License-Identifier: MIT */
/*
 * stack_switch(ss, sp): the stack on which the guest kernel is entered from user mode.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/stack_switch.md. Read next: domain/pv_traps.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

int64_t hc_stack_switch(uint64_t ss, uint64_t sp, uint64_t a3, uint64_t a4, uint64_t a5,
                        uint64_t a6)
{
    struct vcpu *v = current_vcpu();

    (void)a3, (void)a4, (void)a5, (void)a6;
    v->pv.kernel_ss = pv_fix_code_selector((uint16_t)ss);
    v->pv.kernel_sp = sp;
    return 0;
}

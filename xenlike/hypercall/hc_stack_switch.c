/* SPDX-License-Identifier: MIT */
/*
 * stack_switch(ss, sp): the stack on which the guest kernel is entered from user mode.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/stack_switch.md. Read next: domain/pv_traps.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

HYPERCALL_2(hc_stack_switch, ss, sp)
{
    struct vcpu *v = current_vcpu();

    v->pv.kernel_ss = pv_fix_code_selector((uint16_t)ss);
    v->pv.kernel_sp = sp;
    return 0;
}

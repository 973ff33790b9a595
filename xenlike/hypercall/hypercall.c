/* SPDX-License-Identifier: MIT */
/*
 * What the handlers share: continuation.
 *
 * Owns: nothing. Invariant: HC2 a continued call is executed again by the guest's own `syscall`, with arguments that name what is left.
 * Locks: none. Guest ABI: docs/abi/multicall.md. Read next: hc_multicall.c, hypercall_page.c.
 */
#include "hypercall.h"

#define SYSCALL_LENGTH 2 /* bytes of the instruction 0f 05 */

int64_t hypercall_continue(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                           uint64_t a5, uint64_t a6)
{
    struct vcpu *v = current_vcpu();

    if (v->in_multicall) {
        v->multicall_call = (struct multicall_entry){.op = nr, .args = {a1, a2, a3, a4, a5, a6}};
        v->multicall_preempted = true;
        return 0;
    }
    v->regs.rip -= SYSCALL_LENGTH;
    v->regs.rdi = a1;
    v->regs.rsi = a2;
    v->regs.rdx = a3;
    v->regs.r10 = a4;
    v->regs.r8 = a5;
    v->regs.r9 = a6;
    return (int64_t)nr;
}

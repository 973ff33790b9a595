/* SPDX-License-Identifier: MIT */
/*
 * What the handlers share: continuation, and the page of stubs that older kernels call through.
 *
 * Owns: nothing. Invariant: HC2 a continued call is executed again by the guest's own `syscall`, with arguments that name what is left.
 * Locks: none. Guest ABI: docs/abi/multicall.md. Read next: hc_multicall.c.
 */
#include "hypercall.h"

#include "../lib/string.h"

#define SYSCALL_LENGTH 2 /* bytes of the instruction 0f 05 */
#define STUB_SIZE      32

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

void hypercall_page_fill(void *page)
{
    /* mov $nr,%eax; syscall; ret: the processor's own rcx and r11 are the caller's to lose, but C callers
     * of the stubs expect them kept. */
    static const uint8_t plain[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                                    0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    static const uint8_t iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 0, 0, 0, 0, 0x0f, 0x05};
    uint8_t *stub = page;

    memset(page, 0xcc, PAGE_SIZE);
    for (uint32_t nr = 0; nr < PAGE_SIZE / STUB_SIZE; nr++, stub += STUB_SIZE) {
        if (nr == __HYPERVISOR_iret) {
            memcpy(stub, iret, sizeof(iret));
            stub[5] = (uint8_t)nr;
        } else {
            memcpy(stub, plain, sizeof(plain));
            stub[4] = (uint8_t)nr;
        }
    }
}

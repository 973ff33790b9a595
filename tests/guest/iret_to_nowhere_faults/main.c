/* SPDX-License-Identifier: MIT */
/*
 * A frame with a non-canonical rip: the processor refuses it in the hypervisor, and the guest gets its own #GP, with its registers.
 *
 * Expect: general protection[\s\S]*rip 800000000000
 * Xen: no
 */
#include <stdint.h>
#include <public/xen.h>

int main(void)
{
    static char stack[4096];
    uint64_t frame[] = {
        0,     0, 0, 0, UINT64_C(0x800000000000), 0xe030, 0x202, (uint64_t)(stack + sizeof(stack)),
        0xe02b};

    __asm__ volatile("mov %0, %%rsp\n\t"
                     "syscall"
                     :
                     : "r"(frame), "a"(__HYPERVISOR_iret), "m"(frame));
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret with a stack that cannot be read, here in the hypervisor's own half: the guest ends, and the reason says where.
 *
 * Expect: iret: its frame cannot be read at ffff830000000000
 * Xen: no
 */
#include <public/xen.h>

int main(void)
{
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "syscall"
                     :
                     : "r"(0xffff830000000000ul), "a"(__HYPERVISOR_iret));
    return 0;
}

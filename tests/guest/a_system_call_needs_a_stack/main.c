/* SPDX-License-Identifier: MIT */
/*
 * User mode on the kernel's base makes a system call while the kernel's stack is not mapped: the guest ends with that reason.
 *
 * Expect: system call at rip [0-9a-f]+: its frame cannot be stored at 7ff000fc8
 * Xen: no
 */
#include <stdint.h>
#include <public/callback.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/start.h>

int main(void)
{
    struct callback_register callback = {.type = CALLBACKTYPE_syscall, .address = (uintptr_t)main};
    struct mmuext_op base = {.cmd = MMUEXT_NEW_USER_BASEPTR};
    static char stack[4096];
    uint64_t frame[] = {0, 0, 0, 0, 0, 0xe033, 0x202, (uint64_t)(stack + sizeof(stack)), 0xe02b};

    base.arg1.mfn = memory_mfn_of((const void *)start_information()->pt_base);
    if (hypercall_mmuext_op(&base, 1, NULL, DOMID_SELF) != 0 ||
        hypercall_callback_op(CALLBACKOP_register, &callback) != 0 ||
        hypercall_stack_switch(0xe02b, 0x7ff001000) != 0) {
        return 1;
    }
    __asm__ volatile("lea 1f(%%rip), %%rax\n\t"
                     "mov %%rax, 32(%0)\n\t"
                     "mov %0, %%rsp\n\t"
                     "mov %1, %%eax\n\t"
                     "syscall\n"
                     "1: syscall"
                     :
                     : "r"(frame), "i"(__HYPERVISOR_iret)
                     : "rax", "memory");
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Numbers that assembly needs from C; build.mk turns the lines "@@ NAME VALUE" into offsets.h. */
#include "../domain/domain.h"
#include "entry.h"
#include "percpu.h"

#define EMIT(name, value)  __asm__ volatile("\n.ascii \"@@ " #name " %c0\"" : : "i"((long)(value)))
#define VCPU(name, field)  EMIT(VCPU_##name, offsetof(struct vcpu, field))
#define LOCAL(name, field) EMIT(CPU_##name, offsetof(struct cpu_local, field))

/* Hardware aligns the stack to 16 bytes before it pushes; RSP0 must not move by that. */
_Static_assert(offsetof(struct vcpu, regs.es) % 16 == 0, "the register area ends aligned");
_Static_assert(sizeof(struct cpu_local) % 16 == 0, "the main stack's top is aligned");

void offsets(void);
void offsets(void)
{
    VCPU(REGS, regs);
    VCPU(RAX, regs.rax);
    VCPU(RBX, regs.rbx);
    VCPU(RDI, regs.rdi);
    VCPU(RSI, regs.rsi);
    VCPU(RDX, regs.rdx);
    VCPU(R8, regs.r8);
    VCPU(R9, regs.r9);
    VCPU(R10, regs.r10);
    VCPU(RBP, regs.rbp);
    VCPU(RCX, regs.rcx);
    VCPU(R11, regs.r11);
    VCPU(R12, regs.r12);
    VCPU(R13, regs.r13);
    VCPU(R14, regs.r14);
    VCPU(R15, regs.r15);
    VCPU(CS, regs.cs);
    VCPU(SS, regs.ss);
    VCPU(DOMAIN, domain);
    VCPU(KERNEL_BASE, kernel_base);
    VCPU(USER_BASE, user_base);
    VCPU(KERNEL_SP, pv.kernel_sp);
    VCPU(SYSCALL_CALLBACK, pv.syscall.address);
    VCPU(SYSCALL_MASKS, pv.syscall.mask_events);
    VCPU(IN_NMI, pv.in_nmi);
    VCPU(TRAPS, pv.traps);
    EMIT(TRAP_PAGE_FAULT, 14 * sizeof(struct guest_trap) + offsetof(struct guest_trap, address));
    EMIT(TRAP_PAGE_FAULT_MASKS,
         14 * sizeof(struct guest_trap) + offsetof(struct guest_trap, mask_events));
    EMIT(INFO_CR2, offsetof(struct vcpu_info, arch.cr2));
    EMIT(VM_ASSIST_PAGE_TABLES, 1 << VMASST_TYPE_writable_pagetables);
    VCPU(ERROR, regs.error_code);
    VCPU(VECTOR, regs.entry_vector);
    VCPU(RIP, regs.rip);
    VCPU(RFLAGS, regs.rflags);
    VCPU(RSP, regs.rsp);
    VCPU(END, regs.es);
    VCPU(CPU_STACK, cpu_stack);
    VCPU(IN_KERNEL, pv.in_kernel);
    VCPU(INFO, info);
    LOCAL(CURRENT, current);
    LOCAL(CALL_TABLE, call_table);
    LOCAL(REGISTER_END, register_end);
    LOCAL(GUEST_RSP, guest_rsp);
    LOCAL(SYSCALL_TARGET, syscall_target);
    LOCAL(COMPAT_TARGET, compat_target);
    LOCAL(WORK, work);
    EMIT(DOMAIN_VM_ASSIST, offsetof(struct domain, vm_assist));
    EMIT(VM_ASSIST_IOPL, 1 << VMASST_TYPE_architectural_iopl);
    EMIT(CPU_LOCAL_SIZE, sizeof(struct cpu_local));
    EMIT(CPU_BLOCK_MASK, CPU_BLOCK_SIZE - 1);
    EMIT(STUB_TO_LOCAL, PERCPU_STACK + CPU_BLOCK_SIZE - sizeof(struct cpu_local) - PERCPU_STUB);
}

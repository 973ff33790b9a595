/* SPDX-License-Identifier: MIT */
/*
 * Back from the guest kernel: the iret hypercall, and the change between the guest's two modes.
 *
 * Owns: pv.in_kernel. Invariant: RT1 whatever the frame says, what is resumed runs in ring 3 with IOPL 0 and interrupts on.
 * Locks: none; the running vCPU. Guest ABI: docs/abi/iret.md. Read next: cpu/entry.S.
 */
#include "../lib/x86.h"
#include "../mm/guest_access.h"
#include "pv.h"

void pv_toggle_mode(struct vcpu *v)
{
    v->pv.in_kernel = !v->pv.in_kernel;
    machine_swap_gs();
    machine_load_base(v->pv.in_kernel ? v->kernel_base : v->user_base, false);
}

int64_t pv_iret(struct vcpu *v)
{
    /* LAB(2): what the guest's iret frame may set, and what it may not: registers, selectors, flags, the mode */
    struct cpu_user_regs *regs = &v->regs;
    struct iret_context frame;

    if (unlikely(guest_access_read(&frame, GVA(regs->rsp), sizeof(frame)) != 0)) {
        domain_crash(v->domain, "iret: its frame cannot be read at %lx", (unsigned long)regs->rsp);
        return 0;
    }
    if ((frame.cs & 3) == 3) {
        if (unlikely(!mfn_valid_value(v->user_base))) {
            domain_crash(v->domain, "iret to user mode at rip %lx without a user base",
                         (unsigned long)frame.rip);
            return 0;
        }
        pv_toggle_mode(v);
    }
    if ((v->domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl)) != 0) {
        v->pv.iopl = (uint8_t)(frame.rflags >> 12 & 3);
    }
    regs->rip = frame.rip;
    regs->cs = (uint16_t)(frame.cs | 3);
    regs->rflags = (frame.rflags & RFLAGS_VALID & ~RFLAGS_IOPL) | RFLAGS_IF | RFLAGS_FIXED;
    regs->rsp = frame.rsp;
    regs->ss = (uint16_t)(frame.ss | 3);
    /* The short way back loads the flat selectors and loses rcx and r11. */
    if ((frame.flags & VGCF_in_syscall) != 0 && regs->cs == FLAT_USER_CS64 &&
        regs->ss == FLAT_USER_SS64 && address_is_canonical(frame.rip)) {
        regs->entry_vector = ENTRY_SYSCALL;
    } else {
        regs->entry_vector = 0;
        regs->r11 = frame.r11;
        regs->rcx = frame.rcx;
    }
    regs->rax = frame.rax;
    v->pv.in_nmi = false;
    /* T7: the mask follows IF; the mask byte beside cs was for the kernel to look at. */
    WRITE_ONCE(v->info->evtchn_upcall_mask, (frame.rflags & RFLAGS_IF) == 0);
    return (int64_t)frame.rax;
    /* END LAB(2) */
}

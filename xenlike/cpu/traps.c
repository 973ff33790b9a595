/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts, once entry.S has saved the registers.
 *
 * From a guest: the FPU's first use is ours, the rest is the paravirtual CPU's (domain/pv_traps.c). From the hypervisor: a fault
 * at an instruction of the exception table goes on at its fix-up; any other is our bug. Read next: entry.S, panic.c.
 */
#include "../domain/pv.h"
#include "entry.h"
#include "fpu.h"
#include "irq.h"
#include "panic.h"
#include "percpu.h"
#include "registers.h"

#define NR_EXCEPTIONS 32

void traps_from_guest(struct vcpu *v)
{
    uint32_t vector = v->regs.entry_vector;

    if (vector >= NR_EXCEPTIONS) {
        irq_dispatch(vector);
    } else if (vector == VECTOR_PF) {
        pv_trap(v, vector, read_cr2());
    } else if (vector == VECTOR_DB) {
        pv_trap(v, vector, read_debug_status());
    } else if (vector != VECTOR_NM || !fpu_first_use(v)) {
        pv_trap(v, vector, 0);
    }
}

/* The guest's frame, already in regs, was one that iretq refuses: its kernel gets the fault, as if at that place. */
void traps_iret_faulted(struct vcpu *v)
{
    pv_deliver_exception(v, v->regs.entry_vector, true, v->regs.error_code);
}

/* entry.S stored part of a frame, then the guest's stack faulted. */
void traps_frame_lost(struct vcpu *v)
{
    domain_crash(v->domain, "#PF at rip %lx: its frame cannot be stored",
                 (unsigned long)v->regs.rip);
}

/* syscall in 32-bit code: to the guest's callback for it, or #UD as on a processor without. */
void traps_syscall_compat(struct vcpu *v)
{
    pv_deliver_syscall(v); /* regs.cs says which kind */
}

static bool fix_up(struct cpu_user_regs *regs)
{
    for (const struct exception_fixup *entry = exception_table_start; entry < exception_table_end;
         entry++) {
        uint64_t instruction =
            (uint64_t)&entry->instruction + (uint64_t)(int64_t)entry->instruction;

        if (instruction == regs->rip) {
            regs->rip = (uint64_t)&entry->continuation + (uint64_t)(int64_t)entry->continuation;
            return true;
        }
    }
    return false;
}

void traps_from_hypervisor(struct cpu_user_regs *regs)
{
    if (regs->entry_vector >= NR_EXCEPTIONS) {
        irq_dispatch(regs->entry_vector); /* idle */
        return;
    }
    /* A guest can make one pend over its syscall instruction; here it means nothing. */
    if (regs->entry_vector == VECTOR_DB) {
        (void)read_debug_status(); /* nor to the next one, which may be a guest's own */
        return;
    }
    if (fix_up(regs)) {
        return;
    }
    panic_registers(regs, read_cr2());
}

void traps_nmi(struct cpu_user_regs *regs)
{
    if (regs->entry_vector == VECTOR_NMI) {
        __atomic_or_fetch(&cpu_local()->work, WORK_NMI, __ATOMIC_RELAXED);
        return;
    }
    panic_registers(regs, read_cr2());
}

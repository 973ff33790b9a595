/* SPDX-License-Identifier: MIT */
/*
 * Into the guest kernel: an exception, an event or a system call becomes a frame on the guest's stack.
 *
 * The frame, upwards from the new rsp: rcx, r11, [ds, es, fs, gs], [error code], rip, cs and the old event mask, rflags, rsp, ss.
 * Owns: nothing. Invariant: BF1 (abi T7) the event callback masks events always, the others as registered; BF2 (T8) flags are
 * cleared in what is resumed, never in the frame; BF3 an entry that was not registered crashes the domain, it is never jumped to.
 * Locks: none; the running vCPU. Guest ABI: docs/abi/frames.md. Read next: pv_return.c.
 */
#include "../lib/x86.h"
#include "../mm/guest_access.h"
#include "../mm/page_table.h"
#include "../observe/debugger.h"
#include "pv.h"
#include "schedule.h"

/* Vectors whose frame holds an error code: 8, 10 to 14, 17, 21. */
#define HAS_ERROR_CODE UINT32_C(0x00227d00)

#define PF_PRESENT UINT32_C(1)
#define PF_WRITE   UINT32_C(2)
#define PF_USER    UINT32_C(4)

#define CS_MASK_SHIFT 32 /* where the cs slot of a frame holds the old event mask */

#define FRAME_WORDS 12

struct bounce {
    const char *what; /* for the reason of a crash */
    struct guest_callback entry;
    bool has_error_code;
    uint32_t error_code;
    const uint16_t *selectors; /* ds, es, fs, gs; NULL: not in this frame */
    uint64_t clear_flags;      /* beyond the usual ones */
};

/* Words of the frame into a buffer, lowest address first; how many. */
static uint32_t frame_fill(uint64_t frame[FRAME_WORDS], const struct vcpu *v,
                           const struct bounce *bounce, bool from_kernel)
{
    /* LAB(2): the words of a bounce frame, from the stack pointer up: how many there are is the result
     * Skeleton: lab_todo("a bounce frame"); return 0; */
    const struct cpu_user_regs *regs = &v->regs;
    uint8_t mask = READ_ONCE(v->info->evtchn_upcall_mask);
    uint64_t rflags = regs->rflags & ~(RFLAGS_IF | RFLAGS_IOPL);
    uint32_t n = 0;

    if (mask == 0) {
        rflags |= RFLAGS_IF;
    }
    if ((v->domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl)) != 0) {
        rflags |= (uint64_t)v->pv.iopl << 12;
    }
    frame[n++] = regs->rcx;
    frame[n++] = regs->r11;
    for (uint32_t i = 0; bounce->selectors != NULL && i < 4; i++) {
        frame[n++] = bounce->selectors[i];
    }
    if (bounce->has_error_code) {
        frame[n++] = bounce->error_code;
    }
    frame[n++] = regs->rip;
    frame[n++] = (from_kernel ? regs->cs & ~UINT64_C(3) : regs->cs) | (uint64_t)mask
                                                                          << CS_MASK_SHIFT;
    frame[n++] = rflags;
    frame[n++] = regs->rsp;
    frame[n++] = regs->ss;
    return n;
    /* END LAB(2) */
}

static void bounce_to(struct vcpu *v, const struct bounce *bounce)
{
    struct cpu_user_regs *regs = &v->regs;
    uint64_t frame[FRAME_WORDS], stack;
    bool from_kernel = v->pv.in_kernel;

    if (unlikely(bounce->entry.address == 0)) {
        domain_crash(v->domain, "%s at rip %lx, and the kernel registered no handler", bounce->what,
                     (unsigned long)regs->rip);
        return;
    }
    uint32_t words = frame_fill(frame, v, bounce, from_kernel);
    stack = regs->rsp;
    if (!from_kernel) {
        pv_toggle_mode(v);
        stack = v->pv.kernel_sp;
    }
    stack = (stack & ~UINT64_C(15)) - words * sizeof(frame[0]);
    if (unlikely(guest_access_write(GVA(stack), frame, words * sizeof(frame[0])) != 0)) {
        domain_crash(v->domain, "%s at rip %lx: its frame cannot be stored at %lx", bounce->what,
                     (unsigned long)regs->rip, (unsigned long)stack);
        return;
    }
    if (bounce->entry.mask_events) {
        WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
    }
    regs->rflags &=
        ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC | bounce->clear_flags);
    regs->rip = bounce->entry.address;
    regs->rsp = stack;
    regs->cs = FLAT_KERNEL_CS64;
    regs->ss = FLAT_KERNEL_SS64;
    regs->entry_vector = ENTRY_SYSCALL; /* rcx and r11 are in the frame */
}

void pv_deliver_exception(struct vcpu *v, uint32_t vector, bool has_error_code, uint32_t error_code)
{
    /* LAB(2): let the guest's handler of this vector run next: without one the domain crashes
     * Skeleton: lab_todo("deliver an exception"); domain_crash(v->domain, "exceptions are not delivered yet"); */
    static const char *const names[] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR",          "#UD", "#NM", "#DF", "exception 9",
        "#TS", "#NP", "#SS", "#GP", "#PF", "exception 15", "#MF", "#AC", "#MC", "#XM",
    };
    struct bounce bounce = {
        .what = vector < ARRAY_SIZE(names) ? names[vector] : "interrupt",
        .has_error_code = has_error_code,
        .error_code = error_code,
    };

    if (v->pv.traps != NULL) {
        bounce.entry.address = v->pv.traps[vector & 0xff].address;
        bounce.entry.mask_events = v->pv.traps[vector & 0xff].mask_events;
    }
    bounce_to(v, &bounce);
    /* END LAB(2) */
}

void pv_deliver_page_fault(struct vcpu *v, uint64_t address, uint32_t error_code)
{
    v->info->arch.cr2 = address;
    error_code = v->pv.in_kernel ? error_code & ~PF_USER : error_code | PF_USER;
    if (unlikely(v->pv.traps == NULL || v->pv.traps[VECTOR_PF].address == 0)) {
        domain_crash(v->domain,
                     "#PF at rip %lx, address %lx, error %x, and the kernel registered no handler",
                     (unsigned long)v->regs.rip, (unsigned long)address, error_code);
        return;
    }
    pv_deliver_exception(v, VECTOR_PF, true, error_code);
}

void pv_deliver_event(struct vcpu *v)
{
    struct bounce bounce = {.what = "event", .entry = {v->pv.event.address, true}};

    bounce_to(v, &bounce);
}

void pv_deliver_failsafe(struct vcpu *v, const uint16_t selectors[4])
{
    struct bounce bounce = {
        .what = "failed segment load", .entry = v->pv.failsafe, .selectors = selectors};

    bounce_to(v, &bounce);
}

void pv_deliver_syscall(struct vcpu *v)
{
    bool is_compat = v->regs.cs != FLAT_USER_CS64;
    struct bounce bounce = {
        .what = "system call",
        .entry = is_compat ? v->pv.syscall32 : v->pv.syscall,
        .clear_flags = RFLAGS_DF,
    };

    if (bounce.entry.address == 0) {
        v->regs.rip -= 2; /* a kernel that takes no system calls: the instruction does not exist */
        pv_deliver_exception(v, VECTOR_UD, false, 0);
        return;
    }
    bounce_to(v, &bounce);
}

void pv_raise_nmi(struct vcpu *v)
{
    if (v->pv.traps == NULL || v->pv.traps[VECTOR_NMI].address == 0) {
        return;
    }
    __atomic_store_n(&v->pv.nmi_pending, true, __ATOMIC_SEQ_CST);
    __atomic_fetch_and(&v->pause_flags, ~(VCPU_BLOCKED | VCPU_POLLING), __ATOMIC_SEQ_CST);
    schedule_wake(v);
    machine_kick(v->processor);
}

/* `int n` with a gate that hardware does not let ring 3 use. */
static bool software_interrupt(struct vcpu *v, uint32_t error_code)
{
    uint8_t code[2];

    /* Bit 1: the error code names the interrupt table. Its vector is not to be trusted (abi 1.3 b); the instruction is. */
    if ((error_code & 2) == 0 || v->pv.traps == NULL ||
        guest_access_read(code, GVA(v->regs.rip), sizeof(code)) != 0 || code[0] != 0xcd) {
        return false;
    }
    const struct guest_trap *trap = &v->pv.traps[code[1]];
    if (trap->address == 0 || trap->dpl < pv_ring(v)) {
        return false;
    }
    v->regs.rip += sizeof(code);
    pv_deliver_exception(v, code[1], false, 0);
    return true;
}

/* Vectors that are not simply delivered. True: nothing is left to deliver. fault_address: DR6 for #DB. */
typedef bool trap_handler(struct vcpu *v, uint32_t vector, uint64_t fault_address);

static bool trap_debug(struct vcpu *v, uint32_t vector, uint64_t debug_status)
{
    if (vector == VECTOR_DB) {
        v->pv.debug_registers[6] |= debug_status & 0xe00f;
    }
    return debugger_takes(v, vector);
}

static bool trap_invalid_opcode(struct vcpu *v, uint32_t vector, uint64_t fault_address)
{
    return pv_emulate_forced_cpuid(v);
}

static bool trap_no_fpu(struct vcpu *v, uint32_t vector, uint64_t fault_address)
{
    pv_set_task_switched(v, false); /* the kernel restores its task's state and retries */
    return false;
}

static bool trap_protection(struct vcpu *v, uint32_t vector, uint64_t fault_address)
{
    uint32_t error_code = v->regs.error_code;

    return error_code == 0 ? pv_emulate_privileged(v) : software_interrupt(v, error_code);
}

static bool trap_page_fault(struct vcpu *v, uint32_t vector, uint64_t fault_address)
{
    uint32_t error_code = v->regs.error_code;

    if ((error_code & (PF_PRESENT | PF_WRITE)) != (PF_PRESENT | PF_WRITE) || !v->pv.in_kernel ||
        (v->domain->vm_assist & (1u << VMASST_TYPE_writable_pagetables)) == 0 ||
        !page_table_emulate_store(v, GVA(fault_address))) {
        pv_deliver_page_fault(v, fault_address, error_code);
    }
    return true;
}

static trap_handler *const trap_handlers[32] = {
    [VECTOR_DB] = trap_debug,  [VECTOR_BP] = trap_debug,      [VECTOR_UD] = trap_invalid_opcode,
    [VECTOR_NM] = trap_no_fpu, [VECTOR_GP] = trap_protection, [VECTOR_PF] = trap_page_fault,
};

void pv_trap(struct vcpu *v, uint32_t vector, uint64_t fault_address)
{
    trap_handler *handler = vector < ARRAY_SIZE(trap_handlers) ? trap_handlers[vector] : NULL;

    if (handler == NULL || !handler(v, vector, fault_address)) {
        pv_deliver_exception(v, vector, vector < 32 && ((HAS_ERROR_CODE >> vector) & 1) != 0,
                             v->regs.error_code);
    }
}

bool pv_deliver_pending_nmi(struct vcpu *v)
{
    if (!v->pv.nmi_pending || v->pv.in_nmi || v->pv.traps == NULL) {
        return false;
    }
    v->pv.nmi_pending = false;
    v->pv.in_nmi = true;
    pv_deliver_exception(v, VECTOR_NMI, false, 0);
    return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * The state of a paravirtual vCPU as a whole: given to a new one, read from a stopped one; trap table and callbacks.
 *
 * Owns: pv.traps, the callbacks, kernel_ss, kernel_sp. Invariant: CX1 a context is refused before anything of it is kept, but for
 * descriptor frames and base tables, which are put back.
 * Locks: none; the vCPU does not run. Guest ABI: docs/abi/vcpu_op.md. Read next: pv_segments.c.
 */
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/page_table.h"
#include "pv_internal.h"

#define NR_TRAPS 256

void pv_vcpu_init(struct vcpu *v)
{
    for (uint32_t i = 0; i < GUEST_GDT_FRAMES; i++) {
        v->pv.gdt_frames[i] = INVALID_MFN;
    }
    for (uint32_t i = 0; i < GUEST_LDT_FRAMES; i++) {
        v->pv.ldt_frames[i] = INVALID_MFN;
    }
    v->pv.kernel_ss = FLAT_KERNEL_SS64;
    v->pv.debug_registers[6] = 0xffff0ff0;
    v->pv.debug_registers[7] = 0x400;
    v->pv.cr4 = CR4_OSXSAVE & pv_cr4_allowed();
    v->xcr0 = XCR0_X87;
}

void pv_vcpu_relinquish(struct vcpu *v)
{
    pv_segments_relinquish(v);
    hv_free(v->pv.traps);
    v->pv.traps = NULL;
}

/* --- Trap table and callbacks ---------------------------------------------------------------------- */

void pv_clear_traps(struct vcpu *v)
{
    if (v->pv.traps != NULL) {
        memset(v->pv.traps, 0, NR_TRAPS * sizeof(v->pv.traps[0]));
    }
}

int pv_set_trap(struct vcpu *v, const struct trap_info *trap)
{
    if (!address_is_canonical(trap->address)) {
        return -XEN_EINVAL;
    }
    if (v->pv.traps == NULL) {
        v->pv.traps = hv_alloc(NR_TRAPS * sizeof(v->pv.traps[0]));
        if (v->pv.traps == NULL) {
            return -XEN_ENOMEM;
        }
    }
    v->pv.traps[trap->vector] = (struct guest_trap){
        .address = trap->address,
        .cs = pv_fix_code_selector(trap->cs),
        .dpl = TI_GET_DPL(trap),
        .mask_events = TI_GET_IF(trap) != 0,
    };
    return 0;
}

#define VECTOR_NMI        2
#define TRAP_MASKS_EVENTS 4 /* in trap_info.flags */

/* Where each type is kept in struct pv_vcpu; 0: not a type one can register. */
#define PLACE(member) (offsetof(struct pv_vcpu, member))
static const size_t callback_places[] = {
    [CALLBACKTYPE_event] = PLACE(event),         [CALLBACKTYPE_failsafe] = PLACE(failsafe),
    [CALLBACKTYPE_syscall] = PLACE(syscall),     [CALLBACKTYPE_sysenter] = PLACE(sysenter),
    [CALLBACKTYPE_syscall32] = PLACE(syscall32),
};

int pv_register_callback(struct vcpu *v, uint16_t type, uint16_t flags, uint64_t address)
{
    if (!address_is_canonical(address) || type == CALLBACKTYPE_sysenter_deprecated) {
        return -XEN_EINVAL;
    }
    if (type == CALLBACKTYPE_nmi) { /* another way to set the trap */
        return pv_set_trap(v, &(struct trap_info){.vector = VECTOR_NMI,
                                                  .flags = TRAP_MASKS_EVENTS,
                                                  .cs = FLAT_KERNEL_CS64,
                                                  .address = address});
    }
    if (type >= ARRAY_SIZE(callback_places) || callback_places[type] == 0) {
        return -XEN_ENOSYS;
    }
    struct guest_callback *callback =
        (struct guest_callback *)((char *)&v->pv + callback_places[type]);
    callback->address = address;
    callback->mask_events = (flags & CALLBACKF_mask_events) != 0;
    return 0;
}

int pv_unregister_callback(struct vcpu *v, uint16_t type)
{
    if (type == CALLBACKTYPE_nmi) {
        if (v->pv.traps != NULL) {
            v->pv.traps[VECTOR_NMI].address = 0;
        }
        return 0;
    }
    if (type == CALLBACKTYPE_sysenter_deprecated ||
        (type < ARRAY_SIZE(callback_places) && callback_places[type] != 0)) {
        return -XEN_EINVAL;
    }
    return -XEN_ENOSYS;
}

/* --- Whole contexts ---------------------------------------------------------------------------------- */

static bool addresses_ok(const struct vcpu_guest_context *context)
{
    const uint64_t addresses[] = {
        context->event_callback_eip,   context->failsafe_callback_eip,
        context->syscall_callback_eip, context->fs_base,
        context->gs_base_kernel,       context->gs_base_user,
    };

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        if (!address_is_canonical(addresses[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < NR_TRAPS; i++) {
        if (!address_is_canonical(context->trap_ctxt[i].address)) {
            return false;
        }
    }
    return (context->user_regs.cs != 0) && address_is_canonical(context->user_regs.rip);
}

static int set_traps(struct vcpu *v, const struct vcpu_guest_context *context)
{
    pv_clear_traps(v);
    for (uint32_t i = 0; i < NR_TRAPS; i++) {
        struct trap_info trap = context->trap_ctxt[i];

        trap.vector = (uint8_t)i;
        if (trap.address != 0 && pv_set_trap(v, &trap) != 0) {
            return -XEN_ENOMEM;
        }
    }
    return 0;
}

static void set_registers(struct vcpu *v, const struct vcpu_guest_context *context)
{
    v->regs = context->user_regs;
    v->pv.iopl = (uint8_t)(context->user_regs.rflags >> 12 & 3);
    v->regs.rflags = (v->regs.rflags & RFLAGS_VALID & ~RFLAGS_IOPL) | RFLAGS_IF | RFLAGS_FIXED;
    v->regs.cs = pv_fix_code_selector(v->regs.cs);
    v->regs.ss = pv_fix_code_selector(v->regs.ss);
    v->regs.entry_vector = 0;
    v->regs.error_code = 0;
    v->pv.in_kernel = (context->flags & VGCF_in_kernel) != 0;
    v->pv.kernel_ss = pv_fix_code_selector((uint16_t)context->kernel_ss);
    v->pv.kernel_sp = context->kernel_sp;
    v->pv.fs_base = context->fs_base;
    v->pv.gs_base_kernel = context->gs_base_kernel;
    v->pv.gs_base_user = context->gs_base_user;
}

static void set_callbacks(struct vcpu *v, const struct vcpu_guest_context *context)
{
    uint64_t flags = context->flags;

    v->pv.event = (struct guest_callback){context->event_callback_eip, true};
    v->pv.failsafe = (struct guest_callback){context->failsafe_callback_eip,
                                             (flags & VGCF_failsafe_disables_events) != 0};
    v->pv.syscall = (struct guest_callback){context->syscall_callback_eip,
                                            (flags & VGCF_syscall_disables_events) != 0};
}

static void set_control(struct vcpu *v, const struct vcpu_guest_context *context)
{
    v->pv.task_switched = (context->ctrlreg[0] & 8) != 0;
    v->pv.cr4 = (context->ctrlreg[4] | CR4_OSXSAVE) & pv_cr4_allowed();
    for (uint32_t i = 0; i < 8; i++) {
        /* A register that is refused keeps its reset value. */
        (void)pv_set_debug_register(v, i, context->debugreg[i]);
    }
    if (v->id == 0) {
        v->domain->vm_assist = context->vm_assist & ((1u << VMASST_TYPE_writable_pagetables) |
                                                     (1u << VMASST_TYPE_architectural_iopl) |
                                                     (1u << VMASST_TYPE_runstate_update_flag));
    }
}

/* Base tables: each -EINVAL, -EBUSY or -ERESTART of the page-table code. */
static int set_bases(struct vcpu *v, const struct vcpu_guest_context *context)
{
    int error = page_table_set_kernel_base(v, MFN(xen_cr3_to_pfn(context->ctrlreg[3])));

    if (error == 0 && context->ctrlreg[1] != 0) {
        error = page_table_set_user_base(v, MFN(xen_cr3_to_pfn(context->ctrlreg[1])));
    }
    return error;
}

int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *context)
{
    if (v == current_vcpu()) {
        return -XEN_EINVAL;
    }
    if (!addresses_ok(context) || context->gdt_ents > FIRST_RESERVED_GDT_ENTRY ||
        context->ldt_ents > GUEST_LDT_MAX ||
        ((context->flags & VGCF_in_kernel) == 0 && context->ctrlreg[1] == 0)) {
        return -XEN_EINVAL;
    }
    int error = set_traps(v, context);
    if (error == 0) {
        error = pv_set_gdt(v, context->gdt_frames, (uint32_t)context->gdt_ents);
    }
    if (error == 0) {
        error = set_bases(v, context);
    }
    if (error == 0) {
        error = pv_set_ldt(v, GVA(context->ldt_base), (uint32_t)context->ldt_ents);
    }
    if (error == 0 && (context->flags & VGCF_i387_valid) != 0) {
        error = machine_set_fpu(v, (const uint8_t *)&context->fpu_ctxt);
    }
    if (error != 0) {
        return error;
    }
    set_registers(v, context);
    set_callbacks(v, context);
    set_control(v, context);
    v->initialised = true;
    if ((context->flags & VGCF_online) != 0) {
        __atomic_fetch_and(&v->pause_flags, ~VCPU_DOWN, __ATOMIC_SEQ_CST);
    } else {
        __atomic_fetch_or(&v->pause_flags, VCPU_DOWN, __ATOMIC_SEQ_CST);
    }
    return 0;
}

static void get_flags(const struct vcpu *v, struct vcpu_guest_context *context)
{
    context->flags =
        (v->pv.in_kernel ? (unsigned long)VGCF_in_kernel : 0) |
        (v->pv.failsafe.mask_events ? (unsigned long)VGCF_failsafe_disables_events : 0) |
        (v->pv.syscall.mask_events ? (unsigned long)VGCF_syscall_disables_events : 0) |
        ((v->pause_flags & VCPU_DOWN) == 0 ? (unsigned long)VGCF_online : 0);
}

void vcpu_get_context(const struct vcpu *v, struct vcpu_guest_context *context)
{
    memset(context, 0, sizeof(*context));
    get_flags(v, context);
    if (machine_get_fpu(v, (uint8_t *)&context->fpu_ctxt)) {
        context->flags |= VGCF_i387_valid;
    }
    context->user_regs = v->regs;
    context->user_regs.rflags |= (uint64_t)v->pv.iopl << 12;
    for (uint32_t i = 0; v->pv.traps != NULL && i < NR_TRAPS; i++) {
        const struct guest_trap *trap = &v->pv.traps[i];

        context->trap_ctxt[i] = (struct trap_info){
            .vector = (uint8_t)i,
            .flags = (uint8_t)(trap->dpl | (trap->mask_events ? 4 : 0)),
            .cs = trap->cs,
            .address = trap->address,
        };
    }
    for (uint32_t i = 0; i < GUEST_GDT_FRAMES; i++) {
        context->gdt_frames[i] = mfn_valid_value(v->pv.gdt_frames[i]) ? v->pv.gdt_frames[i].n : 0;
    }
    context->gdt_ents = v->pv.gdt_entries;
    context->ldt_base = v->pv.ldt_base;
    context->ldt_ents = v->pv.ldt_entries;
    context->kernel_ss = v->pv.kernel_ss;
    context->kernel_sp = v->pv.kernel_sp;
    context->ctrlreg[0] = 0x80050033 | (v->pv.task_switched ? 8 : 0);
    context->ctrlreg[1] = mfn_valid_value(v->user_base) ? xen_pfn_to_cr3(v->user_base.n) : 0;
    context->ctrlreg[3] = mfn_valid_value(v->kernel_base) ? xen_pfn_to_cr3(v->kernel_base.n) : 0;
    context->ctrlreg[4] = v->pv.cr4 | CR4_FIXED;
    memcpy(context->debugreg, v->pv.debug_registers, sizeof(v->pv.debug_registers));
    context->event_callback_eip = v->pv.event.address;
    context->failsafe_callback_eip = v->pv.failsafe.address;
    context->syscall_callback_eip = v->pv.syscall.address;
    context->vm_assist = v->domain->vm_assist;
    context->fs_base = v->pv.fs_base;
    context->gs_base_kernel = v->pv.gs_base_kernel;
    context->gs_base_user = v->pv.gs_base_user;
}

/* SPDX-License-Identifier: MIT */
/*
 * The context switch: what of a vCPU lives in the machine and not in struct vcpu.regs.
 *
 * Owns: bases and selectors of segments, CR4, debug registers as loaded. Invariant: SW1 when a vCPU is left, no translation of
 * it stays in the TLB, so its dirty bit goes. SW2 both GS bases are live: GS_BASE is the current mode's.
 * Locks: none; only this CPU's state. Read next: fpu.c, descriptors.c, domain/schedule.c.
 */
#include "switch.h"

#include "../boot/paging.h"
#include "../domain/domain.h"
#include "../domain/pv.h"
#include "../lib/check.h"
#include "../mm/frame_alloc.h"
#include "fpu.h"
#include "machine.h"
#include "percpu.h"
#include "registers.h"

#define GUEST_CR4   (CR4_TSD | CR4_DE)
#define DR7_ENABLES 0xff
#define DR7_NONE    0x400 /* a bit that always reads as one */

/* Loads a segment register; a refused selector leaves it null and makes the value true. */
#define LOAD_SELECTOR(name, selector, refused)            \
    __asm__ volatile("1: mov %w1, %%" name "\n"           \
                     "2:\n"                               \
                     ".pushsection .text.fixup, \"ax\"\n" \
                     "3: xor %k0, %k0\n"                  \
                     "mov %w0, %%" name "\n"              \
                     "inc %k0\n"                          \
                     "jmp 2b\n"                           \
                     ".popsection\n"                      \
                     ".pushsection .ex_table, \"a\"\n"    \
                     ".long 1b - .\n"                     \
                     ".long 3b - .\n"                     \
                     ".popsection"                        \
                     : "+r"(refused)                      \
                     : "r"((uint32_t)(selector)))

void switch_init_cpu(void)
{
    struct cpu_local *local = cpu_local();

    local->idle = hv_alloc(sizeof(struct vcpu));
    CHECK(local->idle != NULL);
    CHECK(((uint64_t)local->idle & 15) == 0);
    local->idle->processor = local->id;
    local->idle->cpu_stack = local;
    local->current = local->idle;
}

static void segments_save(struct vcpu *v)
{
    v->regs.ds = (uint16_t)read_ds();
    v->regs.es = (uint16_t)read_es();
    v->regs.fs = (uint16_t)read_fs();
    v->regs.gs = (uint16_t)read_gs();
    v->pv.fs_base = read_fs_base();
    uint64_t current_gs = read_gs_base();
    swap_gs();
    uint64_t other_gs = read_gs_base();
    swap_gs();
    v->pv.gs_base_kernel = v->pv.in_kernel ? current_gs : other_gs;
    v->pv.gs_base_user = v->pv.in_kernel ? other_gs : current_gs;
}

static void bases_load(const struct vcpu *v)
{
    write_fs_base(v->pv.fs_base);
    write_gs_base(v->pv.in_kernel ? v->pv.gs_base_user : v->pv.gs_base_kernel);
    swap_gs();
    write_gs_base(v->pv.in_kernel ? v->pv.gs_base_kernel : v->pv.gs_base_user);
}

void machine_load_segments(struct vcpu *v)
{
    const uint16_t wanted[4] = {v->regs.ds, v->regs.es, v->regs.fs, v->regs.gs};
    uint32_t refused = 0;

    if ((read_ds() | read_es() | read_fs() | read_gs() | wanted[0] | wanted[1] | wanted[2] |
         wanted[3]) != 0) {
        LOAD_SELECTOR("ds", wanted[0], refused);
        LOAD_SELECTOR("es", wanted[1], refused);
        LOAD_SELECTOR("fs", wanted[2], refused);
        LOAD_SELECTOR("gs", wanted[3], refused);
    }
    bases_load(v);
    if (unlikely(refused != 0)) {
        pv_deliver_failsafe(v, wanted);
    }
}

void machine_load_user_gs(uint16_t selector)
{
    struct vcpu *v = current_vcpu();
    uint32_t refused = 0;

    if (v->pv.in_kernel) {
        swap_gs();
    }
    LOAD_SELECTOR("gs", selector, refused);
    if (v->pv.in_kernel) {
        swap_gs();
    }
}

void machine_swap_gs(void)
{
    swap_gs();
}

static uint64_t *base_field(struct vcpu *v, unsigned int which)
{
    return which == SEGBASE_FS        ? &v->pv.fs_base
           : which == SEGBASE_GS_USER ? &v->pv.gs_base_user
                                      : &v->pv.gs_base_kernel;
}

void machine_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base)
{
    *base_field(v, which) = base;
    if (v != current_vcpu()) {
        return;
    }
    if (which == SEGBASE_FS) {
        write_fs_base(base);
    } else if ((which == SEGBASE_GS_KERNEL) == v->pv.in_kernel) {
        write_gs_base(base);
    } else {
        write_msr(MSR_KERNEL_GS_BASE, base);
    }
}

uint64_t machine_get_segment_base(const struct vcpu *v, unsigned int which)
{
    if (v != current_vcpu()) {
        return *base_field((struct vcpu *)(uintptr_t)v, which);
    }
    if (which == SEGBASE_FS) {
        return read_fs_base();
    }
    if ((which == SEGBASE_GS_KERNEL) == v->pv.in_kernel) {
        return read_gs_base();
    }
    return read_msr(MSR_KERNEL_GS_BASE);
}

void machine_load_cr4(const struct vcpu *v)
{
    struct cpu_local *local = cpu_local();
    uint64_t wanted = (local->cr4 & ~GUEST_CR4) | (v->pv.cr4 & GUEST_CR4);

    if (wanted != local->cr4) {
        local->cr4 = wanted;
        write_cr4(wanted);
    }
}

void machine_load_debug_registers(const struct vcpu *v)
{
    struct cpu_local *local = cpu_local();
    uint64_t control = v->pv.debug_registers[7];

    if ((control & DR7_ENABLES) != 0) {
        write_debug_addresses(v->pv.debug_registers);
    } else {
        control = DR7_NONE;
    }
    if (control != local->debug_control) {
        local->debug_control = control;
        write_debug_control(control);
    }
}

/* SW1: the TLB of this CPU holds nothing of a vCPU that was left, nor of its domain when that was left, too. */
static void dirty_move(struct vcpu *previous, struct vcpu *next, cpumask_t cpu)
{
    if (next->domain != NULL) {
        __atomic_or_fetch(&next->dirty_cpus, cpu, __ATOMIC_SEQ_CST);
        __atomic_or_fetch(&next->domain->dirty_cpus, cpu, __ATOMIC_SEQ_CST);
    }
    if (previous->domain != NULL) {
        __atomic_and_fetch(&previous->dirty_cpus, ~cpu, __ATOMIC_SEQ_CST);
        if (previous->domain != next->domain) {
            __atomic_and_fetch(&previous->domain->dirty_cpus, ~cpu, __ATOMIC_SEQ_CST);
        }
    }
}

void switch_idle(void)
{
    switch_to(cpu_local()->idle);
}

void switch_to(struct vcpu *next)
{
    struct cpu_local *local = cpu_local();
    struct vcpu *previous = local->current;
    mfn_t base = paging_idle_base;

    if (next == previous) {
        return;
    }
    if (next->domain != NULL) {
        base = next->pv.in_kernel ? next->kernel_base : next->user_base;
        CHECK(mfn_valid_value(base));
    }
    if (previous->domain != NULL) {
        segments_save(previous);
    }
    fpu_switch(previous, next);
    /* The idle vCPU has no global entries of a guest to lose (SW1). */
    machine_load_base(base, previous->domain != NULL);
    dirty_move(previous, next, (cpumask_t)1 << local->id);
    local->current = next;
    local->register_end = (uint64_t)&next->regs.es;
    local->tss.rsp[0] = local->register_end;
    next->cpu_stack = local;
    if (next->domain == NULL) {
        return;
    }
    machine_load_gdt(next);
    machine_load_ldt(next);
    machine_load_cr4(next);
    machine_load_debug_registers(next);
    machine_load_segments(next);
}

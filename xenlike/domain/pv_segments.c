/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: what a guest may have in its GDT and LDT, and which pages they are.
 *
 * Owns: pv.gdt_frames, gdt_entries, ldt_*. Invariant: SG1 a page the processor reads descriptors from holds a seg_desc type
 * reference, so every entry in it was fixed here and no guest can write it; SG2 no descriptor gives more than ring 3.
 * Locks: none; the vCPU's own, or a vCPU that does not run. Guest ABI: docs/abi/set_gdt.md. Read next: cpu/descriptors.c.
 */
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"
#include "../mm/page_table.h"
#include "pv_internal.h"

/* Bits of a descriptor (Intel SDM 3A, 3.4.5). */
#define DESCRIPTOR_TYPE(d)    ((d) >> 40 & 0xf)
#define DESCRIPTOR_IS_CODE    (UINT64_C(1) << 43)
#define DESCRIPTOR_LONG       (UINT64_C(1) << 53)
#define DESCRIPTOR_IS_SEGMENT (UINT64_C(1) << 44) /* clear: a gate, a TSS, an LDT */
#define DESCRIPTOR_DPL        (UINT64_C(3) << 45)
#define DESCRIPTOR_PRESENT    (UINT64_C(1) << 47)

#define TYPE_CALL_GATE 0xc
#define GATE_RESERVED  (UINT64_C(0xff) << 32)

#define ENTRIES_PER_FRAME 512

uint16_t pv_fix_code_selector(uint16_t selector)
{
    return selector | 3;
}

/* A call gate is kept for guests that define one, as ring 0's: a call through it is #GP, which the guest gets. */
static bool call_gate_fix(uint64_t *descriptor)
{
    uint16_t target = (uint16_t)(*descriptor >> 16);

    if ((*descriptor & GATE_RESERVED) != 0 ||
        (target >> 3 >= FIRST_RESERVED_GDT_ENTRY && target != FLAT_KERNEL_CS64)) {
        return false;
    }
    *descriptor &= ~DESCRIPTOR_DPL;
    return true;
}

bool pv_descriptor_fix(const struct domain *d, uint64_t *descriptor)
{
    if ((*descriptor & DESCRIPTOR_PRESENT) == 0) {
        return true; /* using it faults, whatever it says */
    }
    if ((*descriptor & DESCRIPTOR_IS_SEGMENT) == 0 &&
        DESCRIPTOR_TYPE(*descriptor) == TYPE_CALL_GATE) {
        return call_gate_fix(descriptor);
    }
    if ((*descriptor & DESCRIPTOR_IS_SEGMENT) == 0 && DESCRIPTOR_TYPE(*descriptor) != 0) {
        return false; /* other gates and system segments lead into ring 0 */
    }
    *descriptor |= DESCRIPTOR_DPL;
    return true;
}

bool pv_is_64_bit_code(const struct vcpu *v, uint16_t selector)
{
    bool in_ldt = (selector & 4) != 0;
    const mfn_t *frames = in_ldt ? v->pv.ldt_frames : v->pv.gdt_frames;
    uint32_t index = selector >> 3, entries = in_ldt ? v->pv.ldt_entries : v->pv.gdt_entries;
    uint64_t wanted = DESCRIPTOR_IS_SEGMENT | DESCRIPTOR_IS_CODE | DESCRIPTOR_LONG;

    if (selector == FLAT_RING3_CS64) {
        return true;
    }
    if (index >= entries || !mfn_valid_value(frames[index / ENTRIES_PER_FRAME])) {
        return false;
    }
    const uint64_t *table = machine_frame(frames[index / ENTRIES_PER_FRAME]);
    return (READ_ONCE(table[index % ENTRIES_PER_FRAME]) & wanted) == wanted;
}

/* Drops the references of a table's frames. */
static void drop_frames(mfn_t *frames, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (mfn_valid_value(frames[i])) {
            frame_put_and_type(frames[i]);
            frames[i] = INVALID_MFN;
        }
    }
}

int pv_set_gdt(struct vcpu *v, const uint64_t *frames, uint32_t entries)
{
    uint32_t count = (entries + ENTRIES_PER_FRAME - 1) / ENTRIES_PER_FRAME;
    mfn_t taken[GUEST_GDT_FRAMES];

    if (entries > FIRST_RESERVED_GDT_ENTRY) {
        return -XEN_EINVAL;
    }
    for (uint32_t i = 0; i < GUEST_GDT_FRAMES; i++) {
        taken[i] = INVALID_MFN;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (frame_get_and_type(MFN(frames[i]), v->domain, FRAME_SEG_DESC) != 0) {
            drop_frames(taken, i);
            return -XEN_EINVAL;
        }
        taken[i] = MFN(frames[i]);
    }
    /* The machine shows the new frames before the old ones may become writable. */
    for (uint32_t i = 0; i < GUEST_GDT_FRAMES; i++) {
        mfn_t old = v->pv.gdt_frames[i];

        v->pv.gdt_frames[i] = taken[i];
        taken[i] = old;
    }
    v->pv.gdt_entries = entries;
    if (v == current_vcpu()) {
        machine_load_gdt(v);
    }
    drop_frames(taken, GUEST_GDT_FRAMES);
    return 0;
}

/* The frame behind one page of an LDT; INVALID_MFN: not mapped, or not fit to be one. Selectors into it then fault. */
static mfn_t take_ldt_frame(struct vcpu *v, gva_t page)
{
    pte_t pte;

    if (!page_table_lookup(v, page, &pte) || (pte & PTE_PRESENT) == 0 ||
        frame_get_and_type(pte_mfn(pte), v->domain, FRAME_SEG_DESC) != 0) {
        return INVALID_MFN;
    }
    return pte_mfn(pte);
}

int pv_set_ldt(struct vcpu *v, gva_t base, uint32_t entries)
{
    uint32_t count = (entries + ENTRIES_PER_FRAME - 1) / ENTRIES_PER_FRAME;
    mfn_t old[GUEST_LDT_FRAMES];

    if (entries > GUEST_LDT_MAX || (base.v & (PAGE_SIZE - 1)) != 0 ||
        !guest_access_range_ok(base, entries * sizeof(uint64_t))) {
        return -XEN_EINVAL;
    }
    if (entries == v->pv.ldt_entries && (entries == 0 || base.v == v->pv.ldt_base)) {
        return 0;
    }
    for (uint32_t i = 0; i < GUEST_LDT_FRAMES; i++) {
        old[i] = v->pv.ldt_frames[i];
        v->pv.ldt_frames[i] =
            i < count ? take_ldt_frame(v, GVA(base.v + i * PAGE_SIZE)) : INVALID_MFN;
    }
    v->pv.ldt_base = entries != 0 ? base.v : 0;
    v->pv.ldt_entries = entries;
    if (v == current_vcpu()) {
        machine_load_ldt(v);
    }
    drop_frames(old, GUEST_LDT_FRAMES);
    return 0;
}

int pv_update_descriptor(struct domain *d, maddr_t address, uint64_t descriptor)
{
    mfn_t mfn = mfn_from_maddr(address);

    if ((address.a & 7) != 0 || !pv_descriptor_fix(d, &descriptor) || !frame_is_ram(mfn)) {
        return -XEN_EINVAL;
    }
    enum frame_type type =
        frame_current_type(mfn) == FRAME_SEG_DESC ? FRAME_SEG_DESC : FRAME_WRITABLE;
    if (frame_get_and_type(mfn, d, type) != 0) {
        return -XEN_EINVAL;
    }
    __atomic_store_n((uint64_t *)machine_ram(address), descriptor, __ATOMIC_RELAXED);
    frame_put_and_type(mfn);
    return 0;
}

void pv_segments_relinquish(struct vcpu *v)
{
    drop_frames(v->pv.gdt_frames, GUEST_GDT_FRAMES);
    drop_frames(v->pv.ldt_frames, GUEST_LDT_FRAMES);
    v->pv.gdt_entries = 0;
    v->pv.ldt_entries = 0;
}

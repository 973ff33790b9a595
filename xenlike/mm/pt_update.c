/* SPDX-License-Identifier: MIT */
/*
 * One entry of a page table changes.
 *
 * Invariant: PT4; PU1 the new entry's references are taken before it is stored, the old one's given back after.
 *            PU2 a change that takes no references changes neither frame nor rights: only A, D, NX, US and bits of the guest's.
 * Locks: the owner's page_lock. Guest ABI: docs/abi/mmu_update.md. Read next: page_table.c.
 */
#include "pt_update.h"

#include <public/errno.h>

#include "page_type.h"

#define PTE_AD        (PTE_ACCESSED | PTE_DIRTY)
#define PTE_HIGH_BITS (UINT64_C(0x3ff) << 52) /* 52 to 61 */
/* Frame bits above those of any machine address here. */
#define PTE_BEYOND (UINT64_C(0x000ffffffffff000) & ~PTE_FRAME_MASK)
/* PU2: bits that may differ for an entry to be changed in place. */
#define PTE_FREE_BITS \
    (PTE_AD | PTE_NX | PTE_USER | PTE_GLOBAL | PTE_AVAIL | PTE_HIGH_BITS | PTE_GRANT)

/* Only the processor changes an entry besides us, and only its A and D bits. */
static bool store(pte_t *slot, pte_t old, pte_t wanted, enum pt_store how)
{
    if (likely(how == PT_STORE_PLAIN)) {
        WRITE_ONCE(*slot, wanted);
        return true;
    }
    if (how == PT_STORE_EXACT) {
        return __atomic_compare_exchange_n(slot, &old, wanted, false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_RELAXED);
    }
    while (!__atomic_compare_exchange_n(slot, &old, wanted | (old & PTE_AD), false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    }
    return true;
}

/* PU2. A grant mapping stays one, and its references stay where they are; it counts as used, since its unmap flushes only what was. */
static COLD int change_flags(struct domain *d, pte_t *slot, pte_t old, pte_t wanted,
                             enum pt_store how)
{
    if ((wanted & pt_entry_refused_l1(d)) != 0) {
        return -XEN_EINVAL;
    }
    wanted = pt_entry_adjust_l1(wanted) | ((old & PTE_GRANT) != 0 ? PTE_GRANT | PTE_ACCESSED : 0);
    return store(slot, old, wanted, how) ? 0 : -XEN_EAGAIN;
}

int pt_update_l1(struct domain *d, pte_t *slot, pte_t old, pte_t wanted, struct domain *frame_owner,
                 enum pt_store how)
{
    if ((wanted & PTE_PRESENT) != 0) {
        if (((old ^ wanted) & ~PTE_FREE_BITS) == 0) {
            return change_flags(d, slot, old, wanted, how);
        }
        int result = pt_entry_get_l1(d, frame_owner, &wanted);

        if (unlikely(result != 0)) {
            return result;
        }
    }
    if (unlikely(!store(slot, old, wanted, how))) {
        pt_entry_put_l1(wanted);
        return -XEN_EAGAIN;
    }
    pt_entry_put_l1(old);
    return 0;
}

/* The path that guests take most: a page becomes mapped writable, in the place of nothing or of another. All else takes pt_update_l1. */
static inline __attribute__((always_inline)) int update_l1(struct domain *d, pte_t *slot,
                                                           pte_t wanted, struct domain *frame_owner,
                                                           enum pt_store how)
{
    pte_t old = READ_ONCE(*slot);

    if (unlikely(how != PT_STORE_PLAIN) || unlikely(frame_owner != d) ||
        unlikely((wanted & (PTE_PRESENT | PTE_WRITE | PTE_BEYOND | pt_entry_refused_l1(d))) !=
                 (PTE_PRESENT | PTE_WRITE)) ||
        unlikely(((old ^ wanted) & ~PTE_FREE_BITS) == 0) ||
        unlikely(!page_type_try_get_writable(pte_mfn(wanted), d))) {
        return pt_update_l1(d, slot, old, wanted, frame_owner, how);
    }
    WRITE_ONCE(*slot, pt_entry_adjust_l1(wanted));
    if ((old & PTE_PRESENT) != 0 && (unlikely((old & (PTE_WRITE | PTE_GRANT)) != PTE_WRITE) ||
                                     unlikely(!page_type_try_put_writable(pte_mfn(old))))) {
        pt_entry_put_l1(old);
    }
    return 0;
}

static __attribute__((noinline)) int update_upper(struct domain *d, mfn_t table, unsigned int level,
                                                  unsigned int index, pte_t wanted,
                                                  enum pt_store how)
{
    pte_t *slot = &page_type_entries(table)[index];
    pte_t old = READ_ONCE(*slot);

    if (pt_entry_is_hypervisor_slot(level, index)) {
        return -XEN_EINVAL;
    }
    if ((wanted & PTE_PRESENT) != 0) {
        pte_t changed = old ^ wanted;
        pte_t forms = PTE_USER | (level == 4 ? PTE_ACCESSED : 0);

        if ((changed & ~(PTE_FREE_BITS & ~PTE_GLOBAL)) == 0 && (wanted & PTE_GLOBAL) == 0) {
            return store(slot, old, wanted | forms, how) ? 0 : -XEN_EAGAIN;
        }
        int result = pt_entry_get_upper(d, table, level, &wanted);

        if (result != 0) {
            return result;
        }
    }
    bool stored = store(slot, old, wanted, how);
    pt_entry_put_upper(d, table, level, stored ? old : wanted);
    return stored ? 0 : -XEN_EAGAIN;
}

/* An ordinary page of the guest, a table to be perhaps: a plain store, if the guest could do it itself. */
static COLD int store_to_page(struct domain *d, mfn_t page, unsigned int index, pte_t wanted)
{
    if (page_type_get_writable(page, d) != 0) {
        return -XEN_EINVAL;
    }
    WRITE_ONCE(page_type_entries(page)[index], wanted);
    page_type_put_writable(page);
    return 0;
}

int pt_update_entry(struct domain *d, mfn_t table, unsigned int index, pte_t wanted,
                    struct domain *frame_owner, enum pt_store how)
{
    uint64_t state = likely(table.n < frame_table_end) ? frame_load(frame_of(table)) : 0;
    enum frame_type type = frame_word_type(state);

    if (unlikely(frame_word_owner(state) != FRAME_OWNER_OF(d))) {
        return -XEN_EINVAL;
    }
    /* A table's type cannot go while page_lock is held: no reference is needed to look at it. */
    if (likely((state & FRAME_VALIDATED) != 0)) {
        if (likely(type == FRAME_L1)) {
            return update_l1(d, &page_type_entries(table)[index], wanted, frame_owner, how);
        }
        return update_upper(d, table, (unsigned int)type, index, wanted, how);
    }
    if (frame_word_type_count(state) != 0 && page_type_is_table(type)) {
        return -XEN_EINVAL;
    }
    return store_to_page(d, table, index, wanted);
}

/* The frame of the table that holds the L1 entry of an address, without a look at what it is; 0: none on the way.
 * Linear tables make the walk lag: what is read as a level 2 entry may be one of level 3. So they may lead to the hypervisor's own tables, but every
 * entry that is followed names a table in RAM, and the caller's look at the last one's owner and type decides. */
static inline uint64_t walk(mfn_t l4, uint64_t address)
{
    maddr_t table = maddr_from_mfn(l4);

    if (unlikely(!address_is_canonical(address)) ||
        unlikely(address - HV_VIRT_START < HV_VIRT_END - HV_VIRT_START)) {
        return 0;
    }
#pragma GCC unroll 3
    for (unsigned int level = 4; level > 1; level--) {
        pte_t pte = READ_ONCE(((pte_t *)machine_ram(table))[pt_index(address, level)]);

        if (unlikely((pte & PTE_PRESENT) == 0)) {
            return 0;
        }
        table.a = pte & PTE_FRAME_MASK;
    }
    return table.a >> PAGE_SHIFT;
}

/* Is the frame a valid L1 of d? */
static inline bool is_l1_of(const struct domain *d, uint64_t mfn)
{
    const uint64_t mask = (~UINT64_C(0) << FRAME_OWNER_SHIFT) | FRAME_TYPE_MASK | FRAME_VALIDATED;
    uint64_t wanted = FRAME_OWNED_BY(FRAME_OWNER_OF(d)) | ((uint64_t)FRAME_L1 << FRAME_TYPE_SHIFT) |
                      FRAME_VALIDATED;

    return mfn < frame_table_end && ((frame_load(frame_of(MFN(mfn))) ^ wanted) & mask) == 0;
}

int pt_update_address(struct domain *d, mfn_t l4, gva_t address, pte_t wanted,
                      struct domain *frame_owner)
{
    uint64_t table = walk(l4, address.v);

    if (unlikely(!is_l1_of(d, table))) {
        return -XEN_EINVAL;
    }
    return update_l1(d, &page_type_entries(MFN(table))[pt_index(address.v, 1)], wanted, frame_owner,
                     PT_STORE_PLAIN);
}

bool pt_update_find_l1(const struct vcpu *v, gva_t address, mfn_t *table, unsigned int *index)
{
    mfn_t base = v->pv.in_kernel ? v->kernel_base : v->user_base;

    table->n = mfn_valid_value(base) ? walk(base, address.v) : 0;
    *index = pt_index(address.v, 1);
    return is_l1_of(v->domain, table->n);
}

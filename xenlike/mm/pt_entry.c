/* SPDX-License-Identifier: MIT */
/*
 * What one page-table entry holds: references, and its stored form.
 *
 * Invariant: PT4 a present L1 entry holds a general reference to its frame, and a writable one if it is writable; entries of device memory and
 *            grant mappings (PTE_GRANT) hold none here. A present Ln entry holds both references to a valid Ln-1 of the same
 *            domain, or is linear: read-only, to a table of its own level, one deep.
 * Locks: the owner's page_lock. Guest ABI: docs/abi/mmu_update.md. Read next: pt_validate.c.
 */
#include "page_type.h"

#include <public/errno.h>

/* At levels 2 to 4: no superpages, no cache attributes, nothing global. */
#define PTE_UPPER_REFUSED (PTE_PWT | PTE_PCD | PTE_PSE | PTE_GLOBAL)
/* All frame bits of the architecture: more than machine addresses have here. */
#define PTE_WIDE_FRAME_MASK UINT64_C(0x000ffffffffff000)

static mfn_t wide_mfn(pte_t pte)
{
    return MFN((pte & PTE_WIDE_FRAME_MASK) >> PAGE_SHIFT);
}

/* The end of what the processor can address: leaf 0x80000008 (Intel SDM 3A, 4.1.4). */
static uint64_t device_frames_end(void)
{
    static uint64_t end;

    if (end == 0) {
        uint32_t out[4];

        machine_cpuid(0x80000008, 0, out);
        end = UINT64_C(1) << (min_u64(out[0] & 0xff, MADDR_BITS) - PAGE_SHIFT);
    }
    return end;
}

static int get_device_frame(const struct domain *d, pte_t pte)
{
    if (!d->is_hardware || wide_mfn(pte).n >= device_frames_end()) {
        return -XEN_EPERM;
    }
    if ((pte & PTE_WRITE) != 0 && frame_table_device_claimed(wide_mfn(pte))) {
        return -XEN_EPERM;
    }
    return 0;
}

int pt_entry_get_l1(struct domain *d, struct domain *frame_owner, pte_t *pte)
{
    /* LAB(3): may this domain have this entry in a lowest table: count the reference, or refuse */
    mfn_t mfn = wide_mfn(*pte);
    bool held;

    if (unlikely((*pte & pt_entry_refused_l1(d)) != 0)) {
        return -XEN_EINVAL;
    }
    /* DOMID_XEN's frames: those that the hypervisor shows to the domain that controls the machine. */
    if (unlikely(frame_owner == NULL) && d->is_hardware && m2p_get(mfn) == M2P_SHARED) {
        frame_owner = d;
    }
    if (unlikely(frame_owner == NULL) || unlikely(!frame_is_ram(mfn))) {
        int result = frame_is_ram(mfn) ? -XEN_EBUSY : get_device_frame(d, *pte);

        if (result != 0) {
            return result;
        }
    } else {
        held = (*pte & PTE_WRITE) != 0 ? page_type_get_writable(mfn, frame_owner) == 0
                                       : frame_get(mfn, frame_owner);
        if (unlikely(!held)) {
            return -XEN_EBUSY;
        }
    }
    *pte = pt_entry_adjust_l1(*pte);
    return 0;
    /* END LAB(3) */
}

void pt_entry_put_l1(pte_t pte)
{
    if ((pte & PTE_PRESENT) == 0 || (pte & PTE_GRANT) != 0 || !frame_is_ram(pte_mfn(pte))) {
        return;
    }
    if ((pte & PTE_WRITE) != 0) {
        page_type_put_writable(pte_mfn(pte));
    } else {
        frame_put(pte_mfn(pte));
    }
}

/* A read-only entry to a table of the entry's own level. To itself: it holds nothing. To another: both references, counted at both
 * ends, so that a table that is mapped so maps none itself: no chains, no cycles. */
static int get_linear(mfn_t self, unsigned int level, mfn_t other, pte_t pte)
{
    struct frame *parent = frame_of(self);
    struct frame *child = frame_of(other);

    if ((pte & PTE_WRITE) != 0) {
        return -XEN_EINVAL;
    }
    if (mfn_equal(self, other)) {
        return 0;
    }
    if (!page_type_is_valid(other, page_type_of_level(level)) || page_type_linear(parent) < 0 ||
        page_type_linear(child) > 0 || page_type_linear(child) == INT16_MIN ||
        !page_type_take_valid(other)) {
        return -XEN_EINVAL;
    }
    page_type_linear_add(parent, 1);
    page_type_linear_add(child, -1);
    return 0;
}

int pt_entry_get_upper(struct domain *d, mfn_t self, unsigned int level, pte_t *pte)
{
    mfn_t mfn = wide_mfn(*pte);

    if ((*pte & PTE_UPPER_REFUSED) != 0 || !frame_get(mfn, d)) {
        return -XEN_EINVAL;
    }
    int result = page_type_take(mfn, page_type_of_level(level - 1), d);
    if (result == -XEN_EBUSY && frame_current_type(mfn) != page_type_of_level(level - 1)) {
        result = get_linear(self, level, mfn, *pte);
        if (result == 0 && mfn_equal(mfn, self)) {
            frame_put(mfn);
        }
    }
    if (result != 0) {
        frame_put(mfn);
        return result;
    }
    *pte |= PTE_USER | (level == 4 ? PTE_ACCESSED : 0);
    return 0;
}

void pt_entry_put_upper(struct domain *d, mfn_t self, unsigned int level, pte_t pte)
{
    mfn_t mfn = pte_mfn(pte);

    if ((pte & PTE_PRESENT) == 0 || mfn_equal(mfn, self)) {
        return;
    }
    if (frame_current_type(mfn) == page_type_of_level(level)) {
        page_type_linear_add(frame_of(self), -1);
        page_type_linear_add(frame_of(mfn), 1);
    }
    page_type_drop(mfn, d);
    frame_put(mfn);
}

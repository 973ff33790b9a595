/* SPDX-License-Identifier: MIT */
/* One entry of a page table changes: what mmu_update, update_va_mapping and direct stores share. */
#pragma once

#include "../domain/domain.h"
#include "page_table.h"

/* How the new entry meets the A and D bits that the processor sets meanwhile. */
enum pt_store {
    PT_STORE_PLAIN,       /* the given value, whatever was there */
    PT_STORE_PRESERVE_AD, /* A and D of the old entry are kept */
    PT_STORE_EXACT,       /* only if the old entry still is what the caller read */
};

/* With d->page_lock held and d's list of pending tables empty; it may not be empty afterwards. frame_owner: whose frames an L1 entry may name; NULL: device memory.
 * 0; -EINVAL a bit or frame is refused, the slot is the hypervisor's, `table` is no frame of d's, or neither a valid table
 * nor an ordinary page (which is stored to); -EBUSY, -EPERM (L1) the frame
 * may not be mapped so; -ERESTART. */
int pt_update_entry(struct domain *d, mfn_t table, unsigned int index, pte_t wanted,
                    struct domain *frame_owner, enum pt_store how);
/* The same where the table is known to be a valid L1. `old` is what the caller read there; -EAGAIN with PT_STORE_EXACT: no longer so. */
int pt_update_l1(struct domain *d, pte_t *slot, pte_t old, pte_t wanted, struct domain *frame_owner,
                 enum pt_store how);

/* The same for the L1 entry that maps an address in the space of an L4 of d; -EINVAL too when there is none in a valid L1 of d. */
int pt_update_address(struct domain *d, mfn_t l4, gva_t address, pte_t wanted,
                      struct domain *frame_owner);

/* Frame and index of that entry in the space that v's mode sees; false: there is none in a valid L1 of v's domain. */
bool pt_update_find_l1(const struct vcpu *v, gva_t address, mfn_t *table, unsigned int *index);

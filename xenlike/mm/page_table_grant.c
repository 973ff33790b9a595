/* SPDX-License-Identifier: MIT */
/*
 * Entries that map granted frames: installed and removed by the grant tables only.
 *
 * Invariant: PT9 an entry marked PTE_GRANT holds no references here; they are the grant table's until it removed the entry or the
 *            mapper died. Guests cannot set the mark. Locks: the mapper's page_lock. Read next: comm/grant_map.c.
 */
#include <public/grant_table.h>

#include "page_table.h"
#include "page_type.h"
#include "pt_update.h"

/* The entry, in a valid L1 of v's domain; NULL: none. */
static pte_t *find_entry(const struct vcpu *v, uint64_t host_address, bool contains_pte)
{
    mfn_t table = mfn_from_maddr(MADDR(host_address));
    unsigned int index = (unsigned int)(host_address & (PAGE_SIZE - 1)) / sizeof(pte_t);

    if (contains_pte) {
        if (host_address % sizeof(pte_t) != 0 || !frame_is_ram(table) ||
            frame_word_owner(frame_load(frame_of(table))) != FRAME_OWNER_OF(v->domain)) {
            return NULL;
        }
    } else if (!pt_update_find_l1(v, GVA(host_address), &table, &index)) {
        return NULL;
    }
    return page_type_is_valid(table, FRAME_L1) ? &page_type_entries(table)[index] : NULL;
}

int page_table_install_grant(struct vcpu *v, uint64_t host_address, bool contains_pte, pte_t pte)
{
    struct domain *d = v->domain;
    int status = GNTST_general_error;

    spin_lock(&d->page_lock);
    pte_t *slot = find_entry(v, host_address, contains_pte);
    pte_t old = slot != NULL ? READ_ONCE(*slot) : 0;
    if (slot != NULL && ((old & PTE_PRESENT) == 0 || (old & PTE_GRANT) == 0)) {
        WRITE_ONCE(*slot, pt_entry_adjust_l1(pte) | PTE_GRANT);
        pt_entry_put_l1(old);
        status = GNTST_okay;
    }
    spin_unlock(&d->page_lock);
    return status;
}

int page_table_remove_grant(struct vcpu *v, uint64_t host_address, bool contains_pte, mfn_t mfn,
                            pte_t new_pte, bool readonly, bool *accessed)
{
    struct domain *d = v->domain;
    pte_t rights = PTE_PRESENT | PTE_GRANT | (readonly ? 0 : PTE_WRITE);
    int status = GNTST_general_error;

    spin_lock(&d->page_lock);
    pte_t *slot = find_entry(v, host_address, contains_pte);
    pte_t old = slot != NULL ? READ_ONCE(*slot) : 0; /* 0 has no rights */
    if ((old & (PTE_PRESENT | PTE_GRANT | PTE_WRITE)) == rights && mfn_equal(pte_mfn(old), mfn)) {
        /* The processor may set A until the entry is gone. */
        old = __atomic_exchange_n(slot, new_pte, __ATOMIC_ACQ_REL);
        *accessed = (old & PTE_ACCESSED) != 0;
        status = GNTST_okay;
    }
    spin_unlock(&d->page_lock);
    return status;
}

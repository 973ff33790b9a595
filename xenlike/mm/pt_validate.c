/* SPDX-License-Identifier: MIT */
/*
 * All entries of a table: taken from 0 upwards, given back from the top downwards, in steps that can be interrupted.
 *
 * Invariant: PT4; VA1 at every return, entries [0, progress) hold their references and the others hold none;
 *            VA2 at most 64 entries are looked at between two preemption points, and each call makes progress.
 * Locks: the owner's page_lock. Read next: pt_update.c.
 */
#include "page_table.h"
#include "page_type.h"

#include <public/errno.h>

#include "../domain/pv.h"

#define PREEMPT_INTERVAL 64

pte_t page_table_hypervisor_slots[HV_L4_SLOTS];

/* Entries of an L1 are nearly always absent or ordinary: this loop is the price of pinning. */
static int up_l1(struct domain *d, pte_t *entry, unsigned int *progress, unsigned int end)
{
    /* LAB(3): every entry of a table that is to become an L1: all counted, or none */
    for (unsigned int i = *progress; i < end; i++) {
        pte_t pte = entry[i];

        if ((pte & PTE_PRESENT) == 0) {
            continue;
        }
        int result = pt_entry_get_l1(d, d, &pte);

        if (unlikely(result != 0)) {
            *progress = i;
            return result;
        }
        entry[i] = pte;
    }
    *progress = end;
    return 0;
    /* END LAB(3) */
}

static int up_upper(struct domain *d, mfn_t table, unsigned int level, unsigned int *progress,
                    unsigned int end)
{
    pte_t *entry = page_type_entries(table);

    for (unsigned int i = *progress; i < end; i++) {
        pte_t pte = entry[i];

        if (pt_entry_is_hypervisor_slot(level, i)) {
            entry[i] = page_table_hypervisor_slots[i - HV_L4_FIRST_SLOT];
            continue;
        }
        if ((pte & PTE_PRESENT) == 0) {
            continue;
        }
        int result = pt_entry_get_upper(d, table, level, &pte);

        if (result != 0) {
            *progress = i;
            return result;
        }
        entry[i] = pte;
    }
    *progress = end;
    return 0;
}

int pt_validate_up(struct domain *d, mfn_t table, unsigned int level, unsigned int *progress)
{
    bool moved = false;

    while (*progress < PT_ENTRIES) {
        unsigned int end = (*progress & ~(PREEMPT_INTERVAL - 1u)) + PREEMPT_INTERVAL;

        if (moved && machine_preempt_wanted()) {
            return -XEN_ERESTART;
        }
        moved = true;
        int result = level == 1 ? up_l1(d, page_type_entries(table), progress, end)
                                : up_upper(d, table, level, progress, end);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

int pt_validate_down(struct domain *d, mfn_t table, unsigned int level, unsigned int *progress)
{
    pte_t *entry = page_type_entries(table);

    while (*progress != 0) {
        unsigned int i = --*progress;
        pte_t pte = entry[i];

        if (level == 1) {
            pt_entry_put_l1(pte);
        } else if (!pt_entry_is_hypervisor_slot(level, i)) {
            pt_entry_put_upper(d, table, level, pte);
            if (d->page_pending != table.n) {
                return -XEN_ERESTART;
            }
        }
        if (i % PREEMPT_INTERVAL == 0 && i != 0 && machine_preempt_wanted()) {
            return -XEN_ERESTART;
        }
    }
    return 0;
}

int pt_validate_descriptors(const struct domain *d, mfn_t page)
{
    uint64_t *descriptor = machine_frame(page);

    for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*descriptor); i++) {
        uint64_t fixed = descriptor[i];

        if (!pv_descriptor_fix(d, &fixed)) {
            return -XEN_EINVAL;
        }
        descriptor[i] = fixed;
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Page tables for tests: a small guest with one address space, built by stores before anything is pinned. */
#ifndef TESTS_UNIT_MM_TABLES_H
#define TESTS_UNIT_MM_TABLES_H

#include "tests/fake/fake.h"

#define KERNEL_RW (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)
#define KERNEL_RO (PTE_PRESENT | PTE_ACCESSED)
#define TABLE     (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)

/* A frame of d. */
mfn_t tables_frame(struct domain *d);
/* Stores as a guest would into a page that it may write. */
void tables_store(mfn_t table, unsigned int index, pte_t pte);
pte_t tables_load(mfn_t table, unsigned int index);

/* A guest d with l4[0] -> l3[0] -> l2[0] -> l1; data frames are mapped by l1 entries 1..; L4 pinned and the base of vCPU 0, which runs.
 * Tables are not mapped at all. */
struct guest {
    struct domain *d;
    struct vcpu *v;
    mfn_t l4, l3, l2, l1;
    mfn_t data[8]; /* data[i] is mapped writable at (i + 1) pages */
};
void tables_guest(struct guest *guest, domid_t id, bool privileged);
#define DATA_ADDRESS(i) (((uint64_t)(i) + 1) << PAGE_SHIFT)

/* mmu_update of one entry, as the hypercall. */
int64_t tables_update(mfn_t table, unsigned int index, pte_t pte);
int64_t tables_update_with(mfn_t table, unsigned int index, pte_t pte, unsigned int command,
                           uint32_t domains);
/* One mmuext_op. */
int64_t tables_op(unsigned int cmd, uint64_t arg1, uint64_t arg2);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Our own page tables, changed through the hypervisor. Tables are found in the direct map (where
 * they are mapped read-only): entry -> MFN -> PFN -> address.
 * Owns: every page-table page. They are never freed: a window's tables are used again.
 */
#ifndef PAGE_TABLE_H
#define PAGE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define PTE_PRESENT   0x001ull
#define PTE_WRITE     0x002ull
#define PTE_USER      0x004ull
#define PTE_WRITETHRU 0x008ull
#define PTE_NOCACHE   0x010ull
#define PTE_ACCESSED  0x020ull
#define PTE_DIRTY     0x040ull
#define PTE_NX        (1ull << 63)
#define PTE_FRAME     0x000ffffffffff000ull
#define PTE_TABLE     (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define PTE_KERNEL    (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define PTE_READ_ONLY (PTE_PRESENT | PTE_USER | PTE_ACCESSED)

/* Takes the table that start_info names. */
void page_table_init(const void *l4);

/* The L1 entry that maps `address`, NULL when a level above is not present. Read-only memory. */
const uint64_t *page_table_entry(const void *address);

/* Its machine address, as mmu_update wants it; 0 when there is no L1. */
uint64_t page_table_entry_machine_address(const void *address);

/* Makes the upper levels for [address, address + nr_pages * 4096). New tables come from
 * memory_alloc_page; 0 or -ENOMEM. */
int page_table_make(const void *address, size_t nr_pages);

/* Sets one L1 entry (its table exists) and invalidates the old translation. 0 or errno. */
int page_table_set(const void *address, uint64_t entry);

/* Clears `nr_pages` entries. */
void page_table_clear(const void *address, size_t nr_pages);

/* Makes a page of the direct map a full L1 for the 512 entries given and hooks it into the L2 above
 * `address`. */
int page_table_install_l1(const void *address, uint64_t *table);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Our own page tables, written with plain stores. Tables are found at their own address (memory is
 * mapped one to one): entry -> address.
 * Owns: every page-table page. They are never freed.
 * Beside it: ../arch-pv/page_table.h, whose entries need PTE_USER because a PV kernel runs in ring 3.
 */
#ifndef PAGE_TABLE_H
#define PAGE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define PTE_PRESENT   0x001ull
#define PTE_WRITE     0x002ull
#define PTE_ACCESSED  0x020ull
#define PTE_DIRTY     0x040ull
#define PTE_NX        (1ull << 63)
#define PTE_FRAME     0x000ffffffffff000ull
#define PTE_TABLE     (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)
#define PTE_KERNEL    (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)
#define PTE_READ_ONLY (PTE_PRESENT | PTE_ACCESSED)

/* Takes an empty L4; page_table_load makes the processor use it. */
void page_table_init(uint64_t *l4);
void page_table_load(void);

/* The L1 entry that maps `address`, NULL when a level above is not present. */
uint64_t *page_table_entry(const void *address);

/* Makes the upper levels for [address, address + nr_pages * 4096). New tables come from
 * memory_alloc_page; 0 or -ENOMEM. */
int page_table_make(const void *address, size_t nr_pages);

/* Sets one L1 entry (its table exists) and invalidates the old translation. */
void page_table_set(const void *address, uint64_t entry);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Page tables on bare hardware: a table is a page like any other, a change is a store and an invlpg.
 * Nobody checks it: an entry that is wrong is found when something breaks.
 * Beside it: ../arch-pv/page_table.c. Read next: memory.c
 */
#include <errno.h>
#include <pvk/memory.h>
#include "page_table.h"

#define TABLE_ENTRIES 512u
#define L1            1u
#define L4            4u

static uint64_t *page_table_l4;

static unsigned int index_of(unsigned long address, unsigned int level)
{
    return (unsigned int)(address >> (MEMORY_PAGE_SHIFT + 9 * (level - 1))) & (TABLE_ENTRIES - 1);
}

static uint64_t *table_of(uint64_t entry)
{
    return (uint64_t *)(entry & PTE_FRAME);
}

/* The entry for `address` in the table of `level`; NULL when a level above it is missing. */
static uint64_t *entry_at(unsigned long address, unsigned int level)
{
    uint64_t *table = page_table_l4;

    for (unsigned int l = L4; l > level; l--) {
        uint64_t entry = table[index_of(address, l)];

        if ((entry & PTE_PRESENT) == 0) {
            return NULL;
        }
        table = table_of(entry);
    }
    return &table[index_of(address, level)];
}

void page_table_init(uint64_t *l4)
{
    page_table_l4 = l4;
}

void page_table_load(void)
{
    __asm__ volatile("movq %0, %%cr3" ::"r"(page_table_l4) : "memory");
}

uint64_t *page_table_entry(const void *address)
{
    return entry_at((unsigned long)address, L1);
}

/* Makes every level above `level` for `address`. */
static int make_levels(unsigned long address, unsigned int level)
{
    for (unsigned int l = L4; l > level; l--) {
        uint64_t *entry = entry_at(address, l);
        uint64_t *table;

        if ((*entry & PTE_PRESENT) != 0) {
            continue;
        }
        table = memory_alloc_page();
        if (table == NULL) {
            return -ENOMEM;
        }
        *entry = (unsigned long)table | PTE_TABLE;
    }
    return 0;
}

int page_table_make(const void *address, size_t nr_pages)
{
    unsigned long va = (unsigned long)address;
    unsigned long end = va + nr_pages * MEMORY_PAGE_SIZE;
    unsigned long span = TABLE_ENTRIES * MEMORY_PAGE_SIZE;

    for (va &= ~(span - 1); va < end; va += span) {
        int error = make_levels(va, L1);

        if (error != 0) {
            return error;
        }
    }
    return 0;
}

void page_table_set(const void *address, uint64_t entry)
{
    *page_table_entry(address) = entry;
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

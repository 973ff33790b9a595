/* SPDX-License-Identifier: MIT */
/*
 * Page tables of a PV guest: read directly, written by mmu_update and update_va_mapping.
 * Invariant PT3 (the hypervisor's): a frame that is a page table is nowhere mapped writable. So a
 * new table is filled first, then made read-only in the direct map, then linked; the hypervisor
 * validates it at that moment.
 * Guest ABI: mmu_update, update_va_mapping. Read next: memory.c
 */
#include <errno.h>
#include <stdbool.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include "page_table.h"

#define TABLE_ENTRIES 512u
#define L1            1u
#define L4            4u

static const uint64_t *page_table_l4;

static unsigned int index_of(unsigned long address, unsigned int level)
{
    return (unsigned int)(address >> (MEMORY_PAGE_SHIFT + 9 * (level - 1))) & (TABLE_ENTRIES - 1);
}

static const uint64_t *table_of(uint64_t entry)
{
    unsigned long pfn = memory_pfn_of_mfn((entry & PTE_FRAME) >> MEMORY_PAGE_SHIFT);

    return memory_address_of_pfn(pfn);
}

/* The entry for `address` in the table of `level`; NULL when a level above it is missing. */
static const uint64_t *entry_at(unsigned long address, unsigned int level)
{
    const uint64_t *table = page_table_l4;

    for (unsigned int l = L4; l > level; l--) {
        uint64_t entry = table[index_of(address, l)];

        if ((entry & PTE_PRESENT) == 0) {
            return NULL;
        }
        table = table_of(entry);
    }
    return &table[index_of(address, level)];
}

void page_table_init(const void *l4)
{
    page_table_l4 = l4;
}

const uint64_t *page_table_entry(const void *address)
{
    return entry_at((unsigned long)address, L1);
}

/* Tables lie in the direct map, so the p2m gives their machine address. */
static uint64_t machine_address_of_entry(const uint64_t *entry)
{
    return ((uint64_t)memory_mfn_of_pfn(memory_pfn_of(entry)) << MEMORY_PAGE_SHIFT) |
           ((unsigned long)entry & (MEMORY_PAGE_SIZE - 1));
}

uint64_t page_table_entry_machine_address(const void *address)
{
    const uint64_t *entry = page_table_entry(address);

    return entry == NULL ? 0 : machine_address_of_entry(entry);
}

/* Turns a filled page into a table: read-only in the direct map, then named by `parent`. */
static int link_table(const uint64_t *parent, uint64_t *table)
{
    unsigned long mfn = memory_mfn_of_pfn(memory_pfn_of(table));
    struct mmu_update update;
    long result;

    result = hypercall_update_va_mapping(
        (unsigned long)table, ((uint64_t)mfn << MEMORY_PAGE_SHIFT) | PTE_READ_ONLY, UVMF_INVLPG);
    if (result != 0) {
        return hypercall_error(result);
    }
    update.ptr = machine_address_of_entry(parent) | MMU_NORMAL_PT_UPDATE;
    update.val = ((uint64_t)mfn << MEMORY_PAGE_SHIFT) | PTE_TABLE;
    return hypercall_error(hypercall_mmu_update(&update, 1, NULL, DOMID_SELF));
}

/* Makes every level above `level` for `address`. */
static int make_levels(unsigned long address, unsigned int level)
{
    for (unsigned int l = L4; l > level; l--) {
        const uint64_t *entry = entry_at(address, l);
        uint64_t *table;
        int error;

        if ((*entry & PTE_PRESENT) != 0) {
            continue;
        }
        table = memory_alloc_page();
        if (table == NULL) {
            return -ENOMEM;
        }
        error = link_table(entry, table);
        if (error != 0) {
            return error;
        }
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

int page_table_install_l1(const void *address, uint64_t *table)
{
    int error = make_levels((unsigned long)address, L1 + 1);

    if (error != 0) {
        return error;
    }
    return link_table(entry_at((unsigned long)address, L1 + 1), table);
}

int page_table_set(const void *address, uint64_t entry)
{
    return hypercall_error(hypercall_update_va_mapping((unsigned long)address, entry, UVMF_INVLPG));
}

void page_table_clear(const void *address, size_t nr_pages)
{
    for (size_t i = 0; i < nr_pages; i++) {
        const char *page = (const char *)address + i * MEMORY_PAGE_SIZE;
        const uint64_t *entry = page_table_entry(page);

        if (entry != NULL && *entry != 0 && page_table_set(page, 0) != 0) {
            panic("cannot unmap %p", (const void *)page);
        }
    }
}

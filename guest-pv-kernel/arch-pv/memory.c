/* SPDX-License-Identifier: MIT */
/*
 * Memory of a PV guest. The builder maps an initial stretch at VA = PFN << 12 and leaves the p2m
 * list in it; we extend that map over all our pages, give what is free to the page allocator, and
 * lay the heap and the windows above.
 *
 *     0      page 0, unmapped         heap_base    malloc, up to as much as there is memory
 *     1 MiB  image, then builder's    window_base  foreign frames, MMIO, grants
 *            tables, then free
 *
 * Owns: p2m, allocator. Invariant: MM1 (memory.h). Guest ABI: start_info, m2p at
 * HYPERVISOR_VIRT_START. Read next: memory_window.c, memory_dma.c
 */
#include <errno.h>
#include <string.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include "../core/page_allocator.h"
#include "memory_layout.h"
#include "page_table.h"

#define TABLE_SPAN (512ul * MEMORY_PAGE_SIZE) /* what one L1 maps */

extern char image_start[], image_end[], rodata_start[], data_start[];

static struct page_allocator memory_allocator;
static unsigned long *memory_p2m;
static size_t memory_pages;
/* Until the allocator runs, pages come from here: free pages of the builder's stretch. */
static unsigned long memory_early_next, memory_early_end;

size_t memory_nr_pages(void)
{
    return memory_pages;
}

size_t memory_nr_free_pages(void)
{
    return memory_allocator.nr_free;
}

unsigned long memory_pfn_of(const void *address)
{
    return (unsigned long)address >> MEMORY_PAGE_SHIFT;
}

void *memory_address_of_pfn(unsigned long pfn)
{
    return (void *)(pfn << MEMORY_PAGE_SHIFT);
}

unsigned long memory_mfn_of_pfn(unsigned long pfn)
{
    return pfn < memory_pages ? memory_p2m[pfn] : ~0ul;
}

unsigned long memory_pfn_of_mfn(unsigned long mfn)
{
    unsigned long pfn = machine_to_phys_mapping[mfn];

    return pfn < memory_pages && memory_p2m[pfn] == mfn ? pfn : ~0ul;
}

void memory_set_p2m(unsigned long pfn, unsigned long mfn)
{
    memory_p2m[pfn] = mfn;
}

unsigned long memory_mfn_of(const void *address)
{
    const uint64_t *entry;

    if (memory_pfn_of(address) < memory_pages) {
        return memory_p2m[memory_pfn_of(address)];
    }
    entry = page_table_entry(address);
    if (entry == NULL || (*entry & PTE_PRESENT) == 0) {
        return ~0ul;
    }
    return (*entry & PTE_FRAME) >> MEMORY_PAGE_SHIFT;
}

uint64_t memory_machine_address_of(const void *address)
{
    unsigned long mfn = memory_mfn_of(address);

    if (mfn == ~0ul) {
        return ~0ull;
    }
    return ((uint64_t)mfn << MEMORY_PAGE_SHIFT) | ((unsigned long)address & (MEMORY_PAGE_SIZE - 1));
}

void *memory_alloc_pages(unsigned int order)
{
    unsigned long pfn;

    if (memory_allocator.tags == NULL) {
        if (order != 0 || memory_early_next == memory_early_end) {
            return NULL;
        }
        return memory_address_of_pfn(memory_early_next++);
    }
    pfn = page_allocator_take(&memory_allocator, order);
    return pfn == PAGE_ALLOCATOR_NONE ? NULL : memory_address_of_pfn(pfn);
}

void memory_free_pages(void *pages, unsigned int order)
{
    if (pages != NULL) {
        page_allocator_give(&memory_allocator, memory_pfn_of(pages), order);
    }
}

void *memory_alloc_page(void)
{
    void *page = memory_alloc_pages(0);

    if (page != NULL) {
        memset(page, 0, MEMORY_PAGE_SIZE);
    }
    return page;
}

void memory_free_page(void *page)
{
    memory_free_pages(page, 0);
}

/* The first page that the builder did not map. */
static unsigned long first_unmapped_pfn(void)
{
    unsigned long pfn = memory_pfn_of(image_end);

    while (pfn < memory_pages) {
        const uint64_t *entry = page_table_entry(memory_address_of_pfn(pfn));

        if (entry == NULL || (*entry & PTE_PRESENT) == 0) {
            break;
        }
        pfn++;
    }
    return pfn;
}

/* Maps [pfn, pfn + 512) or less with one new L1, all entries at once: no hypercall per page. */
static int map_span(unsigned long pfn, unsigned long end)
{
    uint64_t *table = memory_alloc_page();

    if (table == NULL) {
        return -ENOMEM;
    }
    for (unsigned long i = 0; i < 512 && pfn + i < end; i++) {
        table[i] = ((uint64_t)memory_p2m[pfn + i] << MEMORY_PAGE_SHIFT) | PTE_KERNEL | PTE_NX;
    }
    return page_table_install_l1(memory_address_of_pfn(pfn), table);
}

static void extend_direct_map(unsigned long pfn, unsigned long end)
{
    while (pfn < end) {
        const void *address = memory_address_of_pfn(pfn);
        int error;

        if ((pfn & 511) == 0 && page_table_entry(address) == NULL) {
            error = map_span(pfn, end);
            pfn += 512;
        } else {
            error = page_table_set(address, ((uint64_t)memory_p2m[pfn] << MEMORY_PAGE_SHIFT) |
                                                PTE_KERNEL | PTE_NX);
            pfn++;
        }
        if (error != 0) {
            panic("cannot map page %lx: error %d", pfn, error);
        }
        memory_early_end = pfn < end ? pfn : end; /* tables for the rest may lie in it */
    }
}

/* Text and constants become read-only: a wild store is then a fault with a backtrace. */
static void protect_image(void)
{
    unsigned long end = memory_pfn_of(data_start);

    for (unsigned long pfn = memory_pfn_of(image_start); pfn < end; pfn++) {
        uint64_t flags = pfn < memory_pfn_of(rodata_start) ? PTE_READ_ONLY : PTE_READ_ONLY | PTE_NX;
        uint64_t mfn = memory_p2m[pfn];

        if (page_table_set(memory_address_of_pfn(pfn), (mfn << MEMORY_PAGE_SHIFT) | flags) != 0) {
            panic("cannot protect page %lx", pfn);
        }
    }
}

void memory_init(void)
{
    const struct start_info *start = start_information();
    unsigned long mapped;
    unsigned long first = memory_pfn_of((void *)start->pt_base) + start->nr_pt_frames;
    unsigned long tags_pages;
    uint8_t *tags;

    memory_p2m = (unsigned long *)start->mfn_list;
    memory_pages = start->nr_pages;
    page_table_init((const void *)start->pt_base);
    mapped = first_unmapped_pfn();
    memory_early_next = first;
    memory_early_end = mapped;
    extend_direct_map(mapped, memory_pages);

    /* The tags lie right behind what was used, in pages that are mapped by now. */
    tags_pages = (memory_pages + MEMORY_PAGE_SIZE - 1) >> MEMORY_PAGE_SHIFT;
    tags = memory_address_of_pfn(memory_early_next);
    page_allocator_init(&memory_allocator, NULL, tags, memory_pages);
    page_allocator_add(&memory_allocator, 1, memory_pfn_of(image_start));
    page_allocator_add(&memory_allocator, memory_early_next + tags_pages, memory_pages);

    protect_image();
    page_table_clear(NULL, 1);
    memory_window_init((memory_pages * MEMORY_PAGE_SIZE + TABLE_SPAN - 1) & ~(TABLE_SPAN - 1));
}

/* SPDX-License-Identifier: MIT */
/*
 * Memory on bare hardware: one array of pages, the machine's own. All of it is mapped one to one
 * with fresh tables, what is free goes to the page allocator, and the heap lies above.
 *
 *     0      page 0, unmapped         heap_start   malloc, up to as much as there is memory
 *     1 MiB  image, then tables, then free
 *
 * Owns: the allocator, the heap. Invariant: MM1 (memory.h). Here a PFN is an MFN, so there is no
 * p2m, no m2p and nothing to exchange. Beside it: ../arch-pv/memory.c, ../arch-pv/memory_window.c
 */
#include <string.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include "../core/arch.h"
#include "../core/page_allocator.h"
#include "memory_layout.h"
#include "page_table.h"

/* Mapped behind the heap's end although nobody uses it: saves mapping it again soon. */
#define HEAP_SLACK (64 * MEMORY_PAGE_SIZE)

extern char image_start[], image_end[], rodata_start[], data_start[];

static struct page_allocator memory_allocator;
static size_t memory_pages;
/* Until the allocator runs, pages come from here, outside of what is kept. */
static unsigned long memory_early_next, memory_early_end;
static unsigned long heap_start, heap_mapped, heap_break, heap_limit;

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

unsigned long memory_mfn_of(const void *address)
{
    const uint64_t *entry = page_table_entry(address);

    if (entry == NULL || (*entry & PTE_PRESENT) == 0) {
        return ~0ul;
    }
    return (*entry & PTE_FRAME) >> MEMORY_PAGE_SHIFT;
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

/* The pages behind `end` go back to the allocator. */
static void heap_unmap_from(unsigned long end)
{
    while (heap_mapped > end) {
        unsigned long page;

        heap_mapped -= MEMORY_PAGE_SIZE;
        page = *page_table_entry((void *)heap_mapped) & PTE_FRAME;
        page_table_set((void *)heap_mapped, 0);
        memory_free_page((void *)page);
    }
}

/* What it mapped stays on failure: the caller takes it back. */
static int heap_map_until(unsigned long end)
{
    int error = page_table_make((void *)heap_mapped, (end - heap_mapped) >> MEMORY_PAGE_SHIFT);

    while (error == 0 && heap_mapped < end) {
        void *page = memory_alloc_page();

        if (page == NULL) {
            return -1;
        }
        page_table_set((void *)heap_mapped, (unsigned long)page | PTE_KERNEL | PTE_NX);
        heap_mapped += MEMORY_PAGE_SIZE;
    }
    return error;
}

void *memory_heap_grow(long bytes)
{
    unsigned long old = heap_break;
    unsigned long wanted = heap_break + (unsigned long)bytes;
    unsigned long end = (wanted + MEMORY_PAGE_SIZE - 1) & ~(MEMORY_PAGE_SIZE - 1);
    unsigned long before = heap_mapped;

    if (wanted < heap_start || wanted > heap_limit) {
        return NULL;
    }
    if (end > heap_mapped && heap_map_until(end) != 0) {
        heap_unmap_from(before);
        return NULL;
    }
    /* Some stay: what is freed now is often wanted again. */
    heap_unmap_from(end + HEAP_SLACK);
    heap_break = wanted;
    return (void *)old;
}

/* One to one; text and constants read-only: a wild store is then a fault with a backtrace. */
static void map_everything(void)
{
    if (page_table_make(NULL, memory_pages) != 0) {
        panic("no memory for page tables");
    }
    for (unsigned long pfn = 1; pfn < memory_pages; pfn++) {
        const char *page = memory_address_of_pfn(pfn);
        uint64_t flags = PTE_KERNEL | PTE_NX;

        if (page >= image_start && page < data_start) {
            flags = page < rodata_start ? PTE_READ_ONLY : PTE_READ_ONLY | PTE_NX;
        }
        *page_table_entry(page) = (pfn << MEMORY_PAGE_SHIFT) | flags;
    }
}

void memory_init(unsigned long end, unsigned long kept_start, unsigned long kept_end)
{
    unsigned long kept_first = kept_start >> MEMORY_PAGE_SHIFT;
    unsigned long kept_next = (kept_end + MEMORY_PAGE_SIZE - 1) >> MEMORY_PAGE_SHIFT;
    unsigned long tags_pages, first;
    void *tags;

    memory_pages = end >> MEMORY_PAGE_SHIFT;
    if (kept_end == kept_start || kept_next > memory_pages) {
        kept_first = kept_next = memory_pages;
    }
    memory_early_next = memory_pfn_of(image_end);
    memory_early_end = kept_first;
    page_table_init(memory_alloc_page());
    map_everything();
    page_table_load();

    tags_pages = (memory_pages + MEMORY_PAGE_SIZE - 1) >> MEMORY_PAGE_SHIFT;
    tags = memory_address_of_pfn(memory_early_next);
    first = memory_early_next + tags_pages;
    page_allocator_init(&memory_allocator, NULL, tags, memory_pages);
    page_allocator_add(&memory_allocator, first, kept_first);
    page_allocator_add(&memory_allocator, kept_next, memory_pages);

    heap_start = (end + (1ul << 21) - 1) & ~((1ul << 21) - 1);
    heap_mapped = heap_break = heap_start;
    heap_limit = 2 * heap_start;
}

/* SPDX-License-Identifier: MIT */
/*
 * Address space above the direct map: the heap, which grows by mapping our own pages, and windows,
 * which map frames of others.
 * Owns: the list of free window space. Invariant MW1: an address in a free window has no mapping;
 * its page tables may exist and are used again. Guest ABI: mmu_update with a foreign domain. Read
 * next: grant.c
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include "../core/arch.h"
#include "memory_layout.h"
#include "page_table.h"

#define WINDOW_BYTES (64ul << 30)
#define BATCH        64u
/* Mapped behind the heap's end although nobody uses it: saves mapping it again soon. */
#define HEAP_SLACK (64 * MEMORY_PAGE_SIZE)

struct free_window {
    struct free_window *next;
    unsigned long start;
    size_t nr_pages;
};

static unsigned long heap_start, heap_mapped, heap_break, heap_limit;
static struct free_window *free_windows;
static unsigned long window_next, window_limit; /* never used yet */

void memory_window_init(unsigned long base)
{
    heap_start = heap_mapped = heap_break = base;
    heap_limit = 2 * base;
    window_next = heap_limit;
    window_limit = window_next + WINDOW_BYTES;
}

/* The pages behind `end` go back to the allocator. */
static void heap_unmap_from(unsigned long end)
{
    while (heap_mapped > end) {
        void *page;

        heap_mapped -= MEMORY_PAGE_SIZE;
        page = memory_address_of_pfn(memory_pfn_of_mfn(memory_mfn_of((void *)heap_mapped)));
        page_table_clear((void *)heap_mapped, 1);
        memory_free_page(page);
    }
}

/* What it mapped stays on failure: the caller takes it back. */
static int heap_map_until(unsigned long end)
{
    int error = page_table_make((void *)heap_mapped, (end - heap_mapped) >> MEMORY_PAGE_SHIFT);

    while (error == 0 && heap_mapped < end) {
        void *page = memory_alloc_page();

        if (page == NULL) {
            return -ENOMEM;
        }
        error = page_table_set((void *)heap_mapped,
                               (memory_machine_address_of(page) | PTE_KERNEL | PTE_NX));
        if (error != 0) {
            memory_free_page(page);
            return error;
        }
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

static void *take_free_window(size_t nr_pages)
{
    for (struct free_window **link = &free_windows; *link != NULL; link = &(*link)->next) {
        struct free_window *window = *link;
        unsigned long start = window->start;

        if (window->nr_pages < nr_pages) {
            continue;
        }
        window->start += nr_pages * MEMORY_PAGE_SIZE;
        window->nr_pages -= nr_pages;
        if (window->nr_pages == 0) {
            *link = window->next;
            free(window);
        }
        return (void *)start;
    }
    return NULL;
}

void *memory_window_alloc(size_t nr_pages)
{
    void *window = take_free_window(nr_pages);

    if (window == NULL) {
        if (nr_pages > (window_limit - window_next) >> MEMORY_PAGE_SHIFT) {
            return NULL;
        }
        window = (void *)window_next;
        if (page_table_make(window, nr_pages) != 0) {
            return NULL;
        }
        window_next += nr_pages * MEMORY_PAGE_SIZE;
    }
    return window;
}

/* Sorted by address, neighbours joined. Without memory for a node the space is lost, not reused. */
void memory_window_free(void *address, size_t nr_pages)
{
    unsigned long start = (unsigned long)address;
    unsigned long end = start + nr_pages * MEMORY_PAGE_SIZE;
    struct free_window **link = &free_windows;
    struct free_window *previous = NULL;
    struct free_window *window;

    while (*link != NULL && (*link)->start < start) {
        previous = *link;
        link = &(*link)->next;
    }
    if (*link != NULL && (*link)->start == end) {
        (*link)->start = start;
        (*link)->nr_pages += nr_pages;
    } else if (previous != NULL &&
               previous->start + previous->nr_pages * MEMORY_PAGE_SIZE == start) {
        previous->nr_pages += nr_pages;
    } else {
        window = malloc(sizeof(*window));
        if (window != NULL) {
            *window = (struct free_window){*link, start, nr_pages};
            *link = window;
        }
        return;
    }
    window = previous != NULL ? previous->next : NULL;
    if (window != NULL &&
        previous->start + previous->nr_pages * MEMORY_PAGE_SIZE == window->start) {
        previous->nr_pages += window->nr_pages;
        previous->next = window->next;
        free(window);
    }
}

static uint64_t flags_of(unsigned int protection)
{
    uint64_t flags = PTE_READ_ONLY;

    flags |= (protection & MEMORY_WRITE) != 0 ? PTE_WRITE | PTE_DIRTY : 0;
    flags |= (protection & MEMORY_EXECUTE) != 0 ? 0 : PTE_NX;
    flags |= (protection & MEMORY_UNCACHED) != 0 ? PTE_NOCACHE : 0;
    return flags;
}

/* Maps up to BATCH frames; the number mapped before the first failure, whose errno is *error. */
static size_t map_batch(char *address, const unsigned long *mfns, size_t count, uint64_t flags,
                        uint16_t domid, int *error)
{
    struct mmu_update updates[BATCH];
    unsigned int done = 0;
    long result;

    for (size_t i = 0; i < count; i++) {
        updates[i].ptr =
            page_table_entry_machine_address(address + i * MEMORY_PAGE_SIZE) | MMU_NORMAL_PT_UPDATE;
        updates[i].val = ((uint64_t)mfns[i] << MEMORY_PAGE_SHIFT) | flags;
    }
    result = hypercall_mmu_update(updates, (unsigned int)count, &done, domid);
    *error = hypercall_error(result);
    return result == 0 ? count : done;
}

void *memory_map_frames(const unsigned long *mfns, size_t nr_frames, unsigned int protection,
                        uint16_t domid, int *errors)
{
    char *window = memory_window_alloc(nr_frames);
    uint64_t flags = flags_of(protection);
    size_t i = 0;

    if (window == NULL) {
        return NULL;
    }
    if (errors != NULL) {
        memset(errors, 0, nr_frames * sizeof(*errors));
    }
    while (i < nr_frames) {
        size_t count = nr_frames - i < BATCH ? nr_frames - i : BATCH;
        int error;

        i += map_batch(window + i * MEMORY_PAGE_SIZE, mfns + i, count, flags, domid, &error);
        if (error == 0) {
            continue;
        }
        if (errors == NULL) {
            memory_unmap_frames(window, nr_frames);
            return NULL;
        }
        errors[i++] = error;
    }
    return window;
}

void memory_unmap_frames(void *address, size_t nr_frames)
{
    page_table_clear(address, nr_frames);
    memory_window_free(address, nr_frames);
}

void *memory_map_io(uint64_t machine_address, size_t bytes)
{
    unsigned long offset = machine_address & (MEMORY_PAGE_SIZE - 1);
    size_t nr_frames = (offset + bytes + MEMORY_PAGE_SIZE - 1) >> MEMORY_PAGE_SHIFT;
    unsigned long *mfns = malloc(nr_frames * sizeof(*mfns));
    char *window;

    if (mfns == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < nr_frames; i++) {
        mfns[i] = (machine_address >> MEMORY_PAGE_SHIFT) + i;
    }
    window = memory_map_frames(mfns, nr_frames, MEMORY_WRITE | MEMORY_UNCACHED, DOMID_IO, NULL);
    free(mfns);
    return window == NULL ? NULL : window + offset;
}

void memory_unmap_io(void *address, size_t bytes)
{
    unsigned long offset = (unsigned long)address & (MEMORY_PAGE_SIZE - 1);

    memory_unmap_frames((char *)address - offset,
                        (offset + bytes + MEMORY_PAGE_SIZE - 1) >> MEMORY_PAGE_SHIFT);
}

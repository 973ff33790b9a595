/* SPDX-License-Identifier: MIT */
/*
 * Grant table, version 1: an array shared with the hypervisor, one 8-byte entry per reference.
 * Owns: the table and the list of free references. Invariant GR1: an entry's flags are written last
 * when lending and taken back by compare-exchange, because the hypervisor looks at any moment.
 * Guest ABI: grant_table_op. Read next: memory_window.c
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <public/xen.h>
#include <public/grant_table.h>
#include <pvk/grant.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include "page_table.h"

#define FIRST_REFERENCE   8u /* 0-7 are the ABI's: console, xenstore */
#define MAX_FRAMES        32u
#define ENTRIES_PER_FRAME (MEMORY_PAGE_SIZE / sizeof(struct grant_entry_v1))
#define IN_USE            (GTF_reading | GTF_writing)

static struct grant_entry_v1 *table;
static unsigned int nr_frames;
/* A free entry's frame field holds the next free reference; 0 ends the list. */
static grant_reference_t first_free;

/* Adds a frame of entries, with the window for all made the first time. */
static int grow(void)
{
    static char *window;
    xen_pfn_t frames[MAX_FRAMES];
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = nr_frames + 1};
    char *page;

    if (window == NULL) {
        window = memory_window_alloc(MAX_FRAMES);
    }
    if (window == NULL || nr_frames == MAX_FRAMES) {
        return -ENOSPC;
    }
    set_xen_guest_handle(setup.frame_list, frames);
    if (hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1) != 0 ||
        setup.status != GNTST_okay) {
        return -ENOSPC;
    }
    page = window + nr_frames * MEMORY_PAGE_SIZE;
    if (page_table_set(page, ((uint64_t)frames[nr_frames] << MEMORY_PAGE_SHIFT) | PTE_KERNEL |
                                 PTE_NX) != 0) {
        return -ENOSPC;
    }
    table = (struct grant_entry_v1 *)(void *)window;
    for (unsigned int i = ENTRIES_PER_FRAME; i-- > 0;) {
        grant_reference_t reference = nr_frames * (unsigned int)ENTRIES_PER_FRAME + i;

        if (reference >= FIRST_REFERENCE) {
            table[reference].frame = first_free;
            first_free = reference;
        }
    }
    nr_frames++;
    return 0;
}

int grant_access(uint16_t domid, const void *page, bool read_only)
{
    grant_reference_t reference;
    int error;

    if (first_free == 0) {
        error = grow();
        if (error != 0) {
            return error;
        }
    }
    reference = first_free;
    first_free = table[reference].frame;
    table[reference].domid = domid;
    table[reference].frame = (uint32_t)memory_mfn_of(page);
    __atomic_store_n(&table[reference].flags,
                     (uint16_t)(GTF_permit_access | (read_only ? GTF_readonly : 0)),
                     __ATOMIC_RELEASE);
    return (int)reference;
}

int grant_end_access(grant_reference_t reference)
{
    uint16_t flags = __atomic_load_n(&table[reference].flags, __ATOMIC_SEQ_CST);

    do {
        if ((flags & IN_USE) != 0) {
            return -EBUSY;
        }
    } while (!__atomic_compare_exchange_n(&table[reference].flags, &flags, 0, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    table[reference].frame = first_free;
    first_free = reference;
    return 0;
}

static void unmap_pages(const struct grant_mapping *mapping, size_t nr_pages)
{
    for (size_t i = 0; i < nr_pages; i++) {
        struct gnttab_unmap_grant_ref unmap = {
            .host_addr = (uint64_t)((char *)mapping->address + i * MEMORY_PAGE_SIZE),
            .handle = mapping->handles[i],
        };

        (void)hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    }
}

int grant_map(uint16_t domid, const grant_reference_t *references, size_t nr_pages, bool read_only,
              struct grant_mapping *mapping)
{
    mapping->nr_pages = nr_pages;
    mapping->handles = malloc(nr_pages * sizeof(*mapping->handles));
    mapping->address = mapping->handles == NULL ? NULL : memory_window_alloc(nr_pages);
    if (mapping->address == NULL) {
        free(mapping->handles);
        return -ENOMEM;
    }
    for (size_t i = 0; i < nr_pages; i++) {
        struct gnttab_map_grant_ref map = {
            .host_addr = (uint64_t)((char *)mapping->address + i * MEMORY_PAGE_SIZE),
            .flags = (uint32_t)(GNTMAP_host_map | (read_only ? GNTMAP_readonly : 0)),
            .ref = references[i],
            .dom = domid,
        };

        if (hypercall_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) != 0 ||
            map.status != GNTST_okay) {
            unmap_pages(mapping, i);
            memory_window_free(mapping->address, nr_pages);
            free(mapping->handles);
            return -EINVAL;
        }
        mapping->handles[i] = map.handle;
    }
    return 0;
}

void grant_unmap(struct grant_mapping *mapping)
{
    unmap_pages(mapping, mapping->nr_pages);
    memory_window_free(mapping->address, mapping->nr_pages);
    free(mapping->handles);
    *mapping = (struct grant_mapping){NULL, 0, NULL};
}

/* SPDX-License-Identifier: MIT */
/*
 * Pages and grants. A granted page is the same memory for both; who may use it is checked.
 * Owns: the pages' owners, the grant tables. Read next: sim_store.c
 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/grant.h>
#include <pvk/memory.h>

#define MAX_PAGES  256u
#define MAX_GRANTS 256u
#define FIRST      8u /* as in the ABI */

static struct {
    void *page;
    unsigned int side;
} pages[MAX_PAGES];

static struct grant {
    const void *page; /* NULL: free */
    bool read_only;
    unsigned int mapped;
} grants[SIM_DOMAINS][MAX_GRANTS];

void *memory_alloc_page(void)
{
    for (unsigned int i = 0; i < MAX_PAGES; i++) {
        if (pages[i].page == NULL) {
            pages[i].page = aligned_alloc(MEMORY_PAGE_SIZE, MEMORY_PAGE_SIZE);
            pages[i].side = sim_current;
            memset(pages[i].page, 0, MEMORY_PAGE_SIZE);
            return pages[i].page;
        }
    }
    return NULL;
}

void memory_free_page(void *page)
{
    for (unsigned int i = 0; i < MAX_GRANTS; i++) {
        if (grants[sim_current][i].page == page) {
            sim_fail("a page is freed while reference %u lends it", i);
        }
    }
    for (unsigned int i = 0; i < MAX_PAGES; i++) {
        if (pages[i].page == page && pages[i].side == sim_current) {
            free(page);
            pages[i].page = NULL;
            return;
        }
    }
    sim_fail("a page is freed that was not allocated");
}

int grant_access(uint16_t domid, const void *page, bool read_only)
{
    if (domid != SIM_DOMID(!sim_current)) {
        sim_fail("a page is lent to domain %u, which is not the other end", domid);
    }
    for (unsigned int i = FIRST; i < MAX_GRANTS; i++) {
        if (grants[sim_current][i].page == NULL) {
            grants[sim_current][i] = (struct grant){page, read_only, 0};
            return (int)i;
        }
    }
    return -ENOSPC;
}

int grant_end_access(grant_reference_t reference)
{
    struct grant *grant = &grants[sim_current][reference % MAX_GRANTS];

    if (grant->page == NULL) {
        sim_fail("reference %u is ended twice", reference);
    }
    if (grant->mapped > 0) {
        return -EBUSY;
    }
    grant->page = NULL;
    return 0;
}

/* Pages that follow each other would need real mappings: one at a time. */
int grant_map(uint16_t domid, const grant_reference_t *references, size_t nr_pages, bool read_only,
              struct grant_mapping *mapping)
{
    struct grant *grant = &grants[!sim_current][references[0] % MAX_GRANTS];

    if (domid != SIM_DOMID(!sim_current) || nr_pages != 1 || grant->page == NULL ||
        (grant->read_only && !read_only)) {
        return -EINVAL;
    }
    grant->mapped++;
    *mapping = (struct grant_mapping){(void *)(uintptr_t)grant->page, 1, malloc(sizeof(uint32_t))};
    mapping->handles[0] = references[0];
    return 0;
}

void grant_unmap(struct grant_mapping *mapping)
{
    struct grant *grant = &grants[!sim_current][mapping->handles[0] % MAX_GRANTS];

    if (grant->mapped == 0) {
        sim_fail("a page is unmapped that is not mapped");
    }
    grant->mapped--;
    free(mapping->handles);
    *mapping = (struct grant_mapping){NULL, 0, NULL};
}

unsigned int sim_pages_held(unsigned int side)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < MAX_PAGES; i++) {
        count += pages[i].page != NULL && pages[i].side == side;
    }
    return count;
}

unsigned int sim_grants_lent(unsigned int side)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < MAX_GRANTS; i++) {
        count += grants[side][i].page != NULL;
    }
    return count;
}

unsigned int sim_grants_mapped(void)
{
    unsigned int count = 0;

    for (unsigned int side = 0; side < SIM_DOMAINS; side++) {
        for (unsigned int i = 0; i < MAX_GRANTS; i++) {
            count += grants[side][i].mapped;
        }
    }
    return count;
}

/* SPDX-License-Identifier: MIT */
/*
 * See net_grants.h: the guest's grants and pages, and the back end's copies through them.
 */
#include "tests/unit/net_grants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/grant.h>
#include <pvk/memory.h>

#include "dom0-tools/libpv/seam.h"

#define PAGE 4096u

struct net_grant net_grants[NET_GRANTS];
size_t net_grants_nr_pages, net_grants_nr_calls;

void *memory_alloc_page(void)
{
    net_grants_nr_pages++;
    void *page = aligned_alloc(PAGE, PAGE);
    memset(page, 0, PAGE);
    return page;
}

void memory_free_page(void *page)
{
    net_grants_nr_pages--;
    free(page);
}

int grant_access(uint16_t domid, const void *page, bool read_only)
{
    (void)domid;
    for (int i = 8; i < (int)NET_GRANTS; i++) {
        if (net_grants[i].page == NULL) {
            net_grants[i] = (struct net_grant){(uint8_t *)(uintptr_t)page, read_only, false};
            return i;
        }
    }
    return -ENOSPC;
}

int grant_end_access(grant_reference_t reference)
{
    if (net_grants[reference].held) {
        return -EBUSY;
    }
    net_grants[reference].page = NULL;
    return 0;
}

/* What the hypervisor checks: the grant, its rights, and that nothing crosses a page. */
void seam_copy_pieces(struct seam_piece *pieces, size_t count)
{
    net_grants_nr_calls++;
    for (size_t i = 0; i < count; i++) {
        struct seam_piece *piece = &pieces[i];
        const struct net_grant *grant =
            piece->reference < NET_GRANTS ? &net_grants[piece->reference] : NULL;

        if (grant == NULL || grant->page == NULL || (piece->to_guest && grant->read_only) ||
            (size_t)piece->offset + piece->length > PAGE ||
            ((uintptr_t)piece->local % PAGE) + piece->length > PAGE) {
            piece->status = -3;
            continue;
        }
        piece->status = 0;
        if (piece->to_guest) {
            memcpy(grant->page + piece->offset, piece->local, piece->length);
        } else {
            memcpy(piece->local, grant->page + piece->offset, piece->length);
        }
    }
}

#define MAPPED 64u

static uint8_t mapped[MAPPED * PAGE] __attribute__((aligned(PAGE)));
size_t net_grants_nr_mapped;

/* A copy of the pages stands for the mapping: whoever reads it sees the same. */
int seam_map_grants(uint16_t domid, const uint32_t *references, size_t nr_pages,
                    unsigned int rights, void **address)
{
    (void)domid;
    (void)rights;
    for (size_t i = 0; i < nr_pages; i++) {
        if (i >= MAPPED || references[i] >= NET_GRANTS || net_grants[references[i]].page == NULL) {
            return -EINVAL;
        }
        memcpy(mapped + i * PAGE, net_grants[references[i]].page, PAGE);
    }
    net_grants_nr_mapped++;
    *address = mapped;
    return 0;
}

void seam_unmap_grants(void *address)
{
    net_grants_nr_mapped -= address == mapped;
}

int seam_wait_any(struct seam_wait *waits, size_t nr_waits, int timeout_ms)
{
    (void)waits;
    (void)nr_waits;
    (void)timeout_ms;
    return 0;
}

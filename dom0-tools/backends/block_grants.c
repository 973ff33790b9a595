/* SPDX-License-Identifier: MIT */
/*
 * block_grants.c: the guest's pages, on both of the ways in which a back end may reach them: mapped
 * once and kept (a front end with feature-persistent gives the same pages again and again), or copied
 * by the hypervisor without any mapping.
 * Owns: the table of mapped grants: open addressing, a few probes, no deletion before the end.
 * Invariant BLG1: a page in the table is mapped writable and stays so until block_grants_release();
 * a reference that finds no slot, or may not be written, is copied instead.
 * Read next: block_device.c.
 */
#include "dom0-tools/backends/block_device.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/seam.h"

#define PROBES     16u
#define COPY_BATCH 32u

/* The page of a reference, mapped now if need be; NULL: it has to be copied. */
static void *grant_page(struct block_device *device, uint32_t reference)
{
    uint32_t slot = reference * 0x9e3779b1u;
    uint32_t handle;

    for (uint32_t i = 0; device->grants != NULL && i < PROBES; i++) {
        struct block_grant *grant = &device->grants[(slot + i) & (BLOCK_GRANTS - 1)];

        if (grant->page != NULL && grant->reference == reference) {
            return grant->page;
        }
        if (grant->page == NULL) {
            if (seam_map_grant(device->domid, reference, SEAM_READ | SEAM_WRITE, &grant->page,
                               &handle) < 0) {
                grant->page = NULL;
                return NULL;
            }
            grant->reference = reference;
            return grant->page;
        }
    }
    return NULL;
}

static int copies_flush(struct block_device *device, const struct seam_copy *copies, size_t *count)
{
    int result = *count == 0 ? 0 : seam_copy_grants(device->domid, copies, *count);

    device->nr_copied += *count;
    *count = 0;
    return result;
}

int block_grants_move(struct block_device *device, bool to_guest)
{
    const struct block_request *request = &device->request;
    struct seam_copy copies[COPY_BATCH];
    uint8_t *at = device->staging;
    size_t count = 0;
    int result = 0;

    for (unsigned int i = 0; result == 0 && i < request->nr_segments; i++) {
        const struct blkif_request_segment *segment = &request->segments[i];
        size_t offset = segment->first_sect * BLOCK_SECTOR;
        size_t length = (segment->last_sect - segment->first_sect + 1u) * BLOCK_SECTOR;
        uint8_t *page = device->persistent ? grant_page(device, segment->gref) : NULL;

        if (page != NULL) {
            memcpy(to_guest ? page + offset : at, to_guest ? at : page + offset, length);
            device->nr_mapped++;
        } else {
            copies[count++] =
                (struct seam_copy){at, segment->gref, (uint16_t)offset, (uint16_t)length, to_guest};
            result = count == COPY_BATCH ? copies_flush(device, copies, &count) : 0;
        }
        at += length;
    }
    return result < 0 ? result : copies_flush(device, copies, &count);
}

int block_grants_segments(struct block_device *device)
{
    struct block_request *request = &device->request;
    struct seam_copy copies[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
    unsigned int left = request->nr_segments;

    for (unsigned int i = 0; i < request->nr_pages; i++) {
        unsigned int count = left < BLOCK_SEGMENTS_PER_PAGE ? left : BLOCK_SEGMENTS_PER_PAGE;

        copies[i] =
            (struct seam_copy){&request->segments[i * BLOCK_SEGMENTS_PER_PAGE], request->pages[i],
                               0, (uint16_t)(count * sizeof(request->segments[0])), 0};
        left -= count;
    }
    return seam_copy_grants(device->domid, copies, request->nr_pages);
}

void block_grants_release(struct block_device *device)
{
    for (unsigned int i = 0; device->grants != NULL && i < BLOCK_GRANTS; i++) {
        if (device->grants[i].page != NULL) {
            seam_unmap_grants(device->grants[i].page);
        }
    }
    free(device->grants);
    device->grants = NULL;
}

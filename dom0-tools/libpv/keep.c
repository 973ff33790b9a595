/* SPDX-License-Identifier: MIT */
/*
 * keep.c: the keeping domain: made once, found again.
 * The handle is 8 bytes of a magic number and the root frame's number; the root names the index frames, they name all frames.
 * Read next: keep_pool.c.
 */
#include "dom0-tools/libpv/keep.h"

#include <stdio.h>
#include <string.h>

#include <public/errno.h>

#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/keep_pool.h"
#include "dom0-tools/libpv/seam.h"

#define MAGIC_SIZE 8
#define PER_PAGE   (SEAM_PAGE_SIZE / sizeof(uint64_t))
#define NR_FRAMES  2048u /* 8 MiB: the store, and the logs of a hundred guests */
#define NR_INDEX   (NR_FRAMES / PER_PAGE)

static struct keep_pool pool;
static bool is_open, came_back;
static uint64_t frames[NR_FRAMES + NR_INDEX + 1]; /* all; then the index; then the root */

/* Copies between `words` and frames of the keeping domain. */
static int copy_frames(const uint64_t *mfns, size_t count, uint64_t *words, bool write)
{
    void *place;
    int result = seam_map_foreign(KEEP_DOMID, mfns, count,
                                  write ? SEAM_READ | SEAM_WRITE : SEAM_READ, &place);

    if (result == 0) {
        memcpy(write ? place : words, write ? words : place, count * SEAM_PAGE_SIZE);
        seam_unmap_foreign(place, count);
    }
    return result;
}

static int make(void)
{
    static const struct domain_limits limits = {
        .max_vcpus = 1, .max_event_channels = 1, .max_grant_frames = 1, .max_maptrack_frames = 1};
    uint64_t root[PER_PAGE] = {0};
    uint8_t handle[16] = {0};
    uint64_t *index = frames + NR_FRAMES;
    size_t count = NR_FRAMES + NR_INDEX + 1;
    int result = domctl_create_as(KEEP_DOMID, handle, &limits);

    result = result < 0 ? result : domctl_max_memory(KEEP_DOMID, (uint64_t)count * 4);
    result = result < 0 ? result : domctl_populate(KEEP_DOMID, 0, count, frames);
    memcpy(root, index, NR_INDEX * sizeof(index[0]));
    result = result < 0 ? result : copy_frames(index, NR_INDEX, frames, true);
    result = result < 0 ? result : copy_frames(&frames[count - 1], 1, root, true);
    if (result == 0) {
        memcpy(handle, KEEP_MAGIC, MAGIC_SIZE);
        memcpy(handle + MAGIC_SIZE, &frames[count - 1], sizeof(frames[0]));
        result = domctl_set_handle(KEEP_DOMID, handle);
    }
    if (result < 0) {
        domctl_destroy(KEEP_DOMID);
    }
    return result;
}

static int find(const uint8_t handle[16])
{
    uint64_t root[PER_PAGE], root_mfn;
    int result;

    memcpy(&root_mfn, handle + MAGIC_SIZE, sizeof(root_mfn));
    result = copy_frames(&root_mfn, 1, root, false);
    return result < 0 ? result : copy_frames(root, NR_INDEX, frames, false);
}

int keep_start(int restarts)
{
    struct domain_info info;
    void *bytes;
    int result;

    if (restarts < 0) {
        return 0;
    }
    came_back = restarts > 0;
    result = domctl_info(KEEP_DOMID, &info);
    if (result == 0 && keep_is_handle(info.uuid)) {
        result = find(info.uuid);
    } else {
        if (result == 0) {
            domctl_destroy(KEEP_DOMID); /* the crash came while it was made */
        }
        result = make();
    }
    result = result < 0
                 ? result
                 : seam_map_foreign(KEEP_DOMID, frames, NR_FRAMES, SEAM_READ | SEAM_WRITE, &bytes);
    if (result < 0) {
        return result;
    }
    if (!keep_pool_open(&pool, bytes, (size_t)NR_FRAMES * SEAM_PAGE_SIZE)) {
        fprintf(stderr, "dom0: what the one before kept is damaged, and ignored\n");
    }
    is_open = true;
    return 0;
}

bool keep_is_open(void)
{
    return is_open;
}

bool keep_came_back(void)
{
    return came_back;
}

void *keep_take(const char *name, size_t size, bool *is_old)
{
    *is_old = false;
    return is_open ? keep_pool_take(&pool, name, size, is_old) : NULL;
}

void keep_give(void *region)
{
    if (is_open && region != NULL) {
        keep_pool_give(&pool, region);
    }
}

void *keep_next(const void *previous, const char *prefix, size_t *size)
{
    return is_open ? keep_pool_next(&pool, previous, prefix, size) : NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * keep.h: memory that outlives dom0. A domain that never runs owns it; after a crash of dom0 the next one finds that domain by its
 * handle, maps the same frames, and reads what the last one wrote. Without restarts (a hypervisor that offers none) there is none.
 * Owns: the keeping domain, KEEP_DOMID. Invariant KE1: its handle names the root frame only when all of it is in place.
 * Read next: keep_pool.h, docs/restart.md.
 */
#ifndef LIBPV_KEEP_H
#define LIBPV_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KEEP_DOMID 4095u

/* restarts: how often dom0 was started again (0: this is the first), negative: crashes end the machine here. Returns 0, or a negative
 * Xen errno: nothing is kept then. */
int keep_start(int restarts);
bool keep_is_open(void);
/* Is this dom0 one that came back after a crash? What it then does not find was never kept. */
bool keep_came_back(void);

/* See keep_pool.h; without a pool: NULL. */
void *keep_take(const char *name, size_t size, bool *is_old);
void keep_give(void *region);
void *keep_next(const void *previous, const char *prefix, size_t *size);

/* Is this the keeping domain's handle, which is to be left alone? */
#define KEEP_MAGIC "xlkeep\0\1"
static inline bool keep_is_handle(const uint8_t handle[16])
{
    return memcmp(handle, KEEP_MAGIC, 8) == 0;
}

#endif

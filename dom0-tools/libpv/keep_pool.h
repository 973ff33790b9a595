/* SPDX-License-Identifier: MIT */
/*
 * keep_pool.h: named regions in one piece of memory that a crash of dom0 leaves as it is. Pure.
 * Owns: the table of regions at the pool's start.
 * Invariant KP1: a region counts once its name is there, and its name comes last and goes first; so a crash between two stores loses
 * a region at most. KP2: a table that makes no sense is as if empty. Read next: keep.h.
 */
#ifndef LIBPV_KEEP_POOL_H
#define LIBPV_KEEP_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEEP_NAME_SIZE   48
#define KEEP_REGIONS     256u
#define KEEP_UNIT        4096u
#define KEEP_TABLE_BYTES (4u * KEEP_UNIT)

struct keep_region {
    uint32_t first, nr_units;
    char name[KEEP_NAME_SIZE];
};

struct keep_pool {
    struct keep_region *table; /* KEEP_REGIONS, at the start of bytes */
    unsigned char *bytes;
    uint32_t nr_units; /* the table's included */
};

/* Takes over what `bytes` holds. False when that is none of a pool's: the pool is then empty. */
bool keep_pool_open(struct keep_pool *pool, void *bytes, size_t size);
/* The region of that name as it was left, or a new one of zeroes. NULL: no room, no entry, or another size than it had. */
void *keep_pool_take(struct keep_pool *pool, const char *name, size_t size, bool *is_old);
void keep_pool_give(struct keep_pool *pool, void *region);
/* The region behind `previous` (NULL: the first) whose name begins with prefix, and its size. NULL: no more. */
void *keep_pool_next(const struct keep_pool *pool, const void *previous, const char *prefix,
                     size_t *size);

#endif

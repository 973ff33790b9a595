/* SPDX-License-Identifier: MIT */
/* See keep_pool.h. */
#include "dom0-tools/libpv/keep_pool.h"

#include <stdio.h>
#include <string.h>

#define TABLE_UNITS (KEEP_TABLE_BYTES / KEEP_UNIT)

_Static_assert(KEEP_REGIONS * sizeof(struct keep_region) <= KEEP_TABLE_BYTES, "the table fits");

static bool overlaps(const struct keep_region *a, const struct keep_region *b)
{
    return a->first < b->first + b->nr_units && b->first < a->first + a->nr_units;
}

static bool makes_sense(const struct keep_pool *pool)
{
    for (uint32_t i = 0; i < KEEP_REGIONS; i++) {
        const struct keep_region *region = &pool->table[i];

        if (region->name[0] == '\0') {
            continue;
        }
        if (region->name[KEEP_NAME_SIZE - 1] != '\0' || region->first < TABLE_UNITS ||
            region->first >= pool->nr_units || region->nr_units == 0 ||
            region->nr_units > pool->nr_units - region->first) {
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (pool->table[j].name[0] != '\0' && overlaps(&pool->table[j], region)) {
                return false;
            }
        }
    }
    return true;
}

bool keep_pool_open(struct keep_pool *pool, void *bytes, size_t size)
{
    pool->bytes = bytes;
    pool->table = bytes;
    pool->nr_units = (uint32_t)(size / KEEP_UNIT);
    if (makes_sense(pool)) {
        return true;
    }
    memset(pool->table, 0, KEEP_TABLE_BYTES);
    return false;
}

static unsigned char *start_of(const struct keep_pool *pool, const struct keep_region *region)
{
    return pool->bytes + (size_t)region->first * KEEP_UNIT;
}

/* The least unit from which on nr_units are free; 0: nowhere. */
static uint32_t find_room(const struct keep_pool *pool, uint32_t nr_units)
{
    struct keep_region wanted = {.first = TABLE_UNITS, .nr_units = nr_units};

    for (uint32_t i = 0; i < KEEP_REGIONS; i++) {
        const struct keep_region *region = &pool->table[i];

        if (nr_units > pool->nr_units || wanted.first > pool->nr_units - nr_units) {
            return 0;
        }
        if (region->name[0] != '\0' && overlaps(region, &wanted)) {
            wanted.first = region->first + region->nr_units;
            i = ~0u; /* look at all again */
        }
    }
    return wanted.first;
}

void *keep_pool_take(struct keep_pool *pool, const char *name, size_t size, bool *is_old)
{
    struct keep_region *entry = NULL;
    uint32_t nr_units = (uint32_t)((size + KEEP_UNIT - 1) / KEEP_UNIT);

    *is_old = false;
    for (uint32_t i = 0; i < KEEP_REGIONS; i++) {
        struct keep_region *region = &pool->table[i];

        if (strcmp(region->name, name) == 0) {
            *is_old = region->nr_units == nr_units;
            return *is_old ? start_of(pool, region) : NULL;
        }
        entry = entry == NULL && region->name[0] == '\0' ? region : entry;
    }
    if (entry == NULL || nr_units == 0 || strlen(name) >= KEEP_NAME_SIZE) {
        return NULL;
    }
    entry->first = find_room(pool, nr_units);
    entry->nr_units = nr_units;
    if (entry->first == 0) {
        return NULL;
    }
    memset(start_of(pool, entry), 0, (size_t)nr_units * KEEP_UNIT);
    snprintf(entry->name + 1, KEEP_NAME_SIZE - 1, "%s", name + 1);
    __atomic_store_n(&entry->name[0], name[0], __ATOMIC_RELEASE);
    return start_of(pool, entry);
}

void keep_pool_give(struct keep_pool *pool, void *region)
{
    for (uint32_t i = 0; i < KEEP_REGIONS; i++) {
        if (pool->table[i].name[0] != '\0' && start_of(pool, &pool->table[i]) == region) {
            pool->table[i].name[0] = '\0';
        }
    }
}

void *keep_pool_next(const struct keep_pool *pool, const void *previous, const char *prefix,
                     size_t *size)
{
    bool behind = previous == NULL;

    for (uint32_t i = 0; i < KEEP_REGIONS; i++) {
        const struct keep_region *region = &pool->table[i];

        if (region->name[0] == '\0') {
            continue;
        }
        if (behind && strncmp(region->name, prefix, strlen(prefix)) == 0) {
            *size = (size_t)region->nr_units * KEEP_UNIT;
            return start_of(pool, region);
        }
        behind |= start_of(pool, region) == previous;
    }
    return NULL;
}

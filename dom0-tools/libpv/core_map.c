/* SPDX-License-Identifier: MIT */
/*
 * core_map.c: a domain's pages, by its page tables.
 * Owns: nothing. Invariant CD1 (core_map.h).
 * Read next: core_dump.c.
 */
#include "dom0-tools/libpv/core_map.h"

#include <stdlib.h>

#include <public/errno.h>

#include "dom0-tools/libpv/seam.h"

#define ENTRIES        512u
#define ENTRY_PRESENT  1u
#define ENTRY_WRITE    2u
#define ENTRY_NX_SHIFT 63
#define ENTRY_FRAME(e) (((e) >> 12) & UINT64_C(0xffffffffff))
#define HOLE_FIRST     256u /* slots of the top table that are the hypervisor's */
#define HOLE_LAST      271u
#define BATCH          256u
#define MAX_VISITS     4u /* of one table, by so many addresses */

/* Kernels map a page once or twice; the rest is for tables of tables. */
#define SPARE_MAPPINGS 16384u

static uint64_t canonical(uint64_t address)
{
    return (address & (UINT64_C(1) << 47)) != 0 ? address | UINT64_C(0xffff000000000000) : address;
}

static void add_mapping(struct core_map *map, uint64_t address, uint64_t entry)
{
    uint64_t rights = ((entry & ENTRY_WRITE) != 0 ? CORE_MAP_WRITE : 0) |
                      ((entry >> ENTRY_NX_SHIFT) == 0 ? CORE_MAP_EXECUTE : 0);

    if (map->nr_mappings == map->room) {
        map->cut = true;
        return;
    }
    map->mappings[map->nr_mappings++] =
        (struct core_mapping){canonical(address) | rights, ENTRY_FRAME(entry)};
}

/* False: we have been to this table often enough. */
static bool visit(struct core_map *map, uint64_t mfn)
{
    uint64_t pfn;
    uint8_t *visits;

    if (seam_pfn_of_mfn(mfn, &pfn) != 0) {
        return false;
    }
    visits = &map->visits[pfn % map->room];
    if (*visits == MAX_VISITS) {
        return false;
    }
    (*visits)++;
    return true;
}

/* One table and those below it. The pages of tables go to the far end of map->pages, until they are sorted. */
static int walk_table(uint16_t domid, struct core_map *map, uint64_t mfn, unsigned int level,
                      uint64_t base)
{
    const uint64_t *entries;
    void *address;
    int result;

    if (!visit(map, mfn)) {
        return 0;
    }
    result = seam_map_foreign(domid, &mfn, 1, SEAM_READ, &address);
    if (result < 0) {
        return level == 4 ? result : 0; /* not its own: nothing below it is */
    }
    map->pages[map->nr_pages++].mfn = mfn;
    entries = address;
    for (unsigned int i = 0; i < ENTRIES && !map->cut; i++) {
        uint64_t entry = entries[i], at = base + ((uint64_t)i << (12 + 9 * (level - 1)));

        if ((entry & ENTRY_PRESENT) == 0 || (level == 4 && i >= HOLE_FIRST && i <= HOLE_LAST)) {
            continue;
        }
        if (level == 1) {
            add_mapping(map, at, entry);
        } else {
            walk_table(domid, map, ENTRY_FRAME(entry), level - 1, at);
        }
    }
    seam_unmap_foreign(address, 1);
    return 0;
}

static int by_mfn(const void *a, const void *b)
{
    const struct core_page *first = a, *second = b;

    return first->mfn < second->mfn ? -1 : first->mfn > second->mfn;
}

static int by_pfn(const void *a, const void *b)
{
    const struct core_page *first = a, *second = b;

    return first->pfn < second->pfn ? -1 : first->pfn > second->pfn;
}

/* Keeps of a few pages, all different, those that are the domain's. */
static size_t keep_own(uint16_t domid, struct core_page *pages, size_t count, struct core_page *out)
{
    uint64_t mfns[BATCH] = {0};
    size_t kept = 0;
    void *address;

    for (size_t i = 0; i < count; i++) {
        mfns[i] = pages[i].mfn;
    }
    if (seam_map_foreign(domid, mfns, count, SEAM_READ, &address) == 0) {
        seam_unmap_foreign(address, count);
    } else if (count == 1) {
        return 0;
    } else {
        kept = keep_own(domid, pages, count / 2, out);
        return kept + keep_own(domid, pages + count / 2, count - count / 2, out + kept);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t pfn;

        if (seam_pfn_of_mfn(mfns[i], &pfn) == 0) {
            out[kept++] = (struct core_page){pfn, mfns[i]};
        }
    }
    return kept;
}

/* The pages of the mappings and the tables, each once, by pfn. */
static void settle_pages(uint16_t domid, struct core_map *map)
{
    size_t unique = 0, kept = 0;

    for (size_t i = 0; i < map->nr_mappings; i++) {
        map->pages[map->nr_pages++].mfn = map->mappings[i].mfn;
    }
    qsort(map->pages, map->nr_pages, sizeof(map->pages[0]), by_mfn);
    for (size_t i = 0; i < map->nr_pages; i++) {
        if (unique == 0 || map->pages[unique - 1].mfn != map->pages[i].mfn) {
            map->pages[unique++] = map->pages[i];
        }
    }
    for (size_t i = 0; i < unique; i += BATCH) {
        kept += keep_own(domid, map->pages + i, unique - i < BATCH ? unique - i : BATCH,
                         map->pages + kept);
    }
    qsort(map->pages, kept, sizeof(map->pages[0]), by_pfn);
    map->nr_pages = kept;
}

int core_map_walk(uint16_t domid, uint64_t root, uint64_t nr_pages, struct core_map *map)
{
    int result = -XEN_ENOMEM;

    *map = (struct core_map){.room = 2 * (size_t)nr_pages + SPARE_MAPPINGS};
    map->mappings = seam_memory_take(map->room * sizeof(map->mappings[0]));
    map->pages = seam_memory_take(2 * map->room * sizeof(map->pages[0]));
    map->visits = calloc(map->room, 1);
    if (map->mappings != NULL && map->pages != NULL && map->visits != NULL) {
        result = walk_table(domid, map, root, 4, 0);
    }
    if (result == 0) {
        settle_pages(domid, map);
    }
    return result;
}

void core_map_free(struct core_map *map)
{
    seam_memory_give(map->mappings);
    seam_memory_give(map->pages);
    free(map->visits);
}

size_t core_map_find(const struct core_map *map, uint64_t mfn)
{
    size_t low = 0, high = map->nr_pages;
    uint64_t pfn;

    if (seam_pfn_of_mfn(mfn, &pfn) != 0) {
        return map->nr_pages;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (map->pages[middle].pfn < pfn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < map->nr_pages && map->pages[low].mfn == mfn ? low : map->nr_pages;
}

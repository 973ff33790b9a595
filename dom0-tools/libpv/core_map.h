/* SPDX-License-Identifier: MIT */
/*
 * core_map.h: which pages a domain has, and where its kernel sees them: found by walking the page tables of
 * its vCPU 0, since they name every page that a kernel uses, whoever wrote it.
 * A table that is in use at many addresses counts at the first few: Linux hangs one into thousands.
 * Owns: the tables of a struct core_map, until core_map_free.
 * Invariant CD1: a hostile guest's tables cost no more time and memory than the size of the domain allows.
 * Read next: core_dump.h.
 */
#ifndef LIBPV_CORE_MAP_H
#define LIBPV_CORE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CORE_MAP_WRITE   1u /* in the low bits of an address */
#define CORE_MAP_EXECUTE 2u

struct core_mapping {
    uint64_t address; /* of the page, with CORE_MAP_* */
    uint64_t mfn;
};

struct core_page {
    uint64_t pfn, mfn;
};

struct core_map {
    struct core_mapping *mappings; /* ascending */
    size_t nr_mappings, room;
    struct core_page *pages; /* ascending by pfn, all the domain's own */
    size_t nr_pages;
    uint8_t *visits; /* how often we have been to a table, by pfn */
    bool cut;        /* more was mapped than a domain of this size should have */
};

/* Of a paused domain. root: the frame of the table that vCPU 0 uses. 0; -XEN_ENOMEM, or what a mapping met. */
int core_map_walk(uint16_t domid, uint64_t root, uint64_t nr_pages, struct core_map *map);
void core_map_free(struct core_map *map);

/* The index of a page in map->pages; map->nr_pages: it is not the domain's. */
size_t core_map_find(const struct core_map *map, uint64_t mfn);

#endif

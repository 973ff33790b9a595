/* SPDX-License-Identifier: MIT */
/*
 * Mapping frames that others lent: a set of mappings, by their addresses.
 */
#ifndef MINI_OS_GNTMAP_H
#define MINI_OS_GNTMAP_H

#include <mini-os/os.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gntmap_entry;

struct gntmap {
    int nentries; /* at most; 0: as many as there is memory for */
    struct gntmap_entry *entries;
};

void gntmap_init(struct gntmap *map);
/* Unmaps what is left. */
void gntmap_fini(struct gntmap *map);
/* How many pages at most; -EBUSY: some are mapped. */
int gntmap_set_max_grants(struct gntmap *map, int count);
/* `count` pages side by side, all of one domain (domids[0]; the stride is 0, or all are alike). NULL:
 * refused. */
void *gntmap_map_grant_refs(struct gntmap *map, uint32_t count, uint32_t *domids, int domids_stride,
                            uint32_t *references, int writable);
/* The whole of what one call mapped. 0, or -EINVAL. */
int gntmap_munmap(struct gntmap *map, unsigned long start_address, int count);

#ifdef __cplusplus
}
#endif

#endif

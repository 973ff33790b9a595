/* SPDX-License-Identifier: MIT */
/* What grant_table.c, grant_map.c and grant_copy.c share: a domain's table, claims on its entries, its list of mappings. */
#pragma once

#include "grant_table.h"

#define GRANT_ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define GRANT_ACTIVE_CHUNK      64u
#define GRANT_CHUNKS_PER_FRAME  (GRANT_ENTRIES_PER_FRAME / GRANT_ACTIVE_CHUNK)
#define MAPTRACK_PER_PAGE       (PAGE_SIZE / sizeof(struct grant_maptrack))

/* Who uses an entry now. While readers + writers is not 0, domid and frame are what the entry said when it was first claimed. */
struct grant_active {
    uint64_t frame;
    uint16_t readers; /* claims without write access */
    uint16_t writers;
    domid_t domid;
    uint16_t padding;
};

/* One frame shared with the guest, and the active records of its entries, made as they are used. */
struct grant_frame {
    mfn_t mfn;
    struct grant_entry_v1 *entries;
    struct grant_active *active[GRANT_CHUNKS_PER_FRAME];
};

/* One mapping that a domain holds; its index is the handle. Free ones are chained by ref. */
struct grant_maptrack {
    uint32_t ref;
    domid_t domid;  /* the granter */
    uint16_t flags; /* GNTMAP_*; 0: free */
};
_Static_assert(sizeof(struct grant_maptrack) == 8, "512 to a page");

struct grant_table {
    spinlock_t
        lock; /* entries, active records, growth; and, in the mappers' tables, the mappings of these entries */
    uint32_t nr_frames, max_frames;
    struct grant_frame **frames; /* max_frames pointers, made with the first frame */

    spinlock_t maptrack_lock; /* handles of what this domain maps; taken alone */
    uint32_t maptrack_pages, max_maptrack_pages;
    uint32_t maptrack_free; /* first free handle, or MAPTRACK_NONE */
    struct grant_maptrack **maptrack;
    uint32_t relinquish_next; /* handle where teardown goes on */
};
#define MAPTRACK_NONE (~0u)

/* grant_table.c */

/* Claims entry ref of granter for the domain `user`: GT1, GT3. GNTST_*; the frame in *frame, without references. */
int16_t grant_table_claim(struct domain *granter, grant_ref_t ref, domid_t user, bool readonly,
                          mfn_t *frame);
/* Ends one claim. */
void grant_table_release(struct domain *granter, grant_ref_t ref, bool readonly);
/* References of one use of the granter's frame (GT2): GNTST_okay, GNTST_bad_page not its RAM, GNTST_general_error not writable now. */
int16_t grant_table_reference(struct domain *owner, mfn_t frame, bool readonly);
void grant_table_unreference(mfn_t frame, bool readonly);

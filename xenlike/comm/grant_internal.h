/* SPDX-License-Identifier: MIT */
/* What grant_table.c, grant_entry.c, grant_map.c and grant_copy.c share: a domain's table, claims on its entries, its list of mappings. */
#pragma once

#include "grant_table.h"

#define ENTRIES_V1         (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define ENTRIES_V2         (PAGE_SIZE / sizeof(union grant_entry_v2))
#define STATES_PER_FRAME   (PAGE_SIZE / sizeof(grant_status_t))
#define FRAMES_PER_STATUS  (STATES_PER_FRAME / ENTRIES_V2)
#define GRANT_ACTIVE_CHUNK 64u
#define GRANT_FRAMES       64
#define MAPTRACK_PER_PAGE  (PAGE_SIZE / sizeof(struct grant_maptrack))

/* What an entry said when it was first claimed. */
struct grant_terms {
    uint32_t frame;      /* or the reference of `through`'s that is granted on */
    uint16_t start, end; /* the bytes of the page, end <= PAGE_SIZE */
    domid_t through;     /* DOMID_INVALID: the frame is the granter's own */
};

/* Who uses an entry now. terms and domid hold while readers + writers is not 0. */
struct grant_active {
    struct grant_terms terms;
    uint16_t readers; /* claims without write access */
    uint16_t writers;
    domid_t domid;
};
_Static_assert(sizeof(struct grant_active) <= 20, "a chunk is small");

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
    uint32_t version;    /* of the entries */
    uint32_t nr_entries; /* in the frames there are */
    uint32_t nr_in_use;  /* active records with users */
    uint32_t nr_frames, max_frames;
    void *frames[GRANT_FRAMES]; /* shared with the guest */
    uint32_t nr_status;         /* version 2: frames of status words, shared as well */
    void *status[GRANT_FRAMES / FRAMES_PER_STATUS];
    uint32_t max_version;

    spinlock_t maptrack_lock; /* handles of what this domain maps; taken alone */
    uint32_t maptrack_pages, max_maptrack_pages;
    uint32_t maptrack_free; /* first free handle, or MAPTRACK_NONE */
    struct grant_maptrack **maptrack;
    uint32_t relinquish_next; /* handle where teardown goes on */

    /* Chunks of records by reference, made as they are used: enough for max_frames; lock. */
    struct grant_active *active[];
};
#define MAPTRACK_NONE (~0u)

/* grant_table.c */

/* Claims entry ref of granter for the domain `user`: GT1, GT3. GNTST_*; what it grants in *terms, until the release, without references. kinds: what else
 * than a whole page of the granter's own is wanted. */
#define GRANT_PART    1u
#define GRANT_THROUGH 2u /* another domain's grant */
int16_t grant_table_claim(struct domain *granter, grant_ref_t ref, domid_t user, bool readonly,
                          uint32_t kinds, const struct grant_terms **terms);
/* Ends one claim. */
void grant_table_release(struct domain *granter, grant_ref_t ref, bool readonly);
/* References of one use of the granter's frame (GT2): GNTST_okay, GNTST_bad_page not its RAM, GNTST_general_error not writable now. */
int16_t grant_table_reference(struct domain *owner, mfn_t frame, bool readonly);
void grant_table_unreference(mfn_t frame, bool readonly);

/* The record of an entry that exists; NULL: it was never used. */
static inline struct grant_active *grant_table_active(const struct grant_table *table,
                                                      grant_ref_t ref)
{
    struct grant_active *chunk = table->active[ref / GRANT_ACTIVE_CHUNK];
    return likely(chunk != NULL) ? &chunk[ref % GRANT_ACTIVE_CHUNK] : NULL;
}

/* grant_entry.c; the table's lock is held */

static inline size_t grant_entry_size(const struct grant_table *table)
{
    return likely(table->version == 1) ? sizeof(struct grant_entry_v1)
                                       : sizeof(union grant_entry_v2);
}

/* Sets the in-use bits with the check that the entry permits the use, which has a record: GNTST_okay or _general_error. */
int16_t grant_entry_mark(const struct grant_table *table, grant_ref_t ref, domid_t user,
                         bool readonly, uint32_t kinds, struct grant_terms *terms);
/* The in-use bits become what the record says. */
void grant_entry_settle(const struct grant_table *table, grant_ref_t ref,
                        const struct grant_active *active);
/* To the other version: the entries that the toolstack made stay, in use or not, and everything else is cleared. Version 2 has its
 * status frames before and after. */
void grant_entry_convert(struct grant_table *table, uint32_t version);
/* Is it of a kind that version 1 does not have? */
bool grant_entry_is_transitive(const struct grant_table *table, grant_ref_t ref);
/* Of two that are not in use. */
void grant_entry_swap(struct grant_table *table, grant_ref_t a, grant_ref_t b);

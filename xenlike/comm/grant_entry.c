/* SPDX-License-Identifier: MIT */
/*
 * What differs between the versions of grant entries, which the guest may write at any time.
 *
 * Owns: the in-use bits, in the flags of version 1, in the status words of version 2. Invariants GT1, GT3: grant_table.h.
 * Version 1 is eight bytes: they are read in one load, decided on, and marked by one compare-exchange of all eight. Version 2 has its
 * bits elsewhere: so they are set first, and then the entry is read and decided on once more, as a guest that revokes clears the entry
 * first and then looks at the bits.
 * Locks: grant table, in all functions. Guest ABI: docs/abi/grant_table_op.md. Read next: grant_map.c.
 */
#include "../lib/string.h"
#include "../mm/frame_table.h"
#include "grant_internal.h"

#define CLAIM_TRIES 5 /* an entry that changes this often under our eyes is refused */
#define IN_USE      (GTF_reading | GTF_writing)

union entry_v1 {
    struct grant_entry_v1 entry;
    uint64_t word;
};
union entry_v2 {
    union grant_entry_v2 entry;
    uint64_t words[2];
};

static void *place_of(const struct grant_table *table, grant_ref_t ref)
{
    size_t offset = ref * grant_entry_size(table);
    return (char *)table->frames[offset / PAGE_SIZE] + offset % PAGE_SIZE;
}

/* Where the in-use bits are. */
static uint16_t *state_of(const struct grant_table *table, grant_ref_t ref)
{
    return table->version == 1
               ? &((struct grant_entry_v1 *)place_of(table, ref))->flags
               : (uint16_t *)table->status[ref / STATES_PER_FRAME] + ref % STATES_PER_FRAME;
}

/* --- Claims ------------------------------------------------------------------------------------------------ */

void grant_entry_settle(const struct grant_table *table, grant_ref_t ref,
                        const struct grant_active *active)
{
    uint16_t clear = active->writers == 0 ? GTF_writing : 0;
    if ((active->readers | active->writers) == 0) {
        clear |= GTF_reading;
    }
    if (clear != 0) {
        __atomic_fetch_and(state_of(table, ref), (uint16_t)~clear, __ATOMIC_SEQ_CST);
    }
}

static int16_t mark_v1(union entry_v1 *place, domid_t user, bool readonly,
                       struct grant_terms *terms)
{
    union entry_v1 seen = {.word = __atomic_load_n(&place->word, __ATOMIC_ACQUIRE)};
    for (int i = 0; i < CLAIM_TRIES; i++) {
        if ((seen.entry.flags & GTF_type_mask) != GTF_permit_access || seen.entry.domid != user ||
            (!readonly && (seen.entry.flags & GTF_readonly) != 0)) {
            return GNTST_general_error;
        }
        union entry_v1 marked = seen;
        marked.entry.flags |= (uint16_t)(readonly ? GTF_reading : IN_USE);
        if (__atomic_compare_exchange_n(&place->word, &seen.word, marked.word, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)) {
            *terms = (struct grant_terms){seen.entry.frame, 0, PAGE_SIZE, DOMID_INVALID};
            return GNTST_okay;
        }
    }
    return GNTST_general_error;
}

/* Reads an entry and decides. A part of a page and a grant through another one are for copies alone. */
static int16_t read_v2(const union entry_v2 *place, domid_t user, bool readonly, uint32_t kinds,
                       struct grant_terms *terms)
{
    const union entry_v2 seen = {.words = {__atomic_load_n(&place->words[0], __ATOMIC_SEQ_CST),
                                           __atomic_load_n(&place->words[1], __ATOMIC_SEQ_CST)}};
    uint16_t flags = seen.entry.hdr.flags, type = flags & GTF_type_mask;
    uint64_t frame = seen.entry.full_page.frame;
    bool part = type == GTF_permit_access && (flags & GTF_sub_page) != 0;
    bool through = type == GTF_transitive;
    if ((type != GTF_permit_access && !through) || (part && (kinds & GRANT_PART) == 0) ||
        (through && (kinds & GRANT_THROUGH) == 0) || seen.entry.hdr.domid != user ||
        (!readonly && (flags & GTF_readonly) != 0)) {
        return GNTST_general_error;
    }
    *terms = (struct grant_terms){
        .frame = frame < UINT32_MAX ? (uint32_t)frame : UINT32_MAX,
        .end = PAGE_SIZE,
        .through = DOMID_INVALID,
    };
    if (part) {
        terms->start = seen.entry.sub_page.page_off;
        terms->end =
            (uint16_t)min_u64(terms->start + (uint32_t)seen.entry.sub_page.length, PAGE_SIZE);
    } else if (through) {
        terms->frame = seen.entry.transitive.gref;
        terms->through = seen.entry.transitive.trans_domid;
        return terms->through == DOMID_INVALID ? GNTST_general_error : GNTST_okay;
    }
    return GNTST_okay;
}

static int16_t mark_v2(const struct grant_table *table, grant_ref_t ref, domid_t user,
                       bool readonly, uint32_t kinds, struct grant_terms *terms)
{
    const union entry_v2 *place = place_of(table, ref);
    int16_t status = read_v2(place, user, readonly, kinds, terms);
    if (status == GNTST_okay) {
        __atomic_fetch_or(state_of(table, ref), (uint16_t)(readonly ? GTF_reading : IN_USE),
                          __ATOMIC_SEQ_CST);
        status = read_v2(place, user, readonly, kinds, terms);
        if (status != GNTST_okay) {
            grant_entry_settle(table, ref, grant_table_active(table, ref));
        }
    }
    return status;
}

int16_t grant_entry_mark(const struct grant_table *table, grant_ref_t ref, domid_t user,
                         bool readonly, uint32_t kinds, struct grant_terms *terms)
{
    return likely(table->version == 1) ? mark_v1(place_of(table, ref), user, readonly, terms)
                                       : mark_v2(table, ref, user, readonly, kinds, terms);
}

/* --- The change of version ---------------------------------------------------------------------------------- */

void grant_entry_convert(struct grant_table *table, uint32_t version)
{
    struct grant_entry_v1 kept[GNTTAB_NR_RESERVED_ENTRIES];
    for (grant_ref_t ref = 0; ref < ARRAY_SIZE(kept); ref++) {
        const union entry_v2 *entry = place_of(table, ref);
        memcpy(&kept[ref], entry, sizeof(kept[ref]));
        if (table->version == 2) {
            kept[ref].frame = (uint32_t)entry->entry.full_page.frame;
        }
    }
    for (uint32_t i = 0; i < table->nr_frames; i++) {
        memset(table->frames[i], 0, PAGE_SIZE);
    }
    table->version = version;
    for (grant_ref_t ref = 0; ref < ARRAY_SIZE(kept); ref++) {
        const struct grant_active *active = grant_table_active(table, ref);
        union entry_v2 *entry = place_of(table, ref);
        kept[ref].flags &= (uint16_t)~IN_USE;
        memcpy(entry, &kept[ref], version == 1 ? sizeof(kept[ref]) : sizeof(entry->entry.hdr));
        if (version == 2) {
            entry->entry.full_page.frame = kept[ref].frame;
        }
        if (active != NULL) {
            *state_of(table, ref) |= IN_USE;
            grant_entry_settle(table, ref, active);
        }
    }
}

bool grant_entry_is_transitive(const struct grant_table *table, grant_ref_t ref)
{
    const union entry_v2 *place = place_of(table, ref);
    return (place->entry.hdr.flags & GTF_type_mask) == GTF_transitive;
}

void grant_entry_swap(struct grant_table *table, grant_ref_t a, grant_ref_t b)
{
    size_t size = grant_entry_size(table);
    union entry_v2 kept;
    memcpy(&kept, place_of(table, a), size);
    memmove(place_of(table, a), place_of(table, b), size);
    memcpy(place_of(table, b), &kept, size);
}

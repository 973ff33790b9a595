/* SPDX-License-Identifier: MIT */
/*
 * A domain's grant table: its frames, and claims on its entries.
 *
 * Owns: struct grant_table but for the mappings, the in-use bits of shared entries. Invariants GT1, GT3: grant_table.h.
 * An entry is eight bytes that the guest writes at any time. A claim reads them in one load, decides on that value, and sets the in-use
 * bits by one compare-exchange of all eight: so the frame that is used is the frame that was granted.
 * Locks: grant table. Guest ABI: docs/abi/grant_table_op.md. Read next: grant_map.c.
 */
#include "grant_table.h"

#include <public/errno.h>

#include "../lib/check.h"
#include "../lib/print.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"
#include "grant_internal.h"

#define DEFAULT_FRAMES   64
#define DEFAULT_MAPTRACK 1024
#define CLAIM_TRIES      5 /* an entry that changes this often under our eyes is refused */

/* --- The table --------------------------------------------------------------------------------------------- */

int grant_table_init(struct domain *d, int32_t max_frames, int32_t max_maptrack_frames,
                     uint32_t version)
{
    max_frames = max_frames < 0 ? DEFAULT_FRAMES : max_frames;
    max_maptrack_frames = max_maptrack_frames < 0 ? DEFAULT_MAPTRACK : max_maptrack_frames;
    if (max_frames < 1 || max_frames > DEFAULT_FRAMES || max_maptrack_frames > DEFAULT_MAPTRACK ||
        version < 1 || version > 2) {
        return -XEN_EINVAL;
    }
    struct grant_table *table = hv_alloc(sizeof(*table));
    if (table == NULL) {
        return -XEN_ENOMEM;
    }
    table->max_frames = (uint32_t)max_frames;
    table->max_maptrack_pages = (uint32_t)max_maptrack_frames;
    table->maptrack_free = MAPTRACK_NONE;
    d->grants = table;
    return 0;
}

static void frame_destroy(struct grant_frame *frame)
{
    for (size_t i = 0; i < GRANT_CHUNKS_PER_FRAME; i++) {
        hv_free(frame->active[i]);
    }
    frame_unshare(frame->mfn);
    hv_free(frame);
}

void grant_table_destroy(struct domain *d)
{
    struct grant_table *table = d->grants;
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->nr_frames; i++) {
        frame_destroy(table->frames[i]);
    }
    for (uint32_t i = 0; i < table->maptrack_pages; i++) {
        frame_free_hypervisor(machine_frame_of(table->maptrack[i]), 0);
    }
    hv_free(table->frames);
    hv_free(table->maptrack);
    hv_free(table);
    d->grants = NULL;
}

static bool grow_by_one(struct domain *d, struct grant_table *table) MUST_HOLD(table->lock)
{
    if (table->frames == NULL) {
        table->frames = hv_alloc(table->max_frames * sizeof(struct grant_frame *));
        if (table->frames == NULL) {
            return false;
        }
    }
    struct grant_frame *frame = hv_alloc(sizeof(*frame));
    if (frame == NULL) {
        return false;
    }
    frame->mfn = frame_alloc_one();
    if (!mfn_valid_value(frame->mfn)) {
        hv_free(frame);
        return false;
    }
    frame->entries = machine_frame(frame->mfn);
    frame_share_with_guest(frame->mfn, d, false);
    table->frames[table->nr_frames++] = frame;
    return true;
}

uint32_t grant_table_limit(const struct domain *d)
{
    return d->grants->max_frames;
}

mfn_t grant_table_frame(struct domain *d, uint32_t index)
{
    struct grant_table *table = d->grants;
    bool there = index < table->nr_frames;
    if (!there && index < table->max_frames && d->life == DOMAIN_ALIVE) {
        spin_lock(&table->lock);
        do {
            there = index < table->nr_frames;
        } while (!there && grow_by_one(d, table));
        spin_unlock(&table->lock);
    }
    return there ? table->frames[index]->mfn : INVALID_MFN;
}

/* --- Claims --------------------------------------------------------------------------------------------------- */

/* The active record of an entry that exists; NULL: none yet, and no memory to make one. */
static struct grant_active *active_of(struct grant_table *table, grant_ref_t ref)
    MUST_HOLD(table->lock)
{
    struct grant_frame *frame = table->frames[ref / GRANT_ENTRIES_PER_FRAME];
    uint32_t index = ref % GRANT_ENTRIES_PER_FRAME;
    struct grant_active **chunk = &frame->active[index / GRANT_ACTIVE_CHUNK];
    if (unlikely(*chunk == NULL)) {
        *chunk = hv_alloc(GRANT_ACTIVE_CHUNK * sizeof(struct grant_active));
        if (*chunk == NULL) {
            return NULL;
        }
    }
    return &(*chunk)[index % GRANT_ACTIVE_CHUNK];
}

static struct grant_entry_v1 *entry_of(struct grant_table *table, grant_ref_t ref)
{
    return &table->frames[ref / GRANT_ENTRIES_PER_FRAME]->entries[ref % GRANT_ENTRIES_PER_FRAME];
}

union entry_word {
    struct grant_entry_v1 entry;
    uint64_t word;
};

/* Sets the in-use bits in one stroke with the check that the entry permits the use. */
static int16_t entry_mark(struct grant_entry_v1 *shared, domid_t user, bool readonly,
                          uint64_t *frame)
{
    uint64_t *place = (uint64_t *)(void *)shared;
    union entry_word seen = {.word = __atomic_load_n(place, __ATOMIC_ACQUIRE)};
    for (int i = 0; i < CLAIM_TRIES; i++) {
        if ((seen.entry.flags & GTF_type_mask) != GTF_permit_access || seen.entry.domid != user ||
            (!readonly && (seen.entry.flags & GTF_readonly) != 0)) {
            return GNTST_general_error;
        }
        union entry_word marked = seen;
        marked.entry.flags |= (uint16_t)(readonly ? GTF_reading : GTF_reading | GTF_writing);
        if (__atomic_compare_exchange_n(place, &seen.word, marked.word, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_ACQUIRE)) {
            *frame = seen.entry.frame;
            return GNTST_okay;
        }
    }
    return GNTST_general_error;
}

static int16_t claim(struct grant_table *table, grant_ref_t ref, domid_t user, bool readonly,
                     mfn_t *frame) MUST_HOLD(table->lock)
{
    if (unlikely(ref / GRANT_ENTRIES_PER_FRAME >= table->nr_frames)) {
        /* A table always has one frame; before anybody looked at it, that is an empty one. */
        return ref < GRANT_ENTRIES_PER_FRAME ? GNTST_general_error : GNTST_bad_gntref;
    }
    struct grant_active *active = active_of(table, ref);
    if (unlikely(active == NULL)) {
        return GNTST_no_space;
    }
    bool in_use = (active->readers | active->writers) != 0;
    if (in_use &&
        (active->domid != user || active->readers == UINT16_MAX || active->writers == UINT16_MAX)) {
        return GNTST_general_error;
    }
    if (!in_use || (!readonly && active->writers == 0)) {
        uint64_t granted;
        int16_t status = entry_mark(entry_of(table, ref), user, readonly, &granted);
        if (status != GNTST_okay) {
            return status;
        }
        if (!in_use) {
            active->frame = granted;
            active->domid = user;
        }
    }
    active->readers = (uint16_t)(active->readers + readonly);
    active->writers = (uint16_t)(active->writers + !readonly);
    *frame = MFN(active->frame);
    return GNTST_okay;
}

int16_t grant_table_claim(struct domain *granter, grant_ref_t ref, domid_t user, bool readonly,
                          mfn_t *frame)
{
    struct grant_table *table = granter->grants;
    int16_t status = GNTST_general_error;
    spin_lock(&table->lock);
    if (likely(granter->life == DOMAIN_ALIVE)) {
        status = claim(table, ref, user, readonly, frame);
    }
    spin_unlock(&table->lock);
    return status;
}

void grant_table_release(struct domain *granter, grant_ref_t ref, bool readonly)
{
    struct grant_table *table = granter->grants;
    spin_lock(&table->lock);
    struct grant_active *active = active_of(table, ref);
    CHECK(active != NULL && (readonly ? active->readers : active->writers) != 0);
    active->readers = (uint16_t)(active->readers - readonly);
    active->writers = (uint16_t)(active->writers - !readonly);
    uint16_t clear = active->writers == 0 ? GTF_writing : 0;
    if ((active->readers | active->writers) == 0) {
        clear |= GTF_reading;
    }
    if (clear != 0) {
        __atomic_fetch_and(&entry_of(table, ref)->flags, (uint16_t)~clear, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&table->lock);
}

int16_t grant_table_reference(struct domain *owner, mfn_t frame, bool readonly)
{
    if (readonly) {
        return likely(frame_get(frame, owner)) ? GNTST_okay : GNTST_bad_page;
    }
    int result = frame_get_and_type(frame, owner, FRAME_WRITABLE);
    return likely(result == 0)     ? GNTST_okay
           : result == -XEN_EINVAL ? GNTST_bad_page
                                   : GNTST_general_error;
}

void grant_table_unreference(mfn_t frame, bool readonly)
{
    if (readonly) {
        frame_put(frame);
    } else {
        frame_put_and_type(frame);
    }
}

/* --- What the toolstack and the guest ask of a table --------------------------------------------------------------- */

int16_t grant_table_of(domid_t id, grant_table_handler *run, union grant_element *op)
{
    struct domain *d;
    int result = domain_get_for_caller(id, &d);
    if (result != 0) {
        return result == -XEN_EPERM ? GNTST_permission_denied : GNTST_bad_domain;
    }
    int16_t status = run(d, op);
    domain_put(d);
    return status;
}

int16_t grant_table_setup_table(struct domain *d, union grant_element *op)
{
    uint32_t count = op->setup_table.nr_frames;
    if (count != 0 && !mfn_valid_value(grant_table_frame(d, count - 1))) {
        return GNTST_general_error;
    }
    for (uint32_t i = 0; i < count; i++) {
        xen_pfn_t mfn = grant_table_frame(d, i).n;
        if (copy_to_guest_offset(op->setup_table.frame_list, i, &mfn) != 0) {
            return GNTST_bad_virt_addr;
        }
    }
    return GNTST_okay;
}

int16_t grant_table_query_size(struct domain *d, union grant_element *op)
{
    op->query_size.nr_frames = (uint32_t)max_u64(d->grants->nr_frames, 1);
    op->query_size.max_nr_frames = d->grants->max_frames;
    return GNTST_okay;
}

int16_t grant_table_dump_table(struct domain *d, union grant_element *op)
{
    /* The log is the control domain's: a guest could flood it, and does not read it. */
    if (current_domain()->is_privileged) {
        print("d%u grant table: %u of %u frames, maptrack %u of %u pages\n", d->id,
              d->grants->nr_frames, d->grants->max_frames, d->grants->maptrack_pages,
              d->grants->max_maptrack_pages);
    }
    return GNTST_okay;
}

int16_t grant_table_get_status_frames(struct domain *d, union grant_element *op)
{
    return GNTST_general_error; /* version 1 keeps its status in the entries */
}

int grant_table_set_version(struct gnttab_set_version *op)
{
    if (op->version != 1 && op->version != 2) {
        return -XEN_EINVAL;
    }
    int result = op->version == 1 ? 0 : -XEN_ENOSYS;
    op->version = 1;
    return result;
}

int grant_table_get_version(struct gnttab_get_version *op)
{
    struct domain *d;
    int result = domain_get_for_caller(op->dom, &d);
    if (result == 0) {
        op->version = 1;
        domain_put(d);
    }
    return result;
}

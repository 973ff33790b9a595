/* SPDX-License-Identifier: MIT */
/*
 * A domain's grant table: its frames, and claims on its entries.
 *
 * Owns: struct grant_table but for the mappings. Invariants GT1, GT3: grant_table.h.
 * Locks: grant table. Guest ABI: docs/abi/grant_table_op.md. Read next: grant_entry.c.
 */
#include "grant_table.h"

#include <public/errno.h>

#include "../lib/check.h"
#include "../lib/print.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"
#include "grant_internal.h"

#define DEFAULT_MAPTRACK 1024

/* --- The table --------------------------------------------------------------------------------------------- */

/* Frames that the guest may map, until there are as many as wanted. False: no memory. */
static bool frames_grow(struct domain *d, void **frames, uint32_t *count, uint32_t wanted)
{
    while (*count < wanted) {
        mfn_t mfn = frame_alloc_one();
        if (!mfn_valid_value(mfn)) {
            return false;
        }
        frame_share_with_guest(mfn, d, false);
        frames[(*count)++] = machine_frame(mfn);
    }
    return true;
}

static void frames_drop(void **frames, uint32_t *count)
{
    while (*count != 0) {
        frame_unshare(machine_frame_of(frames[--*count]));
    }
}

/* The table gets so many frames, and its version 2 a frame of status words for each eight. */
static bool grow(struct domain *d, uint32_t wanted, uint32_t version) MUST_HOLD(d->grants->lock)
{
    struct grant_table *table = d->grants;
    uint32_t status = (uint32_t)((wanted + FRAMES_PER_STATUS - 1) / FRAMES_PER_STATUS);
    bool grown = (version == 1 || frames_grow(d, table->status, &table->nr_status, status)) &&
                 frames_grow(d, table->frames, &table->nr_frames, wanted);
    table->nr_entries = (uint32_t)(table->nr_frames * PAGE_SIZE / grant_entry_size(table));
    return grown;
}

int grant_table_init(struct domain *d, int32_t max_frames, int32_t max_maptrack_frames,
                     uint32_t version)
{
    max_frames = max_frames < 0 ? GRANT_FRAMES : max_frames;
    max_maptrack_frames = max_maptrack_frames < 0 ? DEFAULT_MAPTRACK : max_maptrack_frames;
    if (max_frames < 1 || max_frames > GRANT_FRAMES || max_maptrack_frames > DEFAULT_MAPTRACK ||
        version < 1 || version > 2) {
        return -XEN_EINVAL;
    }
    size_t chunks = (size_t)max_frames * ENTRIES_V1 / GRANT_ACTIVE_CHUNK;
    struct grant_table *table = hv_alloc(sizeof(*table) + chunks * sizeof(table->active[0]));
    if (table == NULL) {
        return -XEN_ENOMEM;
    }
    d->grants = table;
    table->version = 1;
    table->max_version = version;
    table->max_frames = (uint32_t)max_frames;
    table->max_maptrack_pages = (uint32_t)max_maptrack_frames;
    table->maptrack_free = MAPTRACK_NONE;
    return grow(d, 1, 1) ? 0 : -XEN_ENOMEM;
}

void grant_table_destroy(struct domain *d)
{
    struct grant_table *table = d->grants;
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->max_frames * ENTRIES_V1 / GRANT_ACTIVE_CHUNK; i++) {
        hv_free(table->active[i]);
    }
    frames_drop(table->frames, &table->nr_frames);
    frames_drop(table->status, &table->nr_status);
    for (uint32_t i = 0; i < table->maptrack_pages; i++) {
        frame_free_hypervisor(machine_frame_of(table->maptrack[i]), 0);
    }
    hv_free(table->maptrack);
    hv_free(table);
    d->grants = NULL;
}

uint32_t grant_table_limit(const struct domain *d)
{
    return d->grants->max_frames;
}

mfn_t grant_table_frame(struct domain *d, uint32_t index)
{
    struct grant_table *table = d->grants;
    if (index >= table->nr_frames && index < table->max_frames && d->life == DOMAIN_ALIVE) {
        spin_lock(&table->lock);
        (void)grow(d, index + 1, table->version);
        spin_unlock(&table->lock);
    }
    return index < table->nr_frames ? machine_frame_of(table->frames[index]) : INVALID_MFN;
}

mfn_t grant_table_status_frame(struct domain *d, uint32_t index)
{
    struct grant_table *table = d->grants;
    return index < table->nr_status ? machine_frame_of(table->status[index]) : INVALID_MFN;
}

/* --- Claims --------------------------------------------------------------------------------------------------- */

static bool is_allowed(const struct grant_terms *terms, uint32_t kinds)
{
    return (terms->through == DOMID_INVALID || (kinds & GRANT_THROUGH) != 0) &&
           ((terms->start == 0 && terms->end == PAGE_SIZE) || (kinds & GRANT_PART) != 0);
}

static int16_t claim(struct grant_table *table, grant_ref_t ref, domid_t user, bool readonly,
                     uint32_t kinds, const struct grant_terms **terms) MUST_HOLD(table->lock)
{
    if (unlikely(ref >= table->nr_entries)) {
        return GNTST_bad_gntref;
    }
    struct grant_active **chunk = &table->active[ref / GRANT_ACTIVE_CHUNK];
    if (unlikely(*chunk == NULL)) {
        *chunk = hv_alloc(GRANT_ACTIVE_CHUNK * sizeof(struct grant_active));
        if (*chunk == NULL) {
            return GNTST_no_space;
        }
    }
    struct grant_active *active = &(*chunk)[ref % GRANT_ACTIVE_CHUNK];
    bool in_use = (active->readers | active->writers) != 0;
    if (in_use && (active->domid != user || active->readers == UINT16_MAX ||
                   active->writers == UINT16_MAX || !is_allowed(&active->terms, kinds))) {
        return GNTST_general_error;
    }
    if (!in_use || (!readonly && active->writers == 0)) {
        struct grant_terms again;
        int16_t status =
            grant_entry_mark(table, ref, user, readonly, kinds, in_use ? &again : &active->terms);
        if (status != GNTST_okay) {
            return status;
        }
        if (!in_use) {
            active->domid = user;
            table->nr_in_use++;
        }
    }
    active->readers = (uint16_t)(active->readers + readonly);
    active->writers = (uint16_t)(active->writers + !readonly);
    *terms = &active->terms;
    return GNTST_okay;
}

int16_t grant_table_claim(struct domain *granter, grant_ref_t ref, domid_t user, bool readonly,
                          uint32_t kinds, const struct grant_terms **terms)
{
    struct grant_table *table = granter->grants;
    int16_t status = GNTST_general_error;
    spin_lock(&table->lock);
    if (likely(granter->life == DOMAIN_ALIVE)) {
        status = claim(table, ref, user, readonly, kinds, terms);
    }
    spin_unlock(&table->lock);
    return status;
}

void grant_table_release(struct domain *granter, grant_ref_t ref, bool readonly)
{
    struct grant_table *table = granter->grants;
    spin_lock(&table->lock);
    struct grant_active *active = grant_table_active(table, ref);
    CHECK(active != NULL && (readonly ? active->readers : active->writers) != 0);
    active->readers = (uint16_t)(active->readers - readonly);
    active->writers = (uint16_t)(active->writers - !readonly);
    table->nr_in_use -= (active->readers | active->writers) == 0;
    grant_entry_settle(table, ref, active);
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

int16_t grant_table_get_status_frames(struct domain *d, union grant_element *op)
{
    for (uint32_t i = 0; i < op->get_status_frames.nr_frames; i++) {
        uint64_t mfn = grant_table_status_frame(d, i).n;
        if (mfn == INVALID_MFN.n) {
            return GNTST_general_error;
        }
        if (copy_to_guest_offset(op->get_status_frames.frame_list, i, &mfn) != 0) {
            return GNTST_bad_virt_addr;
        }
    }
    return GNTST_okay;
}

int16_t grant_table_query_size(struct domain *d, union grant_element *op)
{
    op->query_size.nr_frames = d->grants->nr_frames;
    op->query_size.max_nr_frames = d->grants->max_frames;
    return GNTST_okay;
}

int16_t grant_table_dump_table(struct domain *d, union grant_element *op)
{
    /* The log is the control domain's: a guest could flood it, and does not read it. */
    if (current_domain()->is_privileged) {
        print("d%u grant table: version %u, %u of %u frames, maptrack %u of %u pages\n", d->id,
              d->grants->version, d->grants->nr_frames, d->grants->max_frames,
              d->grants->maptrack_pages, d->grants->max_maptrack_pages);
    }
    return GNTST_okay;
}

static bool in_use(const struct grant_table *table, grant_ref_t ref) MUST_HOLD(table->lock)
{
    const struct grant_active *active = grant_table_active(table, ref);
    return active != NULL && (active->readers | active->writers) != 0;
}

/* Only the entries that the toolstack made may be in use. */
static int change_version(struct domain *d, uint32_t version) MUST_HOLD(d->grants->lock)
{
    struct grant_table *table = d->grants;
    uint32_t others = table->nr_in_use;
    bool transitive = false;
    for (grant_ref_t ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
        others -= in_use(table, ref);
        transitive |= version == 1 && grant_entry_is_transitive(table, ref);
    }
    bool busy = others != 0;
    for (uint32_t i = 0; i < table->nr_status; i++) {
        busy |= version == 1 && frame_is_mapped(machine_frame_of(table->status[i]));
    }
    if (transitive && others == 0) {
        return -XEN_ERANGE;
    }
    if (busy || !grow(d, table->nr_frames, version)) {
        return busy ? -XEN_EBUSY : -XEN_ENOMEM;
    }
    grant_entry_convert(table, version);
    if (version == 1) {
        frames_drop(table->status, &table->nr_status);
    }
    table->nr_entries = (uint32_t)(table->nr_frames * PAGE_SIZE / grant_entry_size(table));
    return 0;
}

int grant_table_set_version(struct gnttab_set_version *op)
{
    struct domain *d = current_domain();
    struct grant_table *table = d->grants;
    int result = op->version != 1 && op->version != 2 ? -XEN_EINVAL
                 : op->version > table->max_version   ? -XEN_ENOSYS
                                                      : 0;
    spin_lock(&table->lock);
    if (result == 0 && op->version != table->version) {
        result = change_version(d, op->version);
    }
    op->version = table->version;
    spin_unlock(&table->lock);
    return result;
}

int grant_table_get_version(struct gnttab_get_version *op)
{
    struct domain *d;
    int result = domain_get_for_caller(op->dom, &d);
    if (result == 0) {
        op->version = d->grants->version;
        domain_put(d);
    }
    return result;
}

int16_t grant_table_swap(const struct gnttab_swap_grant_ref *op)
{
    struct grant_table *table = current_domain()->grants;
    int16_t status = GNTST_okay;
    spin_lock(&table->lock);
    if (op->ref_a >= table->nr_entries || op->ref_b >= table->nr_entries) {
        status = GNTST_bad_gntref;
    } else if (op->ref_a != op->ref_b && (in_use(table, op->ref_a) || in_use(table, op->ref_b))) {
        status = GNTST_eagain;
    } else {
        grant_entry_swap(table, op->ref_a, op->ref_b);
    }
    spin_unlock(&table->lock);
    return status;
}

int grant_table_cache_flush(const struct gnttab_cache_flush *op)
{
    mfn_t mfn = MFN(op->a.dev_bus_addr >> PAGE_SHIFT);
    if (op->offset >= PAGE_SIZE || op->offset + op->length > (int)PAGE_SIZE ||
        (op->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL)) != 0) {
        return -XEN_EINVAL;
    }
    if (op->length == 0 || op->op == 0) {
        return 0;
    }
    if (!frame_is_ram(mfn) || !frame_get(mfn, current_domain())) {
        return frame_is_ram(mfn) ? -XEN_EPERM : -XEN_EINVAL;
    }
    frame_put(mfn);
    /* Guests map no uncached RAM: devices and CPUs see the same without a flush. */
    return op->op == GNTTAB_CACHE_INVAL ? -XEN_EOPNOTSUPP : 0;
}

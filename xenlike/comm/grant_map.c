/* SPDX-License-Identifier: MIT */
/*
 * Mapping other domains' frames by grant, and unmapping them.
 *
 * Owns: the maptrack, a domain's list of what it maps. Invariant GT2: grant_table.h.
 * A mapping is a claim on the entry, references on the frame (one set for the host part, one for the device part) and a marked
 * page-table entry that holds nothing itself. So whatever the guest does to that entry, the frame stays until the handle is unmapped
 * or the domain dies.
 * Locks: maptrack, alone; a mapping's record changes under its granter's grant-table lock. Read next: mm/page_table.h.
 */
#include <public/errno.h>

#include "../hypercall/hypercall.h"
#include "../lib/check.h"
#include "../mm/frame_alloc.h"
#include "../mm/page_table.h"
#include "grant_internal.h"

#define KINDS (GNTMAP_host_map | GNTMAP_device_map)

/* --- Handles ------------------------------------------------------------------------------------------------- */

static struct grant_maptrack *maptrack_of(const struct grant_table *table, grant_handle_t handle)
{
    if (unlikely(handle / MAPTRACK_PER_PAGE >= table->maptrack_pages)) {
        return NULL;
    }
    return &table->maptrack[handle / MAPTRACK_PER_PAGE][handle % MAPTRACK_PER_PAGE];
}

static bool maptrack_grow(struct grant_table *table) MUST_HOLD(table->maptrack_lock)
{
    if (table->maptrack_pages == table->max_maptrack_pages) {
        return false;
    }
    if (table->maptrack == NULL) {
        table->maptrack = hv_alloc(table->max_maptrack_pages * sizeof(struct grant_maptrack *));
        if (table->maptrack == NULL) {
            return false;
        }
    }
    mfn_t frame = frame_alloc_one();
    if (!mfn_valid_value(frame)) {
        return false;
    }
    struct grant_maptrack *page = machine_frame(frame);
    uint32_t first = table->maptrack_pages * (uint32_t)MAPTRACK_PER_PAGE;
    for (uint32_t i = 0; i < MAPTRACK_PER_PAGE; i++) {
        page[i].ref = i + 1 < MAPTRACK_PER_PAGE ? first + i + 1 : MAPTRACK_NONE;
    }
    table->maptrack[table->maptrack_pages] = page;
    __atomic_store_n(&table->maptrack_pages, table->maptrack_pages + 1, __ATOMIC_RELEASE);
    table->maptrack_free = first;
    return true;
}

static grant_handle_t handle_take(struct grant_table *table)
{
    grant_handle_t handle = MAPTRACK_NONE;
    spin_lock(&table->maptrack_lock);
    if (likely(table->maptrack_free != MAPTRACK_NONE) || maptrack_grow(table)) {
        handle = table->maptrack_free;
        table->maptrack_free = maptrack_of(table, handle)->ref;
    }
    spin_unlock(&table->maptrack_lock);
    return handle;
}

static void handle_give(struct grant_table *table, grant_handle_t handle)
{
    struct grant_maptrack *map = maptrack_of(table, handle);
    spin_lock(&table->maptrack_lock);
    map->flags = 0;
    map->ref = table->maptrack_free;
    table->maptrack_free = handle;
    spin_unlock(&table->maptrack_lock);
}

/* --- Map ----------------------------------------------------------------------------------------------------------- */

static unsigned int uses_of(uint32_t flags)
{
    return ((flags & GNTMAP_host_map) != 0 ? 1u : 0u) +
           ((flags & GNTMAP_device_map) != 0 ? 1u : 0u);
}

static pte_t mapping_pte(mfn_t frame, uint32_t flags)
{
    uint64_t bits = PTE_PRESENT;
    bits |= (flags & GNTMAP_readonly) != 0 ? 0 : PTE_WRITE;
    bits |= (flags & GNTMAP_application_map) != 0 ? PTE_USER : 0;
    bits |= ((uint64_t)(flags >> _GNTMAP_guest_avail0) << 9) & PTE_AVAIL;
    return pte_make(frame, bits);
}

static void unreference(mfn_t frame, bool readonly, unsigned int uses)
{
    for (unsigned int i = 0; i < uses; i++) {
        grant_table_unreference(frame, readonly);
    }
}

/* References and, for the host part, the page-table entry. On failure nothing is left. */
static int16_t map_frame(struct domain *granter, const struct gnttab_map_grant_ref *op, mfn_t frame)
{
    bool readonly = (op->flags & GNTMAP_readonly) != 0;
    unsigned int uses = uses_of(op->flags);
    for (unsigned int held = 0; held < uses; held++) {
        int16_t status = grant_table_reference(granter, frame, readonly);
        if (unlikely(status != GNTST_okay)) {
            unreference(frame, readonly, held);
            return status;
        }
    }
    if ((op->flags & GNTMAP_host_map) == 0) {
        return GNTST_okay;
    }
    int status = page_table_install_grant(current_vcpu(), op->host_addr,
                                          (op->flags & GNTMAP_contains_pte) != 0,
                                          mapping_pte(frame, op->flags));
    if (unlikely(status != GNTST_okay)) {
        unreference(frame, readonly, uses);
    }
    return (int16_t)status;
}

static int16_t map_from(struct domain *granter, struct gnttab_map_grant_ref *op)
{
    struct domain *d = current_domain();
    bool readonly = (op->flags & GNTMAP_readonly) != 0;
    grant_handle_t handle = handle_take(d->grants);
    if (unlikely(handle == MAPTRACK_NONE)) {
        return GNTST_no_space;
    }
    const struct grant_terms *terms;
    mfn_t frame = INVALID_MFN;
    int16_t status = grant_table_claim(granter, op->ref, d->id, readonly, 0, &terms);
    if (likely(status == GNTST_okay)) {
        frame = MFN(terms->frame);
        status = map_frame(granter, op, frame);
        if (unlikely(status != GNTST_okay)) {
            grant_table_release(granter, op->ref, readonly);
        }
    }
    if (unlikely(status != GNTST_okay)) {
        handle_give(d->grants, handle);
        return status;
    }
    struct grant_maptrack *map = maptrack_of(d->grants, handle);
    map->ref = op->ref;
    map->domid = granter->id;
    __atomic_store_n(&map->flags,
                     (uint16_t)(op->flags & (KINDS | GNTMAP_readonly | GNTMAP_contains_pte)),
                     __ATOMIC_RELEASE);
    op->handle = handle;
    op->dev_bus_addr = maddr_from_mfn(frame).a;
    return GNTST_okay;
}

int16_t grant_map(struct gnttab_map_grant_ref *op)
{
    /* LAB(5): map another domain's frame as its grant allows it: flags, revocation, handles
     * Skeleton: return (int16_t)lab_todo("map a grant"); */
    if (unlikely((op->flags & KINDS) == 0)) {
        return GNTST_bad_gntref;
    }
    struct domain *granter = domain_get(op->dom);
    if (unlikely(granter == NULL)) {
        return GNTST_bad_domain;
    }
    int16_t status = map_from(granter, op);
    domain_put(granter);
    return status;
    /* END LAB(5) */
}

/* --- Unmap --------------------------------------------------------------------------------------------------------- */

/* The frame that a mapping's entry was claimed with. */
static mfn_t mapped_frame(const struct grant_table *table, grant_ref_t ref) MUST_HOLD(table->lock)
{
    return MFN(grant_table_active(table, ref)->terms.frame);
}

/* What of `wanted` (GNTMAP kinds) can be taken off the mapping: removed from *flags. */
static int16_t take_off(const struct gnttab_unmap_grant_ref *op, uint16_t *flags, mfn_t frame,
                        struct grant_unmap_batch *batch)
{
    if (op->dev_bus_addr != 0 && (*flags & GNTMAP_device_map) != 0) {
        if (op->dev_bus_addr != maddr_from_mfn(frame).a) {
            return GNTST_general_error;
        }
        *flags &= (uint16_t)~GNTMAP_device_map;
    }
    if (op->host_addr != 0 && (*flags & GNTMAP_host_map) != 0) {
        bool accessed = true;
        bool by_entry = (*flags & GNTMAP_contains_pte) != 0;
        int status = page_table_remove_grant(current_vcpu(), op->host_addr, by_entry, frame, 0,
                                             (*flags & GNTMAP_readonly) != 0, &accessed);
        if (status != GNTST_okay) {
            return (int16_t)status;
        }
        /* Of everything: the guest may have used the entry by other addresses, too, if it has the table twice. */
        batch->flush |= accessed;
        *flags &= (uint16_t)~GNTMAP_host_map;
    }
    return GNTST_okay;
}

int16_t grant_map_undo(const struct gnttab_unmap_grant_ref *op, struct grant_unmap_batch *batch)
{
    struct domain *d = current_domain();
    struct grant_maptrack *map = maptrack_of(d->grants, op->handle);
    if (unlikely(map == NULL || (READ_ONCE(map->flags) & KINDS) == 0)) {
        return GNTST_bad_handle;
    }
    struct domain *granter = domain_get(READ_ONCE(map->domid));
    if (unlikely(granter == NULL)) {
        return GNTST_bad_handle; /* another vCPU was faster */
    }
    spin_lock(&granter->grants->lock);
    uint16_t before = map->flags, after = before;
    if (unlikely((before & KINDS) == 0 || map->domid != granter->id)) {
        spin_unlock(&granter->grants->lock);
        domain_put(granter);
        return GNTST_bad_handle;
    }
    mfn_t frame = mapped_frame(granter->grants, map->ref);
    int16_t status = take_off(op, &after, frame, batch);
    grant_ref_t ref = map->ref;
    map->flags = after;
    spin_unlock(&granter->grants->lock);
    if (before != after) {
        uint32_t i = batch->count++;
        batch->items[i].frame = frame;
        batch->items[i].ref = ref;
        batch->items[i].domid = granter->id;
        batch->items[i].uses = (uint8_t)(uses_of(before) - uses_of(after));
        batch->items[i].readonly = (before & GNTMAP_readonly) != 0;
        batch->items[i].last = (after & KINDS) == 0;
        if ((after & KINDS) == 0) {
            handle_give(d->grants, op->handle);
        }
    }
    domain_put(granter);
    if (batch->count == GRANT_UNMAP_BATCH) {
        grant_map_finish(batch);
    }
    return status;
}

void grant_map_finish(struct grant_unmap_batch *batch)
{
    struct domain *d = current_domain();
    if (batch->flush) {
        machine_flush_mask(d->dirty_cpus, true);
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        /* The frame still holds its owner's domain alive, and that its id. */
        struct domain *granter = domain_get(batch->items[i].domid);
        CHECK(granter != NULL);
        if (batch->items[i].last) {
            grant_table_release(granter, batch->items[i].ref, batch->items[i].readonly);
        }
        unreference(batch->items[i].frame, batch->items[i].readonly, batch->items[i].uses);
        domain_put(granter);
    }
    grant_map_begin(batch);
}

int16_t grant_map_replace(const struct gnttab_unmap_and_replace *op)
{
    struct gnttab_unmap_grant_ref undo = {.host_addr = op->host_addr, .handle = op->handle};
    const struct grant_maptrack *map = maptrack_of(current_domain()->grants, op->handle);
    pte_t moved;
    if (map == NULL || (READ_ONCE(map->flags) & KINDS) == 0) {
        return GNTST_bad_handle;
    }
    if ((READ_ONCE(map->flags) & GNTMAP_contains_pte) != 0 || op->host_addr == 0 ||
        !page_table_lookup(current_vcpu(), GVA(op->new_addr), &moved)) {
        return GNTST_general_error;
    }
    struct grant_unmap_batch batch;
    grant_map_begin(&batch);
    int16_t status = grant_map_undo(&undo, &batch);
    grant_map_finish(&batch);
    if (status != GNTST_okay) {
        return status;
    }
    /* Two ordinary updates: the entry appears at its new place before it leaves the old one. */
    if (hc_update_va_mapping(op->host_addr, moved, UVMF_INVLPG | UVMF_ALL, 0, 0, 0) != 0 ||
        hc_update_va_mapping(op->new_addr, 0, UVMF_INVLPG | UVMF_ALL, 0, 0, 0) != 0) {
        return GNTST_general_error;
    }
    return GNTST_okay;
}

/* --- The mapper's death ---------------------------------------------------------------------------------------------- */

static void drop_mapping(struct grant_maptrack *map)
{
    struct domain *granter = domain_get(map->domid);
    CHECK(granter != NULL);
    bool readonly = (map->flags & GNTMAP_readonly) != 0;
    spin_lock(&granter->grants->lock);
    mfn_t frame = mapped_frame(granter->grants, map->ref);
    spin_unlock(&granter->grants->lock);
    grant_table_release(granter, map->ref, readonly);
    unreference(frame, readonly, uses_of(map->flags));
    map->flags = 0;
    domain_put(granter);
}

int grant_table_relinquish(struct domain *d)
{
    struct grant_table *table = d->grants;
    uint32_t end = table->maptrack_pages * (uint32_t)MAPTRACK_PER_PAGE;
    if (table->relinquish_next == 0 && end != 0) {
        /* PT7: it may still be in a TLB what it mapped. */
        machine_flush_mask(d->dirty_cpus, true);
    }
    while (table->relinquish_next < end) {
        struct grant_maptrack *map = maptrack_of(table, table->relinquish_next++);
        if ((map->flags & KINDS) != 0) {
            drop_mapping(map);
        }
        if (table->relinquish_next % 64 == 0 && machine_preempt_wanted()) {
            return -XEN_ERESTART;
        }
    }
    return 0;
}

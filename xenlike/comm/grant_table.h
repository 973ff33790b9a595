/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: one domain lets another map or copy a frame.
 *
 * Invariant: GT1 an in-use bit of a shared entry is set while a mapping or copy holds it, and cleared after the last; GT2 each map
 * holds a general reference on the frame, and a writable type reference unless read-only (PT3); GT3 what is used is what the entry
 * said when it was marked, whatever it says later. Locks: grant table of the granter; maptrack of the mapper, taken alone.
 * Guest ABI: docs/abi/grant_table_op.md. Read next: grant_table.c, grant_entry.c (versions), grant_map.c, grant_copy.c.
 */
#pragma once

#include <public/grant_table.h>

#include "../domain/domain.h"

/* Negative limits mean the defaults (64 frames, 1024 maptrack frames). -ENOMEM; -EINVAL a limit over the default, no frame at all, or
 * a version other than 1 and 2: the highest that the toolstack allows. */
int grant_table_init(struct domain *d, int32_t max_frames, int32_t max_maptrack_frames,
                     uint32_t version);
/* Undoes every mapping d holds; d runs no more. 0, -ERESTART. */
int grant_table_relinquish(struct domain *d);
void grant_table_destroy(struct domain *d);
/* The n-th frame of d's table (growing it up to its limit): XENMEM_acquire_resource, add_to_physmap. INVALID_MFN: beyond. */
mfn_t grant_table_frame(struct domain *d, uint32_t index);
/* Of version 2, the n-th frame of status words. INVALID_MFN: there is none. */
mfn_t grant_table_status_frame(struct domain *d, uint32_t index);
/* How many frames it may grow to. */
uint32_t grant_table_limit(const struct domain *d);

/* The sub-operations, on decoded structures; hypercall/hc_grant_table_op.c copies in and out. Each returns the GNTST_* of its element,
 * those with `int` an errno. All act for the running vCPU's domain. */
union grant_element {
    struct gnttab_map_grant_ref map_grant_ref;
    struct gnttab_unmap_grant_ref unmap_grant_ref;
    struct gnttab_unmap_and_replace unmap_and_replace;
    struct gnttab_copy copy;
    struct gnttab_setup_table setup_table;
    struct gnttab_query_size query_size;
    struct gnttab_dump_table dump_table;
    struct gnttab_get_status_frames get_status_frames;
    struct gnttab_set_version set_version;
    struct gnttab_get_version get_version;
    struct gnttab_swap_grant_ref swap_grant_ref;
    struct gnttab_cache_flush cache_flush;
};
typedef int16_t grant_table_handler(struct domain *d, union grant_element *op);
/* Runs one of these on the table of the domain that the element names: GNTST_bad_domain, GNTST_permission_denied. */
int16_t grant_table_of(domid_t id, grant_table_handler *run, union grant_element *op);
/* setup_table: GNTST_general_error too many frames, GNTST_bad_virt_addr its list faults. */
grant_table_handler grant_table_setup_table, grant_table_query_size, grant_table_dump_table,
    grant_table_get_status_frames;
/* -EINVAL neither 1 nor 2; -ENOSYS 2 is not allowed; -EBUSY an entry is in use, or the status words are mapped; -ERANGE; -ENOMEM. */
int grant_table_set_version(struct gnttab_set_version *op);
int grant_table_get_version(struct gnttab_get_version *op); /* -ESRCH, -EPERM */

/* -EINVAL range, operation or frame; -EPERM a frame of another's; -EOPNOTSUPP to invalidate without writing back. */
int grant_table_cache_flush(const struct gnttab_cache_flush *op);
/* GNTST_bad_gntref; GNTST_eagain one is in use. */
int16_t grant_table_swap(const struct gnttab_swap_grant_ref *op);

int16_t grant_map(struct gnttab_map_grant_ref *op);
/* Unmapped frames keep their references until the translations are flushed, once for a batch. */
#define GRANT_UNMAP_BATCH 16
struct grant_unmap_batch {
    uint32_t count;
    bool flush; /* a mapping was used */
    struct {
        mfn_t frame;
        grant_ref_t ref;
        domid_t domid;
        uint8_t uses; /* how many references: host, device */
        bool last;    /* the claim ends too */
        bool readonly;
    } items[GRANT_UNMAP_BATCH];
};
static inline void grant_map_begin(struct grant_unmap_batch *batch)
{
    batch->count = 0;
    batch->flush = false;
}
int16_t grant_map_undo(const struct gnttab_unmap_grant_ref *op, struct grant_unmap_batch *batch);
int16_t grant_map_replace(const struct gnttab_unmap_and_replace *op);
/* Flushes and gives everything of the batch back. To be called at the end; a full one is emptied by grant_map_undo. */
void grant_map_finish(struct grant_unmap_batch *batch);

/* Sides of the last copy stay claimed for the next one: start with grant_copy_begin, end with grant_copy_end. */
struct grant_copy_side {
    struct domain *domain; /* NULL: not looked up */
    struct domain
        *owner;   /* whose frame it is: not `domain` when its entry grants another's grant on */
    bool claimed; /* the frame is held; else only the domain */
    mfn_t frame;
    bool whole; /* claimed, and all of it may be used */
    const struct grant_terms *terms;
    grant_ref_t owner_ref; /* the owner's entry, if that is another domain */
    uint64_t name;         /* reference or frame number asked for */
    domid_t domid;         /* as asked for */
    bool by_reference, readonly;
};
struct grant_copy_state {
    struct grant_copy_side source, destination;
};
static inline void grant_copy_begin(struct grant_copy_state *state)
{
    state->source.domain = state->destination.domain = NULL;
    state->source.claimed = state->destination.claimed = false;
    state->source.readonly = true;
    state->destination.readonly = false;
}
int16_t grant_copy(const struct gnttab_copy *op, struct grant_copy_state *state);
void grant_copy_end(struct grant_copy_state *state);

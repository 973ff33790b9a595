/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: one domain lets another map or copy a frame.
 *
 * Invariant: GT1 an in-use bit of a shared entry is set while a mapping or copy holds it, and cleared after the last; GT2 each map
 * holds a general reference on the frame, and a writable type reference unless read-only (PT3); GT3 a shared entry is read once
 * and claimed by compare-exchange. Locks: grant table, lower domid first.
 */
#ifndef XENLIKE_COMM_GRANT_TABLE_H
#define XENLIKE_COMM_GRANT_TABLE_H

#include <public/grant_table.h>

#include "../domain/domain.h"

/* Negative limits mean the defaults (64 frames, 1024 maptrack frames). -ENOMEM; -EINVAL a limit over the default, none at all, or a
 * version other than 1 and 2 (the highest that the toolstack allows; version 1 is what is offered). */
int grant_table_init(struct domain *d, int32_t max_frames, int32_t max_maptrack_frames, uint32_t version);
/* Undoes every mapping d holds (its page tables are gone); 0, -ERESTART. */
int grant_table_relinquish(struct domain *d);
void grant_table_destroy(struct domain *d);
/* The n-th frame of d's table (growing it up to its limit): XENMEM_acquire_resource, add_to_physmap. INVALID_MFN: beyond. */
mfn_t grant_table_frame(struct domain *d, uint32_t index);

#endif

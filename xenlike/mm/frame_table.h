/* SPDX-License-Identifier: MIT */
/*
 * The frame table: one 16-byte record for each frame of RAM, with owner, general references, type and type references.
 *
 * Owns: struct frame. Invariants PT1..PT7 (docs/internals/page-types.md) are kept by mm/page_type.c alone.
 * The layout of the two words is mm's own business; everybody else uses these functions.
 */
#ifndef XENLIKE_MM_FRAME_TABLE_H
#define XENLIKE_MM_FRAME_TABLE_H

#include "addr.h"
#include "../cpu/machine.h"

struct domain;

struct frame {
    uint64_t count; /* general references, owner, allocation flags */
    uint64_t type;  /* type, type references, validated, partial, pinned; or the flush stamp while untyped */
};
_Static_assert(sizeof(struct frame) == 16, "a frame record is 16 bytes");

enum frame_type {
    FRAME_NONE,
    FRAME_L1,
    FRAME_L2,
    FRAME_L3,
    FRAME_L4,
    FRAME_SEG_DESC, /* GDT or LDT page */
    FRAME_WRITABLE,
    FRAME_SHARED,   /* hypervisor-owned, mapped by a guest: shared_info, grant table */
};

#if __STDC_HOSTED__
extern struct frame *frame_table_base;
#define FRAME_TABLE frame_table_base
#else
#define FRAME_TABLE ((struct frame *)FRAME_TABLE_START)
#endif
extern uint64_t frame_table_end; /* frames below this have a record */

static inline struct frame *frame_of(mfn_t mfn)
{
    return &FRAME_TABLE[mfn.n];
}
static inline mfn_t frame_mfn(const struct frame *frame)
{
    return MFN((uint64_t)(frame - FRAME_TABLE));
}
/* Is there RAM with a record behind it? Anything else is device memory or nothing. */
bool frame_is_ram(mfn_t mfn);

/* Reserved ids in the owner field. */
struct domain *frame_owner(const struct frame *frame); /* NULL: free, the hypervisor's, or none; stable only while a reference is held */
/* A general reference to a frame that d owns. False: not RAM, not d's, being freed, or count at its limit. */
bool frame_get(mfn_t mfn, const struct domain *d);
void frame_put(mfn_t mfn); /* the last one frees the frame (scrubbed before reuse) */
/* Both references at once. 0; -EINVAL not RAM or not d's, or contents not valid for the type; -EBUSY otherwise typed; -ERESTART preempted (page tables). */
int frame_get_and_type(mfn_t mfn, struct domain *d, enum frame_type type);
void frame_put_and_type(mfn_t mfn);
/* The type reference alone; the caller holds a general one. */
int frame_get_type(mfn_t mfn, enum frame_type type);
void frame_put_type(mfn_t mfn);
enum frame_type frame_current_type(mfn_t mfn);

/* Machine-to-physical table. */
#define M2P_INVALID  (~UINT64_C(0))
#define M2P_SHARED   (~UINT64_C(0) - 1) /* a frame the hypervisor shares with a guest */
void m2p_set(mfn_t mfn, uint64_t gpfn);
uint64_t m2p_get(mfn_t mfn);

/* Makes a hypervisor frame one that d may map (type FRAME_SHARED, owner d) and back. readonly: never writable. */
void frame_share_with_guest(mfn_t mfn, struct domain *d, bool readonly);
void frame_unshare(mfn_t mfn);

#endif

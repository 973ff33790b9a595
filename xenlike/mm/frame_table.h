/* SPDX-License-Identifier: MIT */
/*
 * The frame table: one 16-byte record for each frame of RAM, with owner, general references, type and type references.
 *
 * Owns: struct frame. Invariants PT1..PT7 (docs/internals/page-types.md) are kept by mm/page_type.c alone.
 * The layout of the two words is mm's own business (frame_word.h); everybody else uses these functions.
 * Locks: none for counts (compare-exchange); page tables change under the owner's page_lock, taken in here.
 * Read next: page_table.h, frame_word.h.
 */
#pragma once

#include "addr.h"
#include "../cpu/machine.h"

struct domain;

struct frame {
    uint64_t state;
    uint64_t aux;
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
    FRAME_SHARED, /* hypervisor-owned and shown to a guest read-only */
};

#if __STDC_HOSTED__
extern struct frame *frame_table_base;
extern uint64_t *frame_table_m2p;
#define FRAME_TABLE frame_table_base
#define M2P_TABLE   frame_table_m2p
#else
#define FRAME_TABLE ((struct frame *)FRAME_TABLE_START)
#define M2P_TABLE   ((uint64_t *)M2P_WRITE_START)
#endif
/* Frames below this have a record and a machine-to-physical entry. Boot maps both tables, with records of zeros (no RAM) and
 * entries of ~0 (M2P_INVALID), and then sets this. */
extern uint64_t frame_table_end;

/* At boot, for each range of RAM: it becomes the hypervisor's. frame_alloc_add_range then frees what is free. RAM that is
 * not announced here counts as device memory, which the hardware domain may map. */
void frame_table_add_ram(mfn_t start, mfn_t end);
/* Frames of a device that the hypervisor drives (LAPIC, I/O APIC, MSI-X tables): no domain maps them writable.
 * At most 32 ranges; false: no room. */
bool frame_table_claim_device(mfn_t start, uint64_t nr_frames);
bool frame_table_device_claimed(mfn_t mfn);

static inline struct frame *frame_of(mfn_t mfn)
{
    return &FRAME_TABLE[mfn.n];
}
/* Is there RAM with a record behind it? Anything else is device memory or nothing. */
bool frame_is_ram(mfn_t mfn);

/* A general reference to a frame that d owns. False: not RAM, not d's, being freed, or count at its limit. */
bool frame_get(mfn_t mfn, const struct domain *d);
/* The last reference frees the frame (it is flushed from TLBs and scrubbed before reuse). */
void frame_put(mfn_t mfn);
/* Both references at once. 0; -EINVAL not RAM or not d's, or contents not valid for the type; -EBUSY otherwise typed, or at the limit
 * of references; -EPERM, -EBUSY from an entry of an L1; -ERESTART preempted (page tables): call again. d->page_lock must not be held. */
int frame_get_and_type(mfn_t mfn, struct domain *d, enum frame_type type);
void frame_put_and_type(mfn_t mfn);
/* The type while it has references, else FRAME_NONE. */
enum frame_type frame_current_type(mfn_t mfn);

/* Machine-to-physical table. */
#define M2P_INVALID (~UINT64_C(0))
#define M2P_SHARED  (~UINT64_C(0) - 1) /* a frame the hypervisor shares with a guest */
void m2p_set(mfn_t mfn, uint64_t gpfn);
uint64_t m2p_get(mfn_t mfn); /* M2P_INVALID beyond the table */

/* Shows a hypervisor frame (frame_alloc_hypervisor, order 0) to d, which may map it: writable, or with readonly never so. It is
 * not in d's count of frames. */
void frame_share_with_guest(mfn_t mfn, struct domain *d, bool readonly);
/* Ends that: the hypervisor's reference goes and d is the owner no more. The frame is freed when the last mapping of it is gone,
 * at once if there is none: the caller must not free it. */
void frame_unshare(mfn_t mfn);
/* Does anybody else hold the shared frame? */
bool frame_is_mapped(mfn_t mfn);

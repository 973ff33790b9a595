/* SPDX-License-Identifier: MIT */
/*
 * The layout of a frame record's two words. Included by mm/ only (and by the invariant checker of the tests).
 *
 * state, changed only by compare-exchange once the frame is in use:
 *    0-25 general references      26-44 type references      45-47 type
 *    48 validated   49 pinned   50 allocated (one general reference is the allocation's)   51-63 owner
 * aux while the frame is owned: stamp (31:0), progress (41:32), listed (42), linear (63:48), see below;
 * while it is free the head of a block holds the links of its list.
 * One word for both counts makes "take a reference and a type reference" one locked instruction.
 * Read next: frame_table.c, page_type.c.
 */
#pragma once

#include "frame_table.h"

#define FRAME_COUNT_ONE        (UINT64_C(1) << 0)
#define FRAME_COUNT_MASK       ((UINT64_C(1) << 26) - 1)
#define FRAME_TYPE_COUNT_SHIFT 26
#define FRAME_TYPE_COUNT_ONE   (UINT64_C(1) << FRAME_TYPE_COUNT_SHIFT)
#define FRAME_TYPE_COUNT_MASK  (((UINT64_C(1) << 19) - 1) << FRAME_TYPE_COUNT_SHIFT)
#define FRAME_TYPE_SHIFT       45
#define FRAME_TYPE_MASK        (UINT64_C(7) << FRAME_TYPE_SHIFT)
#define FRAME_VALIDATED        (UINT64_C(1) << 48)
#define FRAME_PINNED           (UINT64_C(1) << 49)
#define FRAME_ALLOCATED        (UINT64_C(1) << 50)
#define FRAME_OWNER_SHIFT      51

/* A count whose top bit is set takes no further reference: far from wrapping, and one test for both. */
#define FRAME_COUNT_LIMIT      (UINT64_C(1) << 25)
#define FRAME_TYPE_COUNT_LIMIT (UINT64_C(1) << 44)

/* Owners that are not domains. A record of zeros is no RAM. */
#define FRAME_OWNER_NONE         0
#define FRAME_OWNER_FREE         1
#define FRAME_OWNER_HYPERVISOR   2
#define FRAME_OWNER_FIRST_DOMAIN UINT64_C(8)
#define FRAME_OWNER_OF(d)        ((d)->id + FRAME_OWNER_FIRST_DOMAIN)

/* State words: so owned; in the heap but no head of a block; the hypervisor's own. */
#define FRAME_OWNED_BY(owner) ((uint64_t)(owner) << FRAME_OWNER_SHIFT)
#define FRAME_STATE_FREE      FRAME_OWNED_BY(FRAME_OWNER_FREE)
#define FRAME_STATE_OURS      (FRAME_OWNED_BY(FRAME_OWNER_HYPERVISOR) | FRAME_COUNT_ONE)

static inline uint64_t frame_load(const struct frame *frame)
{
    return __atomic_load_n(&frame->state, __ATOMIC_RELAXED);
}
/* On failure *expected is what is there now. */
static inline bool frame_swap(struct frame *frame, uint64_t *expected, uint64_t wanted)
{
    return __atomic_compare_exchange_n(&frame->state, expected, wanted, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}
static inline uint64_t frame_word_count(uint64_t state)
{
    return state & FRAME_COUNT_MASK;
}
static inline uint64_t frame_word_type_count(uint64_t state)
{
    return (state & FRAME_TYPE_COUNT_MASK) >> FRAME_TYPE_COUNT_SHIFT;
}
static inline enum frame_type frame_word_type(uint64_t state)
{
    return (enum frame_type)((state & FRAME_TYPE_MASK) >> FRAME_TYPE_SHIFT);
}
static inline uint64_t frame_word_owner(uint64_t state)
{
    return state >> FRAME_OWNER_SHIFT;
}
/* The owner, NULL: free, the hypervisor's, or none; stable only while a reference is held. (frame_table.c) */
struct domain *frame_word_domain(uint64_t state);

/* aux of an owned frame. */
#define FRAME_AUX_STAMP_MASK \
    UINT64_C(0xffffffff)            /* flush clock when the last type reference went */
#define FRAME_AUX_PROGRESS_SHIFT 32 /* partial tables: entries [0, progress) are held */
#define FRAME_AUX_PROGRESS_MASK  (UINT64_C(0x3ff) << FRAME_AUX_PROGRESS_SHIFT)
#define FRAME_AUX_LISTED \
    (UINT64_C(1) << 42) /* in the owner's page_pending, whose links are the stamp bits */
#define FRAME_AUX_LINEAR_SHIFT \
    48 /* signed: linear entries this table holds, or minus its uses as one */

/* A free block: order and flush stamp in state beside the owner, links in aux (frame numbers, 0: end). */
#define FRAME_FREE_HEAD        (UINT64_C(1) << 50)
#define FRAME_FREE_ORDER_SHIFT 40
#define FRAME_FREE_STAMP_MASK  UINT64_C(0xffffffff)

/* A frame whose last reference went returns to the heap (frame_alloc.c). */
void frame_alloc_return(mfn_t mfn, uint64_t state);

/* The first frame at or above `from` that d owns and anybody still refers to, allocated or not. */
mfn_t frame_next_referenced(const struct domain *d, mfn_t from);

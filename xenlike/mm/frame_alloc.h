/* SPDX-License-Identifier: MIT */
/*
 * The heap: one buddy allocator over all RAM. Frames come zeroed (scrubbed on free).
 * Locks: heap. Orders 0..18 (1 GiB).
 */
#ifndef XENLIKE_MM_FRAME_ALLOC_H
#define XENLIKE_MM_FRAME_ALLOC_H

#include "addr.h"

struct domain;

#define FRAME_ORDER_MAX 18

/* Where: below 2^bits bytes of machine address (32: DMA); 0: anywhere, from the top. */
/* Hypervisor's own frames: no owner, outside any guest's count. INVALID_MFN: none left. */
mfn_t frame_alloc_hypervisor(unsigned int order);
void frame_free_hypervisor(mfn_t mfn, unsigned int order);
static inline mfn_t frame_alloc_one(void)
{
    return frame_alloc_hypervisor(0);
}
/* 2^order frames owned by d, each with one allocated reference; m2p entries invalid. INVALID_MFN: d at max_frames, dying, or heap empty
 * (the reserve is only the control domain's). */
mfn_t frame_alloc_domain(struct domain *d, unsigned int order, unsigned int address_bits);
/* Drops the allocation reference of a frame d owns (once): true when it was there. The frame is freed with its last reference. */
bool frame_release_allocation(mfn_t mfn, struct domain *d);
/* First and next frame that d owns, for teardown and tools; INVALID_MFN at the end. O(1) each. */
mfn_t frame_first_owned(const struct domain *d);
mfn_t frame_next_owned(const struct domain *d, mfn_t mfn);

uint64_t frame_alloc_nr_free(void);
uint64_t frame_alloc_nr_total(void);

/* At boot: give a range of RAM to the heap. */
void frame_alloc_add_range(mfn_t start, mfn_t end);

/* Small objects (1..32768 bytes) from the heap, zeroed; NULL: none left. */
void *hv_alloc(size_t size);
void hv_free(void *pointer);

#endif

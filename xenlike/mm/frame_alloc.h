/* SPDX-License-Identifier: MIT */
/*
 * The heap: one buddy allocator over all RAM. Frames come zeroed, and flushed from every TLB.
 * Locks: heap. Orders 0..18 (1 GiB). Read next: frame_alloc.c.
 */
#pragma once

#include "addr.h"

struct domain;

#define FRAME_ORDER_MAX 18
/* Frames that unprivileged domains cannot have, so that the control domain can still act. */
#define FRAME_ALLOC_RESERVE 256

/* Hypervisor's own frames: no owner, outside any guest's count. INVALID_MFN: none left. */
mfn_t frame_alloc_hypervisor(unsigned int order);
void frame_free_hypervisor(mfn_t mfn, unsigned int order);
static inline mfn_t frame_alloc_one(void)
{
    return frame_alloc_hypervisor(0);
}
/* 2^order aligned frames owned by d, each with one allocated reference; m2p entries invalid; below 2^address_bits bytes of machine
 * address (0: anywhere, high addresses first). INVALID_MFN: d at max_frames, not alive, order too large, or heap empty (the
 * reserve is only the control domain's). The first frame of a domain takes a reference on it, given back with its last. */
mfn_t frame_alloc_domain(struct domain *d, unsigned int order, unsigned int address_bits);
/* XENMEM_exchange, in steps that change no count: 2^order clean frames that are nobody's yet; a frame that only d's allocation refers
 * to is taken from d (false: it is not so), kept and given back, or dropped into the heap; new frames are given to d. */
mfn_t frame_exchange_alloc(unsigned int order, unsigned int address_bits);
bool frame_exchange_take(mfn_t mfn, const struct domain *d);
void frame_exchange_return(mfn_t mfn, const struct domain *d);
void frame_exchange_drop(mfn_t mfn);
void frame_exchange_give(mfn_t mfn, unsigned int order, struct domain *d);
/* Drops the allocation reference of a frame d owns (once): true when it was there. The frame is freed with its last reference. */
bool frame_release_allocation(mfn_t mfn, struct domain *d);
uint64_t frame_alloc_nr_free(void);
uint64_t frame_alloc_nr_total(void);

/* At boot, after frame_table_add_ram: gives a range to the heap. Later also for boot modules that are done with. */
void frame_alloc_add_range(mfn_t start, mfn_t end);

/* Small objects (1..32768 bytes) from the heap, zeroed, 32-byte aligned; NULL: none left. */
void *hv_alloc(size_t size);
void hv_free(void *pointer); /* NULL is ignored */

/* SPDX-License-Identifier: MIT */
/*
 * memory_op exchange: frames are given back and others taken in one step, in other sizes or below another address.
 *
 * Done in chunks of one extent of the larger size. Invariant: MX1 a chunk is exchanged whole or not at all, and the domain's count of frames never
 * changes; MX2 only a frame that nothing but its allocation refers to is given back. Locks: none here.
 * Guest ABI: docs/abi/memory_op.md. Read next: mm/frame_alloc.c.
 */
#include "memory_ops.h"

#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"

/* Extents per chunk on each side; one of the two is 1. */
struct chunk {
    struct domain *d;
    const struct xen_memory_exchange *exchange;
    uint64_t nr_in, nr_out;
    uint64_t index; /* chunks done */
};

static gva_t in_element(const struct chunk *chunk, uint64_t i)
{
    return GVA((uint64_t)(chunk->exchange->in.extent_start.p + chunk->index * chunk->nr_in + i));
}

static gva_t out_element(const struct chunk *chunk, uint64_t i)
{
    return GVA((uint64_t)(chunk->exchange->out.extent_start.p + chunk->index * chunk->nr_out + i));
}

/* The frames to be given back, remembered in a scratch frame: at most 2^9 of them (memory_exchange refuses more). */
static int take_in(const struct chunk *chunk, uint64_t *taken, uint64_t *nr_taken)
{
    uint64_t frames = UINT64_C(1) << chunk->exchange->in.extent_order;

    for (uint64_t i = 0; i < chunk->nr_in; i++) {
        xen_pfn_t first;

        if (guest_access_read(&first, in_element(chunk, i), sizeof(first)) != 0) {
            return -XEN_EFAULT;
        }
        for (uint64_t j = 0; j < frames; j++) {
            if (!frame_exchange_take(MFN(first + j), chunk->d)) {
                return -XEN_EINVAL;
            }
            taken[(*nr_taken)++] = first + j;
        }
    }
    return 0;
}

static int allocate_out(const struct chunk *chunk, uint64_t *made, uint64_t *nr_made)
{
    const struct xen_memory_reservation *out = &chunk->exchange->out;

    for (; *nr_made < chunk->nr_out; (*nr_made)++) {
        mfn_t mfn =
            frame_exchange_alloc(out->extent_order, XENMEMF_get_address_bits(out->mem_flags));

        if (!mfn_valid_value(mfn)) {
            return -XEN_ENOMEM;
        }
        made[*nr_made] = mfn.n;
    }
    return 0;
}

/* From here on nothing is undone. */
static int commit(const struct chunk *chunk, const uint64_t *taken, uint64_t nr_taken,
                  const uint64_t *made)
{
    unsigned int order = chunk->exchange->out.extent_order;
    int result = 0;

    for (uint64_t i = 0; i < nr_taken; i++) {
        frame_exchange_drop(MFN(taken[i]));
    }
    for (uint64_t i = 0; i < chunk->nr_out; i++) {
        xen_pfn_t place;
        xen_pfn_t mfn = made[i];

        frame_exchange_give(MFN(mfn), order, chunk->d);
        if (guest_access_read(&place, out_element(chunk, i), sizeof(place)) != 0) {
            result = -XEN_EFAULT;
            continue;
        }
        for (uint64_t j = 0; j < UINT64_C(1) << order; j++) {
            m2p_set(MFN(mfn + j), place + j);
        }
        if (guest_access_write(out_element(chunk, i), &mfn, sizeof(mfn)) != 0) {
            result = -XEN_EFAULT;
        }
    }
    return result;
}

static int exchange_chunk(const struct chunk *chunk, uint64_t *taken, uint64_t *made)
{
    uint64_t nr_taken = 0;
    uint64_t nr_made = 0;
    int result = take_in(chunk, taken, &nr_taken);

    if (result == 0) {
        result = allocate_out(chunk, made, &nr_made);
    }
    if (result == 0) {
        return commit(chunk, taken, nr_taken, made);
    }
    while (nr_taken-- > 0) {
        frame_exchange_return(MFN(taken[nr_taken]), chunk->d);
    }
    while (nr_made-- > 0) {
        frame_free_hypervisor(MFN(made[nr_made]), chunk->exchange->out.extent_order);
    }
    return result;
}

/* 0; -EPERM too large; -EINVAL sizes that do not match; -EFAULT a list outside the guest's memory. */
static int check(const struct xen_memory_exchange *exchange)
{
    const struct xen_memory_reservation *in = &exchange->in;
    const struct xen_memory_reservation *out = &exchange->out;

    if (in->extent_order > 9 || out->extent_order > 9) {
        return -XEN_EPERM;
    }
    if (exchange->nr_exchanged > in->nr_extents || in->domid != out->domid ||
        in->nr_extents > UINT64_MAX >> 3 >> in->extent_order ||
        out->nr_extents > UINT64_MAX >> 3 >> out->extent_order ||
        in->nr_extents << in->extent_order != out->nr_extents << out->extent_order) {
        return -XEN_EINVAL;
    }
    if (!guest_access_range_ok(GVA((uint64_t)in->extent_start.p), in->nr_extents * 8) ||
        !guest_access_range_ok(GVA((uint64_t)out->extent_start.p), out->nr_extents * 8)) {
        return -XEN_EFAULT;
    }
    return 0;
}

static int exchange_all(struct domain *d, struct xen_memory_exchange *exchange, uint64_t *scratch)
{
    unsigned int in_order = exchange->in.extent_order;
    unsigned int out_order = exchange->out.extent_order;
    struct chunk chunk = {.d = d, .exchange = exchange};
    int result = 0;

    chunk.nr_in = in_order < out_order ? UINT64_C(1) << (out_order - in_order) : 1;
    chunk.nr_out = out_order < in_order ? UINT64_C(1) << (in_order - out_order) : 1;
    chunk.index = exchange->nr_exchanged / chunk.nr_in;
    uint64_t nr_chunks = exchange->in.nr_extents / chunk.nr_in;
    for (bool first = true; chunk.index < nr_chunks && result == 0; first = false) {
        if (!first && machine_preempt_wanted()) {
            return -XEN_ERESTART;
        }
        result = exchange_chunk(&chunk, scratch, scratch + PT_ENTRIES);
        if (result == 0) {
            chunk.index++;
            exchange->nr_exchanged = chunk.index * chunk.nr_in;
        }
    }
    return result;
}

int64_t memory_exchange(struct memory_call *call)
{
    struct xen_memory_exchange *exchange = &call->u.exchange;
    struct domain *d;
    uint64_t *scratch;
    int result = check(exchange);

    if (result == 0) {
        result = domain_get_for_caller(exchange->in.domid, &d);
    }
    if (result != 0) {
        return result;
    }
    scratch = hv_alloc(2 * PT_ENTRIES * sizeof(*scratch));
    result = scratch == NULL ? -XEN_ENOMEM : exchange_all(d, exchange, scratch);
    hv_free(scratch);
    domain_put(d);
    if (guest_access_write(call->argument, exchange, sizeof(*exchange)) != 0) {
        return -XEN_EFAULT;
    }
    return result == -XEN_ERESTART
               ? hypercall_continue(__HYPERVISOR_memory_op, call->op, call->argument.v, 0, 0, 0, 0)
               : result;
}

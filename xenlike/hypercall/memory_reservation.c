/* SPDX-License-Identifier: MIT */
/*
 * memory_op: how many frames a domain has. Increase, decrease, populate, claims, current and maximum.
 *
 * Batches return the number of extents done and never an errno for the list: 0 when nothing could be read or allowed in size.
 * Invariant: MO1 each list element is read once. Locks: none here. Guest ABI: docs/abi/memory_op.md. Read next: mm/frame_alloc.c.
 */
#include "memory_ops.h"

#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"

/* One batch: what the guest asked for, decoded. */
struct batch {
    struct domain *d;
    uint64_t list; /* of xen_pfn_t */
    unsigned int order;
    unsigned int address_bits;
};

static gva_t element(const struct batch *batch, uint32_t index)
{
    return GVA(batch->list + index * sizeof(xen_pfn_t));
}

/* One extent of each kind: false ends the batch. */
static bool increase(const struct batch *batch, uint32_t index)
{
    mfn_t mfn = frame_alloc_domain(batch->d, batch->order, batch->address_bits);
    xen_pfn_t result = mfn.n;

    return mfn_valid_value(mfn) &&
           (batch->list == 0 ||
            guest_access_write(element(batch, index), &result, sizeof(result)) == 0);
}

static bool populate(const struct batch *batch, uint32_t index)
{
    xen_pfn_t place;

    if (guest_access_read(&place, element(batch, index), sizeof(place)) != 0) {
        return false;
    }
    mfn_t mfn = frame_alloc_domain(batch->d, batch->order, batch->address_bits);
    if (!mfn_valid_value(mfn)) {
        return false;
    }
    for (uint64_t i = 0; i < UINT64_C(1) << batch->order; i++) {
        m2p_set(mfn_add(mfn, i), place + i);
    }
    place = mfn.n;
    return guest_access_write(element(batch, index), &place, sizeof(place)) == 0;
}

static bool decrease(const struct batch *batch, uint32_t index)
{
    xen_pfn_t first;

    if (guest_access_read(&first, element(batch, index), sizeof(first)) != 0) {
        return false;
    }
    for (uint64_t i = 0; i < UINT64_C(1) << batch->order; i++) {
        if (!frame_release_allocation(MFN(first + i), batch->d)) {
            return false;
        }
    }
    return true;
}

static bool (*const steps[])(const struct batch *, uint32_t) = {
    [XENMEM_increase_reservation] = increase,
    [XENMEM_decrease_reservation] = decrease,
    [XENMEM_populate_physmap] = populate,
};

int64_t memory_reservation_change(struct memory_call *call)
{
    const struct xen_memory_reservation *reservation = &call->u.reservation;
    struct batch batch;
    uint32_t i = call->start;
    bool preempted = false;

    if (reservation->nr_extents > UINT32_MAX >> MEMORY_OP_SHIFT || i >= reservation->nr_extents ||
        reservation->extent_order > memory_ops_max_order()) {
        return i;
    }
    int result = domain_get_for_caller(reservation->domid, &batch.d);
    if (result != 0) {
        return result == -XEN_ESRCH ? (int64_t)i : result;
    }
    batch.list = (uint64_t)reservation->extent_start.p;
    batch.order = reservation->extent_order;
    batch.address_bits = XENMEMF_get_address_bits(reservation->mem_flags);
    while (i < reservation->nr_extents && !preempted && steps[call->op](&batch, i)) {
        i++;
        preempted = i < reservation->nr_extents && machine_preempt_wanted();
    }
    domain_put(batch.d);
    return preempted ? hypercall_continue(__HYPERVISOR_memory_op, call->op | (i << MEMORY_OP_SHIFT),
                                          call->argument.v, 0, 0, 0, 0)
                     : (int64_t)i;
}

int64_t memory_reservation_query(struct memory_call *call)
{
    struct domain *d;
    int64_t frames;
    int result = domain_get_for_caller(call->u.domain.domid, &d);

    if (result != 0) {
        return result;
    }
    if (call->op == XENMEM_maximum_gpfn) {
        /* What the guest itself says: nobody else knows its numbering. */
        frames = (int64_t)(READ_ONCE(d->shared_info->arch.max_pfn) & (INT64_MAX >> PAGE_SHIFT)) - 1;
    } else {
        frames = call->op == XENMEM_current_reservation ? d->nr_frames : d->max_frames;
    }
    domain_put(d);
    return frames;
}

/* A claim is only checked: one toolstack builds one domain at a time, and populate tells the truth. */
int64_t memory_reservation_claim(struct memory_call *call)
{
    const struct xen_memory_reservation *reservation = &call->u.reservation;
    struct domain *d;

    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    if (reservation->extent_start.p != NULL || reservation->extent_order != 0 ||
        reservation->mem_flags != 0) {
        return -XEN_EINVAL;
    }
    int result = domain_get_for_caller(reservation->domid, &d);
    if (result != 0) {
        return result;
    }
    if (reservation->nr_extents > d->nr_frames &&
        reservation->nr_extents - d->nr_frames > frame_alloc_nr_free()) {
        result = -XEN_ENOMEM;
    }
    domain_put(d);
    return result;
}

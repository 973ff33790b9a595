/* SPDX-License-Identifier: MIT */
/*
 * Event channels: sending, virtual interrupts, 2-level delivery, registered vcpu_info.
 *
 * Owns: the pending bits of shared_info, and of a vcpu_info the selector and the upcall flag. Invariants EC1 to EC3: event_channel.h.
 * 2-level: a port is a bit in one of 64 words; a vCPU's selector has a bit per word; its upcall flag says that the selector is not
 * empty. All three are set from the port upwards, and the guest clears them from the flag downwards, so nothing is lost.
 * Locks: a channel's own while it sends. Guest ABI: docs/abi/event_channel_op.md. Read next: event_channel_bind.c.
 */
#include "event_channel.h"

#include <public/errno.h>

#include "../domain/guest_time.h"
#include "../domain/schedule.h"
#include "../lib/string.h"
#include "../mm/frame_table.h"
#include "event_internal.h"

struct vcpu_info event_channel_no_info = {.evtchn_upcall_mask = 1};

/* --- Delivery -------------------------------------------------------------------------------------- */

static bool test_and_set(uint64_t *word, uint32_t bit)
{
    uint64_t mask = UINT64_C(1) << bit;
    return (__atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

static bool test_and_clear(uint64_t *word, uint32_t bit)
{
    uint64_t mask = UINT64_C(1) << bit;
    return (__atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

/* Ends a block or a poll. A vCPU that was about to block sees the pending upcall itself (EC3). */
static void wake(struct vcpu *v)
{
    const uint32_t waiting = VCPU_BLOCKED | VCPU_POLLING;
    if ((READ_ONCE(v->pause_flags) & waiting) != 0 &&
        (__atomic_fetch_and(&v->pause_flags, ~waiting, __ATOMIC_SEQ_CST) & waiting) != 0) {
        schedule_wake(v);
    } else if (READ_ONCE(v->sched.running)) {
        machine_kick(v->processor);
    }
}

void event_channel_upcall(struct vcpu *v)
{
    if (__atomic_exchange_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST) == 0 &&
        v != current_vcpu()) {
        wake(v);
    }
}

/* Pollers wait for ports that are masked, so the upcall does not find them. */
void event_channel_wake_pollers(struct domain *d, uint32_t port)
{
    FOR_EACH_VCPU (d, v) {
        if ((READ_ONCE(v->pause_flags) & VCPU_POLLING) != 0 &&
            (v->poll_port == port || v->poll_port == ~0u)) {
            wake(v);
        }
    }
}

static inline void select_word(struct domain *d, const struct event_channel *channel)
{
    struct vcpu *v = d->vcpus[channel->notify_vcpu];
    if (likely(v != NULL) && !test_and_set(&v->info->evtchn_pending_sel, channel->port / 64)) {
        event_channel_upcall(v);
    }
}

static inline void two_level_set_pending(struct domain *d, struct event_channel *channel)
{
    /* LAB(4): three bits and an upcall: none may be lost, none rings twice
     * Skeleton: lab_todo("make an event pending"); */
    struct shared_info *shared = d->shared_info;
    uint32_t word = channel->port / 64, bit = channel->port % 64;
    if (test_and_set(&shared->evtchn_pending[word], bit)) {
        return;
    }
    if (((READ_ONCE(shared->evtchn_mask[word]) >> bit) & 1) == 0) {
        select_word(d, channel);
    }
    if (unlikely(READ_ONCE(d->has_polled))) {
        event_channel_wake_pollers(d, channel->port);
    }
    /* END LAB(4) */
}

static void two_level_clear_pending(struct domain *d, struct event_channel *channel)
{
    test_and_clear(&d->shared_info->evtchn_pending[channel->port / 64], channel->port % 64);
}

static bool two_level_is_pending(const struct domain *d, uint32_t port)
{
    return ((READ_ONCE(d->shared_info->evtchn_pending[port / 64]) >> (port % 64)) & 1) != 0;
}

static void two_level_unmask(struct domain *d, struct event_channel *channel)
{
    uint32_t word = channel->port / 64, bit = channel->port % 64;
    if (test_and_clear(&d->shared_info->evtchn_mask[word], bit) &&
        two_level_is_pending(d, channel->port)) {
        select_word(d, channel);
    }
}

static bool two_level_is_busy(const struct domain *d, uint32_t port)
{
    return false;
}

const struct event_delivery event_channel_two_level = {
    .set_pending = two_level_set_pending,
    .clear_pending = two_level_clear_pending,
    .unmask = two_level_unmask,
    .is_pending = two_level_is_pending,
    .is_busy = two_level_is_busy,
};

/* --- Sending ----------------------------------------------------------------------------------------- */

int event_channel_send(struct domain *d, uint32_t port)
{
    /* LAB(4): ring the other end of a channel: which errors come before it, by the port's state */
    struct event_channel *channel = event_channel_find(d, port);
    if (unlikely(channel == NULL)) {
        return -XEN_EINVAL;
    }
    int result = 0;
    spin_lock(&channel->lock);
    if (likely(channel->state == CHANNEL_INTERDOMAIN)) {
        struct domain *remote = channel->remote.domain;
        if (likely(remote->events->delivery == &event_channel_two_level)) {
            two_level_set_pending(remote,
                                  channel->remote.peer); /* inline: the path that is counted */
        } else {
            event_channel_set_pending(remote, channel->remote.peer);
        }
    } else if (channel->state == CHANNEL_IPI) {
        event_channel_set_pending(d, channel);
    } else if (channel->state != CHANNEL_UNBOUND) {
        result =
            -XEN_EINVAL; /* nobody listens yet on an unbound one: the send is lost, and that is no error */
    }
    spin_unlock(&channel->lock);
    return result;
    /* END LAB(4) */
}

/* Raises a port if it is still bound to what is said. */
static void raise_bound(struct domain *d, uint32_t port, enum channel_state state, uint32_t source)
{
    struct event_channel *channel = event_channel_find(d, port);
    if (channel == NULL) {
        return;
    }
    spin_lock(&channel->lock);
    if (channel->state == state &&
        (state == CHANNEL_VIRQ ? channel->virq : channel->pirq) == source) {
        event_channel_set_pending(d, channel);
    }
    spin_unlock(&channel->lock);
}

void event_channel_raise_virq(struct vcpu *v, uint32_t virq)
{
    uint32_t port = READ_ONCE(v->virq_port[virq]);
    if (port != 0) {
        raise_bound(v->domain, port, CHANNEL_VIRQ, virq);
    }
}

void event_channel_raise_global_virq(uint32_t virq)
{
    struct domain *d = hardware_domain;
    if (d != NULL && d->vcpus != NULL && d->vcpus[0] != NULL) {
        event_channel_raise_virq(d->vcpus[0], virq);
    }
}

void event_channel_raise_pirq(struct domain *d, uint32_t pirq, uint32_t port)
{
    raise_bound(d, port, CHANNEL_PIRQ, pirq);
}

int event_channel_poll(struct domain *d, uint32_t port)
{
    const struct event_channel *channel = event_channel_find(d, port);
    return channel == NULL || channel->state == CHANNEL_FREE
               ? -XEN_EINVAL
               : d->events->delivery->is_pending(d, port);
}

int event_channel_unmask(struct domain *d, uint32_t port)
{
    struct event_channel *channel = event_channel_find(d, port);
    if (channel == NULL) {
        return -XEN_EINVAL;
    }
    spin_lock(&channel->lock);
    d->events->delivery->unmask(d, channel);
    spin_unlock(&channel->lock);
    return 0;
}

/* --- Where a vCPU's flags are -------------------------------------------------------------------------- */

int event_channel_register_vcpu_info(struct vcpu *v, uint64_t mfn, uint32_t offset)
{
    struct domain *d = v->domain;
    if (offset > PAGE_SIZE - sizeof(struct vcpu_info) || offset % _Alignof(struct vcpu_info) != 0) {
        return -XEN_ENXIO;
    }
    if (mfn_valid_value(v->info_frame)) {
        return -XEN_EINVAL;
    }
    if (v != current_vcpu() && (READ_ONCE(v->pause_flags) & VCPU_DOWN) == 0) {
        return -XEN_EINVAL;
    }
    if (frame_get_and_type(MFN(mfn), d, FRAME_WRITABLE) != 0) {
        return -XEN_EINVAL;
    }
    struct vcpu_info *info = (struct vcpu_info *)((char *)machine_frame(MFN(mfn)) + offset);
    if (v->info != &event_channel_no_info) {
        *info = *v->info;
    } else {
        memset(info, 0, sizeof(*info));
        info->evtchn_upcall_mask = 1;
    }
    v->info_frame = MFN(mfn);
    __atomic_store_n(&v->info, info, __ATOMIC_SEQ_CST);
    /* A port may have been raised while both places were in use, so the guest looks at all of them. */
    __atomic_store_n(&info->evtchn_pending_sel, ~UINT64_C(0), __ATOMIC_SEQ_CST);
    __atomic_store_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
    guest_time_publish(v);
    return 0;
}

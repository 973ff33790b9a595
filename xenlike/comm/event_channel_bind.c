/* SPDX-License-Identifier: MIT */
/*
 * How ports come, are bound, and go: the slow half of event channels.
 *
 * Owns: struct event_table. Invariant EC1 is kept here: both ends of a channel change together, under both channels' locks.
 * Locks: event bind (one for all domains: binding is rare), then the channels', that of the lower address first.
 * Guest ABI: docs/abi/event_channel_op.md. Read next: event_channel.c.
 */
#include <public/errno.h>

#include "../lib/check.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "event_internal.h"
#include "pirq.h"

static spinlock_t bind_lock = SPINLOCK_INIT;

/* --- The table ------------------------------------------------------------------------------------------ */

static int bucket_create(struct event_table *table, uint32_t index)
{
    struct event_channel *bucket = hv_alloc(BUCKET_CHANNELS * sizeof(*bucket));
    if (bucket == NULL) {
        return -XEN_ENOMEM;
    }
    for (uint32_t i = 0; i < BUCKET_CHANNELS; i++) {
        bucket[i].port = index * BUCKET_CHANNELS + i;
    }
    __atomic_store_n(&table->buckets[index], bucket, __ATOMIC_RELEASE);
    return 0;
}

int event_channel_init(struct domain *d, uint32_t max_port)
{
    if (max_port == 0) {
        return -XEN_EINVAL;
    }
    struct event_table *table = hv_alloc(sizeof(*table));
    if (table == NULL) {
        return -XEN_ENOMEM;
    }
    table->delivery = &event_channel_two_level;
    table->nr_ports = (uint32_t)min_u64((uint64_t)max_port + 1, EVTCHN_2L_NR_CHANNELS);
    table->used[0] = 1; /* port 0 is never given, but it is there: closed */
    d->events = table;
    return bucket_create(table, 0);
}

void event_channel_destroy(struct domain *d)
{
    struct event_table *table = d->events;
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < NR_BUCKETS; i++) {
        hv_free(table->buckets[i]);
    }
    hv_free(table);
    d->events = NULL;
}

/* The free port with the least number: its channel in *channel. Nothing is taken yet: port_take does that, once nothing can fail.
 * -EINVAL d is dying, -ENOSPC no port left, -ENOMEM. */
static int port_find_free(struct domain *d, struct event_channel **channel) MUST_HOLD(bind_lock)
{
    struct event_table *table = d->events;
    if (d->life != DOMAIN_ALIVE) {
        return -XEN_EINVAL;
    }
    for (uint32_t i = 0; i < NR_BUCKETS; i++) {
        if (table->used[i] == ~UINT64_C(0)) {
            continue;
        }
        uint32_t port = i * BUCKET_CHANNELS + (uint32_t)__builtin_ctzll(~table->used[i]);
        if (port >= table->nr_ports) {
            break;
        }
        if (table->buckets[i] == NULL) {
            int result = bucket_create(table, i);
            if (result != 0) {
                return result;
            }
        }
        *channel = event_channel_find(d, port);
        return 0;
    }
    return -XEN_ENOSPC;
}

static void port_take(struct domain *d, const struct event_channel *channel) MUST_HOLD(bind_lock)
{
    d->events->used[channel->port / BUCKET_CHANNELS] |= UINT64_C(1)
                                                        << (channel->port % BUCKET_CHANNELS);
}

static void port_release(struct domain *d, struct event_channel *channel) MUST_HOLD(bind_lock)
{
    d->events->delivery->clear_pending(d, channel);
    channel->state = CHANNEL_FREE;
    channel->notify_vcpu = 0;
    d->events->used[channel->port / BUCKET_CHANNELS] &=
        ~(UINT64_C(1) << (channel->port % BUCKET_CHANNELS));
}

static void pair_lock(struct event_channel *a, struct event_channel *b)
{
    spin_lock(a < b ? &a->lock : &b->lock);
    if (a != b) {
        spin_lock(a < b ? &b->lock : &a->lock);
    }
}

static void pair_unlock(struct event_channel *a, struct event_channel *b)
{
    spin_unlock(&a->lock);
    if (a != b) {
        spin_unlock(&b->lock);
    }
}

static struct vcpu *vcpu_of(const struct domain *d, uint32_t id)
{
    return id < d->max_vcpus ? d->vcpus[id] : NULL;
}

/* --- Binding -------------------------------------------------------------------------------------------- */

int event_channel_alloc_unbound(struct evtchn_alloc_unbound *op)
{
    struct domain *d;
    int result = domain_get_for_caller(op->dom, &d);
    if (result != 0) {
        return result;
    }
    struct event_channel *channel;
    spin_lock(&bind_lock);
    result = port_find_free(d, &channel);
    if (result == 0) {
        spin_lock(&channel->lock);
        channel->state = CHANNEL_UNBOUND;
        channel->unbound_domid =
            op->remote_dom == DOMID_SELF ? current_domain()->id : op->remote_dom;
        port_take(d, channel);
        spin_unlock(&channel->lock);
        op->port = channel->port;
    }
    spin_unlock(&bind_lock);
    domain_put(d);
    return result;
}

static int connect(struct domain *local, struct domain *remote, uint32_t remote_port,
                   uint32_t *local_port) MUST_HOLD(bind_lock)
{
    struct event_channel *channel;
    int result = port_find_free(local, &channel);
    if (result != 0) {
        return result;
    }
    struct event_channel *peer = event_channel_find(remote, remote_port);
    if (peer == NULL || peer->state != CHANNEL_UNBOUND || peer->unbound_domid != local->id) {
        return -XEN_EINVAL;
    }
    pair_lock(channel, peer);
    channel->remote.domain = remote;
    channel->remote.peer = peer;
    channel->state = CHANNEL_INTERDOMAIN;
    peer->remote.domain = local;
    peer->remote.peer = channel;
    peer->state = CHANNEL_INTERDOMAIN;
    port_take(local, channel);
    /* What was sent before now went nowhere: say that there may be something. */
    event_channel_set_pending(local, channel);
    pair_unlock(channel, peer);
    *local_port = channel->port;
    return 0;
}

int event_channel_bind_interdomain(struct evtchn_bind_interdomain *op)
{
    struct domain *local = current_domain();
    domid_t id = op->remote_dom == DOMID_SELF ? local->id : op->remote_dom;
    struct domain *remote = domain_get(id);
    if (remote == NULL) {
        return -XEN_ESRCH;
    }
    spin_lock(&bind_lock);
    int result = connect(local, remote, op->remote_port, &op->local_port);
    spin_unlock(&bind_lock);
    domain_put(remote);
    return result;
}

/* A port of the caller's for something of its own. */
static int bind_local(enum channel_state state, uint32_t source, uint32_t vcpu, uint32_t *port)
    MUST_HOLD(bind_lock)
{
    struct domain *d = current_domain();
    struct event_channel *channel;
    int result = port_find_free(d, &channel);
    if (result == 0 && state == CHANNEL_PIRQ) {
        result = pirq_bind(d, source, channel->port);
    }
    if (result != 0) {
        return result;
    }
    spin_lock(&channel->lock);
    channel->state = (uint8_t)state;
    channel->notify_vcpu = vcpu;
    channel->virq = source;
    port_take(d, channel);
    spin_unlock(&channel->lock);
    *port = channel->port;
    return 0;
}

static bool virq_is_global(uint32_t virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

int event_channel_bind_virq(struct evtchn_bind_virq *op)
{
    if (op->virq >= NR_VIRQS || (virq_is_global(op->virq) && op->vcpu != 0)) {
        return -XEN_EINVAL;
    }
    struct vcpu *v = vcpu_of(current_domain(), op->vcpu);
    if (v == NULL) {
        return -XEN_ENOENT;
    }
    int result = -XEN_EEXIST;
    spin_lock(&bind_lock);
    if (v->virq_port[op->virq] == 0) {
        result = bind_local(CHANNEL_VIRQ, op->virq, op->vcpu, &op->port);
    }
    if (result == 0) {
        WRITE_ONCE(v->virq_port[op->virq], op->port);
    }
    spin_unlock(&bind_lock);
    return result;
}

int event_channel_bind_ipi(struct evtchn_bind_ipi *op)
{
    if (vcpu_of(current_domain(), op->vcpu) == NULL) {
        return -XEN_ENOENT;
    }
    spin_lock(&bind_lock);
    int result = bind_local(CHANNEL_IPI, 0, op->vcpu, &op->port);
    spin_unlock(&bind_lock);
    return result;
}

int event_channel_bind_pirq(struct evtchn_bind_pirq *op)
{
    spin_lock(&bind_lock);
    int result = bind_local(CHANNEL_PIRQ, op->pirq, 0, &op->port);
    spin_unlock(&bind_lock);
    return result;
}

int event_channel_bind_vcpu(struct domain *d, uint32_t port, uint32_t vcpu)
{
    if (vcpu_of(d, vcpu) == NULL) {
        return -XEN_ENOENT;
    }
    struct event_channel *channel = event_channel_find(d, port);
    if (channel == NULL) {
        return -XEN_EINVAL;
    }
    int result = -XEN_EINVAL;
    spin_lock(&bind_lock);
    spin_lock(&channel->lock);
    if (channel->state == CHANNEL_UNBOUND || channel->state == CHANNEL_INTERDOMAIN ||
        channel->state == CHANNEL_PIRQ ||
        (channel->state == CHANNEL_VIRQ && virq_is_global(channel->virq))) {
        channel->notify_vcpu = vcpu;
        result = 0;
    }
    spin_unlock(&channel->lock);
    spin_unlock(&bind_lock);
    return result;
}

/* --- The end of a port -------------------------------------------------------------------------------------- */

static void close_interdomain(struct domain *d, struct event_channel *channel) MUST_HOLD(bind_lock)
{
    struct event_channel *peer = channel->remote.peer;
    CHECK(peer->state == CHANNEL_INTERDOMAIN && peer->remote.peer == channel);
    pair_lock(channel, peer);
    peer->state = CHANNEL_UNBOUND;
    peer->unbound_domid = d->id;
    port_release(d, channel);
    pair_unlock(channel, peer);
}

static int close_port(struct domain *d, struct event_channel *channel) MUST_HOLD(bind_lock)
{
    switch ((enum channel_state)channel->state) {
    case CHANNEL_FREE:
        return -XEN_EINVAL;
    case CHANNEL_INTERDOMAIN:
        close_interdomain(d, channel);
        return 0;
    case CHANNEL_VIRQ:
        FOR_EACH_VCPU (d, v) {
            if (v->virq_port[channel->virq] == channel->port) {
                WRITE_ONCE(v->virq_port[channel->virq], 0);
            }
        }
        break;
    case CHANNEL_PIRQ:
        pirq_unbind(d, channel->pirq);
        break;
    case CHANNEL_UNBOUND:
    case CHANNEL_IPI:
        break;
    }
    spin_lock(&channel->lock);
    port_release(d, channel);
    spin_unlock(&channel->lock);
    return 0;
}

int event_channel_close(struct domain *d, uint32_t port)
{
    struct event_channel *channel = event_channel_find(d, port);
    if (channel == NULL) {
        return -XEN_EINVAL;
    }
    spin_lock(&bind_lock);
    int result = close_port(d, channel);
    spin_unlock(&bind_lock);
    return result;
}

/* Closes what is open, a bucket between two looks at the clock. */
static int close_all(struct domain *d)
{
    struct event_table *table = d->events;
    for (uint32_t i = 0; i < NR_BUCKETS; i++) {
        uint64_t open = table->used[i] & (i == 0 ? ~UINT64_C(1) : ~UINT64_C(0));
        if (open == 0) {
            continue;
        }
        for (; open != 0; open &= open - 1) {
            event_channel_close(d, i * BUCKET_CHANNELS + (uint32_t)__builtin_ctzll(open));
        }
        if (machine_preempt_wanted()) {
            return -XEN_ERESTART;
        }
    }
    return 0;
}

int event_channel_reset(domid_t id)
{
    struct domain *d;
    int result = domain_get_for_caller(id, &d);
    if (result != 0) {
        return result;
    }
    if (d != current_domain() && d->controller_pauses == 0) {
        result = -XEN_EINVAL;
    } else {
        result = close_all(d);
    }
    domain_put(d);
    return result;
}

int event_channel_relinquish(struct domain *d)
{
    int result = close_all(d);
    if (result != 0) {
        return result;
    }
    FOR_EACH_VCPU (d, v) {
        if (mfn_valid_value(v->info_frame)) {
            v->info = &event_channel_no_info;
            frame_put_and_type(v->info_frame);
            v->info_frame = INVALID_MFN;
        }
    }
    return 0;
}

/* --- Status --------------------------------------------------------------------------------------------------- */

static void status_fill(struct evtchn_status *op, const struct event_channel *channel)
{
    static const uint8_t names[] = {
        [CHANNEL_FREE] = EVTCHNSTAT_closed, [CHANNEL_UNBOUND] = EVTCHNSTAT_unbound,
        [CHANNEL_PIRQ] = EVTCHNSTAT_pirq,   [CHANNEL_INTERDOMAIN] = EVTCHNSTAT_interdomain,
        [CHANNEL_VIRQ] = EVTCHNSTAT_virq,   [CHANNEL_IPI] = EVTCHNSTAT_ipi,
    };
    op->status = names[channel->state];
    op->vcpu = channel->notify_vcpu;
    if (channel->state == CHANNEL_UNBOUND) {
        op->u.unbound.dom = channel->unbound_domid;
    } else if (channel->state == CHANNEL_INTERDOMAIN) {
        op->u.interdomain.dom = channel->remote.domain->id;
        op->u.interdomain.port = channel->remote.peer->port;
    } else if (channel->state == CHANNEL_PIRQ) {
        op->u.pirq = channel->pirq;
    } else if (channel->state == CHANNEL_VIRQ) {
        op->u.virq = channel->virq;
    }
}

int event_channel_status(struct evtchn_status *op)
{
    struct domain *d;
    int result = domain_get_for_caller(op->dom, &d);
    if (result != 0) {
        return result;
    }
    struct event_channel *channel = event_channel_find(d, op->port);
    if (channel == NULL) {
        result = -XEN_EINVAL;
    } else {
        spin_lock(&bind_lock);
        status_fill(op, channel);
        spin_unlock(&bind_lock);
    }
    domain_put(d);
    return result;
}

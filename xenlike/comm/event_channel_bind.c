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

spinlock_t event_bind_lock = SPINLOCK_INIT;
#define FREE_PORT_TRIES 1024 /* free ports that a guest may keep linked before none is found */

/* --- The table ------------------------------------------------------------------------------------------ */

static int bucket_create(struct event_table *table, uint32_t index)
{
    struct event_bucket *bucket = hv_alloc(sizeof(*bucket));
    if (bucket == NULL) {
        return -XEN_ENOMEM;
    }
    for (uint32_t i = 0; i < BUCKET_CHANNELS; i++) {
        bucket->channels[i].port = index * BUCKET_CHANNELS + i;
        bucket->channels[i].priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    }
    bucket->used = index == 0; /* port 0 is never given, but it is there: closed */
    __atomic_store_n(&table->buckets[index], bucket, __ATOMIC_RELEASE);
    return 0;
}

static uint32_t nr_buckets(uint32_t nr_ports)
{
    return (nr_ports + BUCKET_CHANNELS - 1) / BUCKET_CHANNELS;
}

static void two_level_choose(struct event_table *table)
{
    table->delivery = &event_channel_two_level;
    table->nr_ports = (uint32_t)min_u64(table->max_ports, EVTCHN_2L_NR_CHANNELS);
}

int event_channel_init(struct domain *d, uint32_t max_port)
{
    if (max_port == 0) {
        return -XEN_EINVAL;
    }
    uint32_t max_ports = (uint32_t)min_u64((uint64_t)max_port + 1, EVTCHN_FIFO_NR_CHANNELS);
    struct event_table *table =
        hv_alloc(sizeof(*table) + nr_buckets(max_ports) * sizeof(table->buckets[0]));
    if (table == NULL) {
        return -XEN_ENOMEM;
    }
    d->events = table;
    table->max_ports = max_ports;
    two_level_choose(table);
    return event_fifo_create(d) ? bucket_create(table, 0) : -XEN_ENOMEM;
}

void event_channel_destroy(struct domain *d)
{
    struct event_table *table = d->events;
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < nr_buckets(table->max_ports); i++) {
        hv_free(table->buckets[i]);
    }
    hv_free(table->fifo);
    hv_free(table);
    d->events = NULL;
}

/* The free port with the least number: its channel in *channel. Nothing is taken yet: port_take does that, once nothing can fail.
 * -EINVAL d is dying, -ENOSPC no port left, -ENOMEM. */
static int port_find_free(struct domain *d, struct event_channel **channel)
    MUST_HOLD(event_bind_lock)
{
    struct event_table *table = d->events;
    uint32_t tries = FREE_PORT_TRIES;
    if (d->life != DOMAIN_ALIVE) {
        return -XEN_EINVAL;
    }
    for (uint32_t i = 0; i < nr_buckets(table->nr_ports); i++) {
        if (table->buckets[i] == NULL && bucket_create(table, i) != 0) {
            return -XEN_ENOMEM;
        }
        for (uint64_t open = ~table->buckets[i]->used; open != 0; open &= open - 1) {
            uint32_t port = i * BUCKET_CHANNELS + (uint32_t)__builtin_ctzll(open);
            if (port >= table->nr_ports || tries-- == 0) {
                return -XEN_ENOSPC;
            }
            if (!table->delivery->is_busy(d, port)) {
                *channel = event_channel_find(d, port);
                return 0;
            }
        }
    }
    return -XEN_ENOSPC;
}

static void port_take(struct domain *d, const struct event_channel *channel)
    MUST_HOLD(event_bind_lock)
{
    struct event_table *table = d->events;
    table->buckets[channel->port / BUCKET_CHANNELS]->used |= UINT64_C(1)
                                                             << channel->port % BUCKET_CHANNELS;
    table->nr_open++;
}

static void port_release(struct domain *d, struct event_channel *channel) MUST_HOLD(event_bind_lock)
{
    struct event_table *table = d->events;
    table->delivery->clear_pending(d, channel);
    channel->state = CHANNEL_FREE;
    channel->notify_vcpu = 0;
    channel->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    table->buckets[channel->port / BUCKET_CHANNELS]->used ^= UINT64_C(1)
                                                             << channel->port % BUCKET_CHANNELS;
    table->nr_open--;
}

/* Of two ports that are not the same. */
static void pair_lock(struct event_channel *a, struct event_channel *b)
{
    spin_lock(a < b ? &a->lock : &b->lock);
    spin_lock(a < b ? &b->lock : &a->lock);
}

static void pair_unlock(struct event_channel *a, struct event_channel *b)
{
    spin_unlock(&a->lock);
    spin_unlock(&b->lock);
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
    spin_lock(&event_bind_lock);
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
    spin_unlock(&event_bind_lock);
    domain_put(d);
    return result;
}

static int connect(struct domain *local, struct domain *remote, uint32_t remote_port,
                   uint32_t *local_port) MUST_HOLD(event_bind_lock)
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
    spin_lock(&event_bind_lock);
    int result = connect(local, remote, op->remote_port, &op->local_port);
    spin_unlock(&event_bind_lock);
    domain_put(remote);
    return result;
}

/* A port of the caller's for something of its own. */
static int bind_local(enum channel_state state, uint32_t source, uint32_t vcpu, uint32_t *port)
{
    struct domain *d = current_domain();
    struct vcpu *v = vcpu_of(d, vcpu);
    struct event_channel *channel;
    if (v == NULL) {
        return -XEN_ENOENT;
    }
    spin_lock(&event_bind_lock);
    bool bound = state == CHANNEL_VIRQ && v->virq_port[source] != 0;
    int result = bound ? -XEN_EEXIST : port_find_free(d, &channel);
    if (result == 0 && state == CHANNEL_PIRQ) {
        result = pirq_bind(d, source, channel->port);
    }
    if (result == 0) {
        spin_lock(&channel->lock);
        channel->state = (uint8_t)state;
        channel->notify_vcpu = (uint16_t)vcpu;
        channel->virq = source;
        port_take(d, channel);
        spin_unlock(&channel->lock);
        *port = channel->port;
        if (state == CHANNEL_VIRQ) {
            WRITE_ONCE(v->virq_port[source], channel->port);
        }
    }
    spin_unlock(&event_bind_lock);
    return result;
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
    return bind_local(CHANNEL_VIRQ, op->virq, op->vcpu, &op->port);
}

int event_channel_bind_ipi(struct evtchn_bind_ipi *op)
{
    return bind_local(CHANNEL_IPI, 0, op->vcpu, &op->port);
}

int event_channel_bind_pirq(struct evtchn_bind_pirq *op)
{
    return bind_local(CHANNEL_PIRQ, op->pirq, 0, &op->port);
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
    spin_lock(&event_bind_lock);
    spin_lock(&channel->lock);
    if (channel->state == CHANNEL_UNBOUND || channel->state == CHANNEL_INTERDOMAIN ||
        channel->state == CHANNEL_PIRQ ||
        (channel->state == CHANNEL_VIRQ && virq_is_global(channel->virq))) {
        channel->notify_vcpu = (uint16_t)vcpu;
        result = 0;
    }
    spin_unlock(&channel->lock);
    spin_unlock(&event_bind_lock);
    return result;
}

/* --- The end of a port -------------------------------------------------------------------------------------- */

static void close_interdomain(struct domain *d, struct event_channel *channel)
    MUST_HOLD(event_bind_lock)
{
    struct event_channel *peer = channel->remote.peer;
    CHECK(peer->state == CHANNEL_INTERDOMAIN && peer->remote.peer == channel);
    pair_lock(channel, peer);
    peer->state = CHANNEL_UNBOUND;
    peer->unbound_domid = d->id;
    port_release(d, channel);
    pair_unlock(channel, peer);
}

static int close_port(struct domain *d, struct event_channel *channel) MUST_HOLD(event_bind_lock)
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
    spin_lock(&event_bind_lock);
    int result = close_port(d, channel);
    spin_unlock(&event_bind_lock);
    return result;
}

/* Closes what is open, a bucket between two looks at the clock. Then delivery is 2-level again, whose bits have no room for the
 * larger ports of FIFO: not before nothing is open. */
static int close_all(struct domain *d)
{
    struct event_table *table = d->events;
    for (uint32_t i = 0; i < nr_buckets(table->nr_ports); i++) {
        uint64_t open = table->buckets[i] == NULL ? 0 : table->buckets[i]->used;
        open &= i == 0 ? ~UINT64_C(1) : ~UINT64_C(0);
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
    spin_lock(&event_bind_lock);
    int result = table->nr_open == 0 ? 0 : -XEN_ERESTART;
    if (result == 0) {
        two_level_choose(table);
        event_fifo_close(d);
    }
    spin_unlock(&event_bind_lock);
    return result;
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
    op->status = channel->state;
    op->vcpu = channel->notify_vcpu;
    if (channel->state == CHANNEL_UNBOUND) {
        op->u.unbound.dom = channel->unbound_domid;
    } else if (channel->state == CHANNEL_INTERDOMAIN) {
        op->u.interdomain.dom = channel->remote.domain->id;
        op->u.interdomain.port = channel->remote.peer->port;
    } else if (channel->state == CHANNEL_PIRQ || channel->state == CHANNEL_VIRQ) {
        op->u.virq = channel->virq; /* the same place as u.pirq, in both */
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
        spin_lock(&event_bind_lock);
        status_fill(op, channel);
        spin_unlock(&event_bind_lock);
    }
    domain_put(d);
    return result;
}

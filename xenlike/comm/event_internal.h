/* SPDX-License-Identifier: MIT */
/* What event_channel.c, event_channel_bind.c and event_fifo.c share: the channel, a domain's table of them, how pending is marked. */
#pragma once

#include "event_channel.h"

enum channel_state {
    CHANNEL_FREE = EVTCHNSTAT_closed,
    CHANNEL_UNBOUND = EVTCHNSTAT_unbound,
    CHANNEL_INTERDOMAIN = EVTCHNSTAT_interdomain,
    CHANNEL_PIRQ = EVTCHNSTAT_pirq,
    CHANNEL_VIRQ = EVTCHNSTAT_virq,
    CHANNEL_IPI = EVTCHNSTAT_ipi,
};

/* All but the lock, pending and last_queue is written under event bind lock and the channel's lock, so that either suffices to read. */
struct event_channel {
    spinlock_t lock;
    uint8_t state;        /* enum channel_state */
    uint8_t priority;     /* FIFO: of the queues of the vCPU */
    uint16_t notify_vcpu; /* whose upcall it raises */
    uint32_t port;        /* its own number */
    uint16_t last_queue;  /* FIFO: where it was queued last; FIFO lock */
    bool pending;         /* FIFO: before its event word exists; FIFO lock */
    union {
        struct {
            struct domain *domain;
            struct event_channel *peer; /* EC1: peer->remote.peer is this one */
        } remote;                       /* INTERDOMAIN */
        domid_t unbound_domid;          /* UNBOUND: who may bind */
        uint32_t virq;
        uint32_t pirq;
    };
};
_Static_assert(sizeof(struct event_channel) == 32, "a bucket is half a page");

/* How a pending port reaches the guest. */
struct event_delivery {
    void (*set_pending)(struct domain *d, struct event_channel *channel);
    void (*clear_pending)(struct domain *d, struct event_channel *channel);
    void (*unmask)(struct domain *d, struct event_channel *channel);
    bool (*is_pending)(const struct domain *d, uint32_t port);
    /* Does the guest still hold the free port in a queue? Then it is not given again. */
    bool (*is_busy)(const struct domain *d, uint32_t port);
};

extern spinlock_t event_bind_lock; /* one for all domains: binding is rare */

#define BUCKET_CHANNELS 64

struct event_bucket {
    struct event_channel channels[BUCKET_CHANNELS];
    uint64_t used; /* bit per port; event bind lock */
};

struct event_table {
    const struct event_delivery *delivery;
    uint32_t nr_ports;              /* one more than the largest that this delivery allows */
    uint32_t max_ports;             /* and than the largest that the toolstack allows */
    uint32_t nr_open;               /* ports in use; event bind lock */
    struct event_fifo *fifo;        /* empty until the guest asks for it */
    struct event_bucket *buckets[]; /* NULL until a port of it is used; enough for max_ports */
};

extern const struct event_delivery event_channel_two_level, event_fifo_delivery;

/* NULL: no such port, or none of its bucket was ever used. */
static inline struct event_channel *event_channel_find(const struct domain *d, uint32_t port)
{
    const struct event_table *table = d->events;
    if (unlikely(port >= table->nr_ports)) {
        return NULL;
    }
    struct event_bucket *bucket = READ_ONCE(table->buckets[port / BUCKET_CHANNELS]);
    return likely(bucket != NULL) ? &bucket->channels[port % BUCKET_CHANNELS] : NULL;
}

static inline void event_channel_set_pending(struct domain *d, struct event_channel *channel)
{
    d->events->delivery->set_pending(d, channel);
}

/* For deliveries: the vCPU has something to look at; the port became pending, masked or not. */
void event_channel_upcall(struct vcpu *v);
void event_channel_wake_pollers(struct domain *d, uint32_t port);

/* False: no memory. */
bool event_fifo_create(struct domain *d);
/* The guest's frames go back, and every queue is forgotten. No port is open. */
void event_fifo_close(struct domain *d);

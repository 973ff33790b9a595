/* SPDX-License-Identifier: MIT */
/* What event_channel.c and event_channel_bind.c share: the channel, a domain's table of them, how pending is marked. */
#ifndef XENLIKE_COMM_EVENT_INTERNAL_H
#define XENLIKE_COMM_EVENT_INTERNAL_H

#include "event_channel.h"

enum channel_state {
    CHANNEL_FREE,
    CHANNEL_UNBOUND,
    CHANNEL_INTERDOMAIN,
    CHANNEL_PIRQ,
    CHANNEL_VIRQ,
    CHANNEL_IPI,
};

/* All but the lock is written under event bind lock and the channel's lock, so that either suffices to read. */
struct event_channel {
    spinlock_t lock;
    uint8_t state;         /* enum channel_state */
    domid_t unbound_domid; /* UNBOUND: who may bind */
    uint32_t notify_vcpu;  /* whose upcall it raises */
    uint32_t port;         /* its own number */
    union {
        struct {
            struct domain *domain;
            struct event_channel *peer; /* EC1: peer->remote.peer is this one */
        } remote;                       /* INTERDOMAIN */
        uint32_t virq;
        uint32_t pirq;
    };
};
_Static_assert(sizeof(struct event_channel) == 32, "a bucket is half a page");

/* How a pending port reaches the guest. */
struct event_delivery {
    void (*set_pending)(struct domain *d, const struct event_channel *channel);
    void (*clear_pending)(struct domain *d, const struct event_channel *channel);
    void (*unmask)(struct domain *d, const struct event_channel *channel);
    bool (*is_pending)(const struct domain *d, uint32_t port);
};

#define BUCKET_CHANNELS 64
#define NR_BUCKETS      (EVTCHN_2L_NR_CHANNELS / BUCKET_CHANNELS)

struct event_table {
    const struct event_delivery *delivery;
    uint32_t nr_ports;                         /* one more than the largest allowed */
    uint64_t used[NR_BUCKETS];                 /* bit per port; event bind lock */
    struct event_channel *buckets[NR_BUCKETS]; /* NULL until a port of it is used */
};

extern const struct event_delivery event_channel_two_level;

/* NULL: no such port, or none of its bucket was ever used. */
static inline struct event_channel *event_channel_find(const struct domain *d, uint32_t port)
{
    const struct event_table *table = d->events;
    if (unlikely(port >= table->nr_ports)) {
        return NULL;
    }
    struct event_channel *bucket = READ_ONCE(table->buckets[port / BUCKET_CHANNELS]);
    return likely(bucket != NULL) ? &bucket[port % BUCKET_CHANNELS] : NULL;
}

static inline void event_channel_set_pending(struct domain *d, const struct event_channel *channel)
{
    d->events->delivery->set_pending(d, channel);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * FIFO event channels: a word per port in frames of the guest's, a control block per vCPU with the heads of sixteen queues.
 *
 * Owns: the guest's event words and control blocks while they are registered (a general and a writable reference each).
 * A pending port that is neither masked nor linked is appended to the queue of its vCPU and priority: the word of the queue's last
 * port is made to name it, or, when the guest has taken that one off already, the port becomes the head and the queue ready.
 * Invariant: EF1 of the guest's words only single bits are believed, never a port number: the tails are kept here; EF2 each word is
 * changed a bounded number of times, so a guest that writes to it meanwhile loses an event of its own and nothing else.
 * Locks: event bind for what is registered; FIFO, of one domain, for everything else. Guest ABI: docs/abi/event_channel_op.md.
 */
#include <public/errno.h>

#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "event_internal.h"

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define MAX_PAGES      (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)
#define LINK_TRIES     8

#define PENDING (UINT32_C(1) << EVTCHN_FIFO_PENDING)
#define MASKED  (UINT32_C(1) << EVTCHN_FIFO_MASKED)
#define LINKED  (UINT32_C(1) << EVTCHN_FIFO_LINKED)
#define BUSY    (UINT32_C(1) << EVTCHN_FIFO_BUSY)

struct fifo_queues {
    struct evtchn_fifo_control_block *control; /* NULL until the vCPU has one */
    uint32_t tail[EVTCHN_FIFO_MAX_QUEUES];     /* the port queued last; 0: none yet */
};

struct event_fifo {
    spinlock_t lock;
    uint32_t nr_pages;
    event_word_t *pages[MAX_PAGES];
    struct fifo_queues queues[]; /* by vCPU */
};

/* NULL: the guest gave no page for it, yet. */
static event_word_t *word_of(const struct event_fifo *fifo, uint32_t port) MUST_HOLD(fifo->lock)
{
    uint32_t page = port / WORDS_PER_PAGE;
    return page < fifo->nr_pages ? &fifo->pages[page][port % WORDS_PER_PAGE] : NULL;
}

/* --- Delivery --------------------------------------------------------------------------------------- */

/* Makes the word of a queue's last port name the next one. False: it is in the queue no more. A guest that keeps changing the word is
 * told by BUSY to wait; one that goes on all the same has the port pending, but in no queue. */
static bool link_to(event_word_t *tail, uint32_t port)
{
    uint32_t seen = __atomic_load_n(tail, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; (seen & LINKED) != 0 && i < LINK_TRIES; i++) {
        uint32_t linked = (seen & ~(BUSY | EVTCHN_FIFO_LINK_MASK)) | port;
        if (__atomic_compare_exchange_n(tail, &seen, linked, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_ACQUIRE)) {
            return true;
        }
        if (i == LINK_TRIES / 2) {
            seen = __atomic_or_fetch(tail, BUSY, __ATOMIC_SEQ_CST);
        }
    }
    if ((seen & BUSY) != 0) {
        __atomic_fetch_and(tail, ~BUSY, __ATOMIC_SEQ_CST);
    }
    return (seen & LINKED) != 0;
}

/* Appends the port to its queue: the vCPU to be told when it is the first there, else NULL. */
static struct vcpu *enqueue(struct domain *d, struct event_channel *channel, event_word_t *word)
{
    struct event_fifo *fifo = d->events->fifo;
    uint32_t vcpu = channel->notify_vcpu, priority = channel->priority, port = channel->port;
    struct fifo_queues *queues = &fifo->queues[vcpu];
    uint32_t *last = &fifo->queues[channel->last_queue / EVTCHN_FIFO_MAX_QUEUES]
                          .tail[channel->last_queue % EVTCHN_FIFO_MAX_QUEUES];
    if (queues->control == NULL) {
        return NULL;
    }
    __atomic_fetch_or(word, LINKED, __ATOMIC_SEQ_CST);
    if (*last == port) {
        *last = 0; /* the guest took it off that queue, which is thus empty */
    }
    channel->last_queue = (uint16_t)(vcpu * EVTCHN_FIFO_MAX_QUEUES + priority);
    uint32_t *tail = &queues->tail[priority];
    bool linked = *tail != 0 && link_to(word_of(fifo, *tail), port);
    *tail = port;
    if (linked) {
        return NULL;
    }
    WRITE_ONCE(queues->control->head[priority], port);
    uint32_t ready = UINT32_C(1) << priority;
    uint32_t before = __atomic_fetch_or(&queues->control->ready, ready, __ATOMIC_SEQ_CST);
    return (before & ready) == 0 ? d->vcpus[vcpu] : NULL;
}

static void fifo_set_pending(struct domain *d, struct event_channel *channel)
{
    struct event_fifo *fifo = d->events->fifo;
    struct vcpu *told = NULL;
    uint32_t before = PENDING;
    spin_lock(&fifo->lock);
    event_word_t *word = word_of(fifo, channel->port);
    if (likely(word != NULL)) {
        before = __atomic_fetch_or(word, PENDING, __ATOMIC_SEQ_CST);
        if ((before & (MASKED | LINKED)) == 0) {
            told = enqueue(d, channel, word);
        }
    } else {
        channel->pending = true;
    }
    spin_unlock(&fifo->lock);
    if (told != NULL) {
        event_channel_upcall(told);
    }
    if ((before & PENDING) == 0 && unlikely(READ_ONCE(d->has_polled))) {
        event_channel_wake_pollers(d, channel->port);
    }
}

/* The bits of the port's word, of which `clear` are cleared; 0: there is none. */
static uint32_t word_clear(const struct domain *d, uint32_t port, uint32_t clear)
{
    struct event_fifo *fifo = d->events->fifo;
    uint32_t before = 0;
    spin_lock(&fifo->lock);
    event_word_t *word = word_of(fifo, port);
    if (word != NULL) {
        before = __atomic_fetch_and(word, ~clear, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&fifo->lock);
    return before;
}

/* A port stays in its queue, where the guest finds that it is not pending. */
static void fifo_clear_pending(struct domain *d, struct event_channel *channel)
{
    channel->pending = false;
    (void)word_clear(d, channel->port, PENDING);
}

static void fifo_unmask(struct domain *d, struct event_channel *channel)
{
    if ((word_clear(d, channel->port, MASKED) & PENDING) != 0) {
        fifo_set_pending(d, channel);
    }
}

static bool fifo_is_pending(const struct domain *d, uint32_t port)
{
    return (word_clear(d, port, 0) & PENDING) != 0;
}

static bool fifo_is_busy(const struct domain *d, uint32_t port)
{
    return (word_clear(d, port, 0) & LINKED) != 0;
}

const struct event_delivery event_fifo_delivery = {
    .set_pending = fifo_set_pending,
    .clear_pending = fifo_clear_pending,
    .unmask = fifo_unmask,
    .is_pending = fifo_is_pending,
    .is_busy = fifo_is_busy,
};

/* --- What the guest registers ------------------------------------------------------------------------- */

/* From 2-level: what is pending there, is pending. */
static void fifo_choose(struct domain *d) MUST_HOLD(event_bind_lock)
{
    struct event_table *table = d->events;
    __atomic_store_n(&table->delivery, &event_fifo_delivery, __ATOMIC_SEQ_CST);
    for (uint32_t port = 1; port < table->nr_ports; port++) {
        struct event_channel *channel = event_channel_find(d, port);
        if (channel == NULL || channel->state == CHANNEL_FREE) {
            continue;
        }
        /* Whoever set the bit when delivery was still 2-level did so under this lock. */
        struct event_channel *source =
            channel->state == CHANNEL_INTERDOMAIN ? channel->remote.peer : channel;
        spin_lock(&source->lock);
        if (event_channel_two_level.is_pending(d, port)) {
            event_channel_two_level.clear_pending(d, channel);
            fifo_set_pending(d, channel);
        }
        spin_unlock(&source->lock);
    }
    table->nr_ports = table->max_ports;
}

/* NULL: not a frame that the domain may write. */
static void *frame_take(struct domain *d, uint64_t mfn)
{
    bool taken = frame_get_and_type(MFN(mfn), d, FRAME_WRITABLE) == 0;
    return taken ? machine_frame(MFN(mfn)) : NULL;
}

static void frame_give(void *place)
{
    frame_put_and_type(machine_frame_of((void *)((uint64_t)place & ~(PAGE_SIZE - 1))));
}

static int control_register(struct domain *d, struct fifo_queues *queues, uint64_t mfn,
                            uint32_t offset) MUST_HOLD(event_bind_lock)
{
    char *frame = queues->control == NULL ? frame_take(d, mfn) : NULL;
    if (frame == NULL) {
        return -XEN_EINVAL;
    }
    __atomic_store_n(&queues->control, (void *)(frame + offset), __ATOMIC_RELEASE);
    if (d->events->delivery != &event_fifo_delivery) {
        fifo_choose(d);
    }
    return 0;
}

int event_fifo_init_control(struct evtchn_init_control *op)
{
    struct domain *d = current_domain();
    if (op->vcpu >= d->max_vcpus || d->vcpus[op->vcpu] == NULL) {
        return -XEN_ENOENT;
    }
    if (op->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) || op->offset % 8 != 0) {
        return -XEN_EINVAL;
    }
    op->link_bits = EVTCHN_FIFO_LINK_BITS;
    spin_lock(&event_bind_lock);
    int result =
        control_register(d, &d->events->fifo->queues[op->vcpu], op->control_gfn, op->offset);
    spin_unlock(&event_bind_lock);
    return result;
}

/* What became pending before there were words for it is so in the words. */
static int array_expand(struct domain *d, uint64_t mfn) MUST_HOLD(event_bind_lock)
{
    struct event_fifo *fifo = d->events->fifo;
    uint32_t first = fifo->nr_pages * (uint32_t)WORDS_PER_PAGE;
    if (d->events->delivery != &event_fifo_delivery) {
        return -XEN_EOPNOTSUPP;
    }
    if (fifo->nr_pages == MAX_PAGES) {
        return -XEN_ENOSPC;
    }
    event_word_t *page = frame_take(d, mfn);
    if (page == NULL) {
        return -XEN_EINVAL;
    }
    spin_lock(&fifo->lock);
    fifo->pages[fifo->nr_pages++] = page;
    spin_unlock(&fifo->lock);
    for (uint32_t port = first; port < first + WORDS_PER_PAGE; port++) {
        struct event_channel *channel = event_channel_find(d, port);
        if (channel != NULL && channel->pending) {
            channel->pending = false;
            fifo_set_pending(d, channel);
        }
    }
    return 0;
}

int event_fifo_expand_array(const struct evtchn_expand_array *op)
{
    spin_lock(&event_bind_lock);
    int result = array_expand(current_domain(), op->array_gfn);
    spin_unlock(&event_bind_lock);
    return result;
}

int event_fifo_set_priority(const struct evtchn_set_priority *op)
{
    struct domain *d = current_domain();
    struct event_channel *channel = event_channel_find(d, op->port);
    if (channel == NULL) {
        return -XEN_EINVAL;
    }
    spin_lock(&event_bind_lock);
    int result = channel->state == CHANNEL_FREE                ? -XEN_EACCES
                 : d->events->delivery != &event_fifo_delivery ? -XEN_ENOSYS
                 : op->priority > EVTCHN_FIFO_PRIORITY_MIN     ? -XEN_EINVAL
                                                               : 0;
    if (result == 0) {
        channel->priority = (uint8_t)op->priority;
    }
    spin_unlock(&event_bind_lock);
    return result;
}

bool event_fifo_create(struct domain *d)
{
    struct event_fifo **fifo = &d->events->fifo;
    *fifo = hv_alloc(sizeof(**fifo) + d->max_vcpus * sizeof((*fifo)->queues[0]));
    return *fifo != NULL;
}

void event_fifo_close(struct domain *d)
{
    struct event_fifo *fifo = d->events->fifo;
    spin_lock(&fifo->lock);
    while (fifo->nr_pages != 0) {
        frame_give(fifo->pages[--fifo->nr_pages]);
    }
    for (uint32_t i = 0; i < d->max_vcpus; i++) {
        if (fifo->queues[i].control != NULL) {
            frame_give(fifo->queues[i].control);
        }
        fifo->queues[i] = (struct fifo_queues){NULL, {0}};
    }
    spin_unlock(&fifo->lock);
}

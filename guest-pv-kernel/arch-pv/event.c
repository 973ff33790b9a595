/* SPDX-License-Identifier: MIT */
/*
 * Event channels, 2-level: a bit per port in shared_info, a word of selectors in vcpu_info.
 * Owns: the table of handlers, evtchn_mask. Invariant: EV1 (event.h): the upcall mask is 1 except
 * inside event_idle's SCHEDOP_block. Guest ABI: event_channel_op, shared_info.
 * Read next: ../core/thread.c
 */
#include <errno.h>
#include <stdbool.h>
#include <public/xen.h>
#include <public/event_channel.h>
#include <public/sched.h>
#include <pvk/event.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include <pvk/time.h>
#include "../core/arch.h"

#define WORD_BITS    64u
#define BUCKET_PORTS (MEMORY_PAGE_SIZE / sizeof(struct event_slot))
#define NR_BUCKETS   (EVTCHN_2L_NR_CHANNELS / BUCKET_PORTS)

struct event_slot {
    event_handler_t handler;
    void *data;
};

/* A page each, made when a port in its range is first used. */
static struct event_slot *event_buckets[NR_BUCKETS];

static struct vcpu_info *vcpu(void)
{
    return &start_shared_info()->vcpu_info[0];
}

static struct event_slot *slot_of(event_port_t port)
{
    struct event_slot *bucket;

    if (port >= EVTCHN_2L_NR_CHANNELS) {
        return NULL;
    }
    bucket = event_buckets[port / BUCKET_PORTS];
    return bucket == NULL ? NULL : &bucket[port % BUCKET_PORTS];
}

static void set_bit(xen_ulong_t *words, event_port_t port)
{
    __atomic_fetch_or(&words[port / WORD_BITS], 1ul << (port % WORD_BITS), __ATOMIC_SEQ_CST);
}

static void clear_bit(xen_ulong_t *words, event_port_t port)
{
    __atomic_fetch_and(&words[port / WORD_BITS], ~(1ul << (port % WORD_BITS)), __ATOMIC_SEQ_CST);
}

void event_mask(event_port_t port)
{
    set_bit(start_shared_info()->evtchn_mask, port);
}

/* Tells the next dispatch to look at the port's word. */
static void select_word(event_port_t port)
{
    __atomic_fetch_or(&vcpu()->evtchn_pending_sel, 1ul << (port / WORD_BITS), __ATOMIC_SEQ_CST);
    __atomic_store_n(&vcpu()->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}

void event_set_pending(event_port_t port, bool pending)
{
    if (pending) {
        set_bit(start_shared_info()->evtchn_pending, port);
        select_word(port);
    } else {
        clear_bit(start_shared_info()->evtchn_pending, port);
    }
}

void event_unmask(event_port_t port)
{
    struct shared_info *shared = start_shared_info();

    clear_bit(shared->evtchn_mask, port);
    if ((__atomic_load_n(&shared->evtchn_pending[port / WORD_BITS], __ATOMIC_SEQ_CST) &
         (1ul << (port % WORD_BITS))) != 0) {
        select_word(port); /* it rang while masked: the selector was not set then */
    }
}

int event_attach(event_port_t port, event_handler_t handler, void *data)
{
    struct event_slot *slot;

    if (port == 0 || port >= EVTCHN_2L_NR_CHANNELS) {
        return -EINVAL;
    }
    if (event_buckets[port / BUCKET_PORTS] == NULL) {
        event_buckets[port / BUCKET_PORTS] = memory_alloc_page();
    }
    slot = slot_of(port);
    if (slot == NULL) {
        return -ENOMEM;
    }
    if (slot->handler != NULL) {
        return -EBUSY;
    }
    *slot = (struct event_slot){handler, data};
    event_unmask(port);
    return 0;
}

/* The hypervisor made the port; give it its handler or take it back. */
static int attach_new(long result, event_port_t port, event_handler_t handler, void *data)
{
    int error;

    if (result != 0) {
        return hypercall_error(result);
    }
    error = event_attach(port, handler, data);
    if (error != 0) {
        event_close(port);
        return error;
    }
    return (int)port;
}

int event_bind_virq(unsigned int virq, event_handler_t handler, void *data)
{
    struct evtchn_bind_virq bind = {.virq = virq, .vcpu = 0};
    long result = hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind);

    return attach_new(result, bind.port, handler, data);
}

int event_bind_interdomain(uint16_t remote_domid, event_port_t remote_port, event_handler_t handler,
                           void *data)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = remote_domid, .remote_port = remote_port};
    long result = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind);

    return attach_new(result, bind.local_port, handler, data);
}

int event_alloc_unbound(uint16_t remote_domid, event_handler_t handler, void *data)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = remote_domid};
    long result = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);

    return attach_new(result, alloc.port, handler, data);
}

int event_alloc_unbound_for(uint16_t domid, uint16_t remote_domid)
{
    struct evtchn_alloc_unbound alloc = {.dom = domid, .remote_dom = remote_domid};
    long result = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);

    return result != 0 ? hypercall_error(result) : (int)alloc.port;
}

int event_bind_pirq(unsigned int pirq, event_handler_t handler, void *data)
{
    struct evtchn_bind_pirq bind = {.pirq = pirq};
    long result = hypercall_event_channel_op(EVTCHNOP_bind_pirq, &bind);

    return attach_new(result, bind.port, handler, data);
}

int event_send(event_port_t port)
{
    struct evtchn_send send = {.port = port};

    return hypercall_error(hypercall_event_channel_op(EVTCHNOP_send, &send));
}

int event_close(event_port_t port)
{
    struct evtchn_close request = {.port = port};
    struct event_slot *slot = slot_of(port);

    if (port < EVTCHN_2L_NR_CHANNELS) {
        event_mask(port);
    }
    if (slot != NULL) {
        *slot = (struct event_slot){NULL, NULL};
    }
    return hypercall_error(hypercall_event_channel_op(EVTCHNOP_close, &request));
}

int event_pending(void)
{
    return __atomic_load_n(&vcpu()->evtchn_upcall_pending, __ATOMIC_SEQ_CST);
}

static void dispatch_word(unsigned int word)
{
    struct shared_info *shared = start_shared_info();
    xen_ulong_t ports;

    while ((ports = __atomic_load_n(&shared->evtchn_pending[word], __ATOMIC_SEQ_CST) &
                    ~__atomic_load_n(&shared->evtchn_mask[word], __ATOMIC_SEQ_CST)) != 0) {
        event_port_t port = word * WORD_BITS + (unsigned int)__builtin_ctzl(ports);
        const struct event_slot *slot = slot_of(port);

        clear_bit(shared->evtchn_pending, port);
        if (slot == NULL || slot->handler == NULL) {
            event_mask(port);
            continue;
        }
        slot->handler(port, slot->data);
    }
}

void event_dispatch(void)
{
    while (event_pending()) {
        xen_ulong_t words;

        /* Clear first: what rings from here on sets it again. */
        __atomic_store_n(&vcpu()->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
        words = __atomic_exchange_n(&vcpu()->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        while (words != 0) {
            unsigned int word = (unsigned int)__builtin_ctzl(words);

            words &= words - 1;
            dispatch_word(word);
        }
    }
}

/* VIRQ_TIMER only has to end the block. */
static void timer_rang(event_port_t port, void *data)
{
    (void)port;
    (void)data;
}

void event_idle(uint64_t deadline_ns)
{
    if (deadline_ns != UINT64_MAX) {
        if (deadline_ns <= time_monotonic_ns()) {
            event_dispatch();
            return;
        }
        (void)hypercall_set_timer_op(deadline_ns);
    }
    /* Opens the mask and sleeps in one step; an event that is pending already ends it at once. Its
     * upcall runs before the next instruction. */
    (void)hypercall_sched_op(SCHEDOP_block, NULL);
    __atomic_store_n(&vcpu()->evtchn_upcall_mask, 1, __ATOMIC_SEQ_CST);
    if (deadline_ns != UINT64_MAX) {
        (void)hypercall_set_timer_op(0);
    }
    event_dispatch();
}

void event_init(void)
{
    struct shared_info *shared = start_shared_info();

    __atomic_store_n(&vcpu()->evtchn_upcall_mask, 1, __ATOMIC_SEQ_CST);
    for (unsigned int i = 0; i < WORD_BITS; i++) {
        shared->evtchn_mask[i] = ~0ul;
    }
    if (event_bind_virq(VIRQ_TIMER, timer_rang, NULL) < 0) {
        panic("no timer: VIRQ_TIMER cannot be bound");
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Event channels: a port number here, a handler that runs when it rings.
 * Invariant EV1: handlers run with events masked and never in the middle of a thread: threads run
 * masked too, events are taken in the idle thread's SCHEDOP_block and whenever a thread yields or
 * waits. So a handler and a thread never race, and a handler may use malloc and printf; it may not
 * wait. A thread that computes for long calls thread_yield() now and then.
 * Read next: thread.h
 */
#ifndef PVK_EVENT_H
#define PVK_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t event_port_t;
typedef void (*event_handler_t)(event_port_t port, void *data);

/* Attaches a handler to a port that exists already (start_info's ports) and unmasks it.
 * -EINVAL: no such port number. -EBUSY: it has a handler. */
int event_attach(event_port_t port, event_handler_t handler, void *data);

/* Each of these makes a port, attaches the handler, unmasks it, and returns the port (> 0) or the
 * hypervisor's errno: -ENOSPC no port left, -EINVAL bad remote port or virq, -ESRCH no such
 * domain, -EEXIST virq or pirq bound already, -EPERM. */
int event_bind_virq(unsigned int virq, event_handler_t handler, void *data);
int event_bind_interdomain(uint16_t remote_domid, event_port_t remote_port, event_handler_t handler,
                           void *data);
int event_alloc_unbound(uint16_t remote_domid, event_handler_t handler, void *data);
/* A physical interrupt that a map_pirq gave us (dom0). */
int event_bind_pirq(unsigned int pirq, event_handler_t handler, void *data);

/* Like event_alloc_unbound, for ports of another domain: no handler, returns that domain's port. */
int event_alloc_unbound_for(uint16_t domid, uint16_t remote_domid);

/* Rings the other end. 0, or -EINVAL for a port that cannot send. */
int event_send(event_port_t port);
/* Detaches and closes. 0, or -EINVAL. */
int event_close(event_port_t port);

void event_mask(event_port_t port);
/* An event that arrived while masked is delivered after this. */
void event_unmask(event_port_t port);

/* Takes back a ring that was not dispatched yet, or rings a port of ours from inside: for code that
 * polls a port itself. */
void event_set_pending(event_port_t port, bool pending);

/* Runs the handlers of everything pending; called by the scheduler. */
void event_dispatch(void);

#ifdef __cplusplus
}
#endif

#endif

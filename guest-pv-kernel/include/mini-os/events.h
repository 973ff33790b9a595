/* SPDX-License-Identifier: MIT */
/*
 * Event channels. A port that was just made or bound is masked: unmask_evtchn() when all is ready.
 * Handlers run between threads; they may not wait.
 */
#ifndef MINI_OS_EVENTS_H
#define MINI_OS_EVENTS_H

#include <public/event_channel.h>
#include <mini-os/os.h>
#include <mini-os/traps.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*evtchn_handler_t)(evtchn_port_t port, struct pt_regs *registers, void *data);

/* 0, or negative. */
int evtchn_alloc_unbound(domid_t other, evtchn_handler_t handler, void *data, evtchn_port_t *port);
int evtchn_bind_interdomain(domid_t other, evtchn_port_t remote_port, evtchn_handler_t handler,
                            void *data, evtchn_port_t *local_port);
/* The port; (evtchn_port_t)-1: refused. */
evtchn_port_t bind_virq(uint32_t virq, evtchn_handler_t handler, void *data);
evtchn_port_t bind_pirq(uint32_t pirq, int will_share, evtchn_handler_t handler, void *data);
/* Gives a port that exists its handler, or another one. */
evtchn_port_t bind_evtchn(evtchn_port_t port, evtchn_handler_t handler, void *data);
/* Masks and closes. */
void unbind_evtchn(evtchn_port_t port);

void mask_evtchn(evtchn_port_t port);
void unmask_evtchn(evtchn_port_t port);
void clear_evtchn(evtchn_port_t port);
int notify_remote_via_evtchn(evtchn_port_t port);

#ifdef __cplusplus
}
#endif

#endif

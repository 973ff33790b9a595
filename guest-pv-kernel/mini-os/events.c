/* SPDX-License-Identifier: MIT */
/*
 * Event channels by Mini-OS's names. Owns: a record per port that was made here.
 * Read next: ../include/pvk/event.h
 */
#include <mini-os/events.h>

#include <stdlib.h>

#include <pvk/event.h>

struct binding {
    struct binding *next;
    evtchn_port_t port;
    evtchn_handler_t handler; /* NULL: nobody listens */
    void *data;
};

static struct binding *bindings;

static void rung(event_port_t port, void *data)
{
    const struct binding *binding = data;

    if (binding->handler != NULL) {
        binding->handler(port, NULL, binding->data);
    }
}

static struct binding *binding_new(evtchn_handler_t handler, void *data)
{
    struct binding *binding = calloc(1, sizeof(*binding));

    if (binding != NULL) {
        binding->handler = handler;
        binding->data = data;
    }
    return binding;
}

/* `port` is what the kernel answered. */
static int keep(struct binding *binding, int port)
{
    if (port <= 0) {
        free(binding);
        return port < 0 ? port : -1;
    }
    event_mask((event_port_t)port);
    binding->port = (evtchn_port_t)port;
    binding->next = bindings;
    bindings = binding;
    return port;
}

static int keep_into(struct binding *binding, int port, evtchn_port_t *place)
{
    port = keep(binding, port);
    if (port > 0) {
        *place = (evtchn_port_t)port;
    }
    return port > 0 ? 0 : port;
}

int evtchn_alloc_unbound(domid_t other, evtchn_handler_t handler, void *data, evtchn_port_t *port)
{
    struct binding *binding = binding_new(handler, data);

    return binding == NULL ? -1
                           : keep_into(binding, event_alloc_unbound(other, rung, binding), port);
}

int evtchn_bind_interdomain(domid_t other, evtchn_port_t remote_port, evtchn_handler_t handler,
                            void *data, evtchn_port_t *local_port)
{
    struct binding *binding = binding_new(handler, data);

    return binding == NULL
               ? -1
               : keep_into(binding, event_bind_interdomain(other, remote_port, rung, binding),
                           local_port);
}

evtchn_port_t bind_virq(uint32_t virq, evtchn_handler_t handler, void *data)
{
    struct binding *binding = binding_new(handler, data);
    int port = binding == NULL ? -1 : keep(binding, event_bind_virq(virq, rung, binding));

    return port > 0 ? (evtchn_port_t)port : (evtchn_port_t)-1;
}

evtchn_port_t bind_pirq(uint32_t pirq, int will_share, evtchn_handler_t handler, void *data)
{
    struct binding *binding = binding_new(handler, data);
    int port = binding == NULL ? -1 : keep(binding, event_bind_pirq(pirq, rung, binding));

    (void)will_share;
    return port > 0 ? (evtchn_port_t)port : (evtchn_port_t)-1;
}

evtchn_port_t bind_evtchn(evtchn_port_t port, evtchn_handler_t handler, void *data)
{
    struct binding *binding = bindings;

    while (binding != NULL && binding->port != port) {
        binding = binding->next;
    }
    if (binding != NULL) {
        binding->handler = handler;
        binding->data = data;
        return port;
    }
    binding = binding_new(handler, data);
    if (binding != NULL) {
        int error = event_attach(port, rung, binding);

        (void)keep(binding, error == 0 ? (int)port : error);
    }
    return port;
}

void unbind_evtchn(evtchn_port_t port)
{
    for (struct binding **link = &bindings; *link != NULL; link = &(*link)->next) {
        struct binding *binding = *link;

        if (binding->port == port) {
            *link = binding->next;
            (void)event_close(port);
            free(binding);
            return;
        }
    }
}

void mask_evtchn(evtchn_port_t port)
{
    event_mask(port);
}

void unmask_evtchn(evtchn_port_t port)
{
    event_unmask(port);
}

void clear_evtchn(evtchn_port_t port)
{
    event_set_pending(port, false);
}

int notify_remote_via_evtchn(evtchn_port_t port)
{
    return event_send(port);
}

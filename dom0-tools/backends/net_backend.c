/* SPDX-License-Identifier: MIT */
/*
 * net_backend.c: the loop of the network back end: events of guests' rings, frames from the card,
 * and the store's word that something about a vif changed.
 * Owns: struct net_switch, the card's descriptor.
 * Invariant NBE1: a guest gets one batch of packets a turn, then the next one has its turn.
 * Locks: none; one thread. Read next: net_device.c, net_ring.c.
 */
#include "dom0-tools/backends/net_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/backends/net_capture.h"
#include "dom0-tools/backends/net_checksum.h"
#include "dom0-tools/backends/net_control.h"
#include "dom0-tools/backends/net_device.h"
#include "dom0-tools/libpv/seam.h"

#define CARD_FRAMES    64u /* in one turn */
#define RETRY_STORE_MS 100
#define VIFS           "/local/domain/0/backend/vif"

struct uplink {
    struct net_port port; /* first */
    int card;             /* negative: there is none */
    uint64_t dropped;
};

struct backend {
    struct net_switch net;
    struct uplink uplink;
    int control; /* the service of net_control.h */
};

/* Room for frames from the card; they stay until the rings are flushed (NR3). */
static uint8_t received[CARD_FRAMES][SEAM_PAGE_SIZE] __attribute__((aligned(SEAM_PAGE_SIZE)));

static void uplink_deliver(struct net_port *port, struct net_frame *frame)
{
    struct uplink *uplink = (struct uplink *)port;

    if (frame->checksum_blank && net_checksum_fill(frame->bytes, frame->length)) {
        frame->checksum_blank = false;
    }
    if (write(uplink->card, frame->bytes, frame->length) < 0) {
        uplink->dropped++;
    }
}

/* The sender's IPv4 address, in what it says by ARP or IP; 0: none. */
static uint32_t sender_address(const struct net_frame *frame)
{
    const uint8_t *bytes = frame->bytes;
    size_t at = 0;

    if (frame->length >= 42 && bytes[12] == 0x08 && bytes[13] == 0x06) {
        at = 28;
    } else if (frame->length >= 34 && bytes[12] == 0x08 && bytes[13] == 0x00) {
        at = 26;
    }
    return at == 0 ? 0
                   : (uint32_t)bytes[at] << 24 | (uint32_t)bytes[at + 1] << 16 |
                         (uint32_t)bytes[at + 2] << 8 | bytes[at + 3];
}

struct taking {
    struct net_switch *net;
    struct net_device *device;
};

static void take_frame(void *context, struct net_frame *frame)
{
    struct taking *taking = context;
    uint32_t address = sender_address(frame);

    if (address != 0 && address != taking->device->address) {
        taking->device->address = address;
        taking->device->address_is_new = true;
    }
    net_capture_frame(&taking->device->name, frame, true);
    net_bridge_forward(&taking->net->bridge, &taking->device->port, frame);
}

/* After anything was delivered: copies, then tells front ends. */
static void flush_all(struct net_switch *net)
{
    for (struct net_device *device = net->devices; device != NULL; device = device->next) {
        if (device->connected) {
            net_ring_flush(&device->ring);
        }
    }
}

/* One turn for each device that has work. True: some have more. */
static bool serve_devices(struct net_switch *net)
{
    bool more = false;

    for (struct net_device *device = net->devices; device != NULL; device = device->next) {
        struct taking taking = {net, device};

        if (!device->connected || !device->active) {
            continue;
        }
        device->active = false;
        net_ring_retry(&device->ring);
        if (net_ring_take(&device->ring, take_frame, &taking)) {
            device->active = more = true;
        }
        flush_all(net);
    }
    for (struct net_device *device = net->devices; device != NULL; device = device->next) {
        if (device->connected) {
            net_device_notify(net, device);
        }
        if (device->connected && device->ring.broken != NULL) {
            net_device_fail(net, device, device->ring.broken);
        }
        if (device->address_is_new) {
            net_device_publish_address(net, device);
        }
    }
    return more;
}

static void receive(struct backend *backend)
{
    size_t count = 0;

    while (count < CARD_FRAMES) {
        ssize_t length = read(backend->uplink.card, received[count], SEAM_PAGE_SIZE);
        struct net_frame frame = {.bytes = received[count], .length = (size_t)length};

        if (length <= 0) {
            break;
        }
        net_bridge_forward(&backend->net.bridge, &backend->uplink.port, &frame);
        count++;
    }
    flush_all(&backend->net);
}

static void take_events(struct net_switch *net)
{
    uint32_t ports[32];
    ssize_t size = read(net->events, ports, sizeof(ports));

    for (size_t i = 0; size > 0 && i < (size_t)size / sizeof(ports[0]); i++) {
        for (struct net_device *device = net->devices; device != NULL; device = device->next) {
            device->active |= device->tx_port == (int)ports[i] || device->rx_port == (int)ports[i];
        }
        seam_event_unmask(net->events, ports[i]);
    }
}

/* ---- the store ---------------------------------------------------------------------------------- */

/* Adds devices that the store knows and we do not. */
static void discover(struct net_switch *net)
{
    char **domains, **ids, path[64];
    size_t nr_domains, nr_ids;

    if (store_directory(net->store, 0, VIFS, &domains, &nr_domains) < 0) {
        return;
    }
    for (size_t i = 0; i < nr_domains; i++) {
        unsigned long domid = strtoul(domains[i], NULL, 10);

        snprintf(path, sizeof(path), VIFS "/%lu", domid);
        if (store_directory(net->store, 0, path, &ids, &nr_ids) < 0) {
            continue;
        }
        for (size_t k = 0; k < nr_ids; k++) {
            unsigned long id = strtoul(ids[k], NULL, 10);

            if (net_device_find(net, domid, id) == NULL) {
                net_device_create(net, (uint16_t)domid, (unsigned int)id);
            }
        }
        free(ids);
    }
    free(domains);
}

static void take_store_events(struct net_switch *net)
{
    struct store_event event;
    struct net_device *next;
    int result;

    while ((result = store_next_event(net->store, false, &event)) > 0) {
        store_event_free(&event);
    }
    if (result < 0) {
        store_close(net->store);
        net->store = NULL;
        return;
    }
    discover(net);
    for (struct net_device *device = net->devices; device != NULL; device = next) {
        next = device->next;
        net_device_step(net, device);
    }
}

/* The store may come up after us, or end and come again: then every watch is set anew. */
static void connect_store(struct net_switch *net)
{
    if (net->store != NULL) {
        return;
    }
    net->store = store_connect();
    if (net->store != NULL && store_watch(net->store, VIFS, "vif") < 0) {
        store_close(net->store);
        net->store = NULL;
    }
    for (struct net_device *device = net->devices; device != NULL && net->store != NULL;
         device = device->next) {
        store_watch(net->store, device->front, device->back);
    }
}

/* ---- the loop ----------------------------------------------------------------------------------- */

enum { WAIT_EVENTS, WAIT_CONTROL, WAIT_STORE, WAIT_CARD, WAIT_COUNT };

#define MAX_WAITS (WAIT_COUNT + NET_CAPTURE_SESSIONS + 1)

static void serve_once(struct backend *backend, bool *more)
{
    struct net_switch *net = &backend->net;
    struct seam_wait waits[MAX_WAITS];
    size_t count = 0, store_at = MAX_WAITS, card_at = MAX_WAITS;
    int timeout_ms = *more ? 0 : -1;

    connect_store(net);
    if (net->store != NULL && store_has_event(net->store)) {
        timeout_ms = 0;
    }
    waits[count++] = (struct seam_wait){net->events, SEAM_READ, 0};
    waits[count++] = (struct seam_wait){backend->control, SEAM_READ, 0};
    if (net->store != NULL) {
        store_at = count;
        waits[count++] = (struct seam_wait){store_descriptor(net->store), SEAM_READ, 0};
    } else if (timeout_ms < 0) {
        timeout_ms = RETRY_STORE_MS;
    }
    if (backend->uplink.card >= 0) {
        card_at = count;
        waits[count++] = (struct seam_wait){backend->uplink.card, SEAM_READ, 0};
    }
    count += net_capture_waits(waits + count);
    if (seam_wait_any(waits, count, timeout_ms) < 0) {
        return;
    }
    if (store_at < count && waits[store_at].ready != 0) {
        take_store_events(net);
    }
    /* What came while a request waited for its reply. */
    while (net->store != NULL && store_has_event(net->store)) {
        take_store_events(net);
    }
    if (waits[WAIT_CONTROL].ready != 0) {
        net_control_serve(backend->control, net);
    }
    if (waits[WAIT_EVENTS].ready != 0) {
        take_events(net);
    }
    if (card_at < count && waits[card_at].ready != 0) {
        receive(backend);
    }
    *more = net->store != NULL && serve_devices(net);
    net_capture_serve();
}

static void net_backend_run(void *argument)
{
    struct backend *backend = argument;
    bool more = false;

    backend->net.events = seam_event_open();
    if (backend->uplink.card >= 0) {
        backend->uplink.card = seam_uplink_open();
    }
    backend->uplink.port.deliver = uplink_deliver;
    backend->control = net_control_open();
    if (backend->net.events < 0 || backend->control < 0) {
        fprintf(stderr, "network back end: cannot start (%d)\n", backend->net.events);
        return;
    }
    if (backend->uplink.card >= 0) {
        net_bridge_add(&backend->net.bridge, &backend->uplink.port);
    }
    net_capture_start();
    for (;;) {
        serve_once(backend, &more);
    }
}

void net_backend_start(bool with_card)
{
    struct backend *backend = calloc(1, sizeof(*backend));

    if (backend != NULL) {
        backend->uplink.card = with_card ? 0 : -1;
    }
    if (backend == NULL || seam_thread_start("network", net_backend_run, backend) < 0) {
        fprintf(stderr, "network back end: no memory to start\n");
        free(backend);
    }
}

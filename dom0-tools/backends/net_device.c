/* SPDX-License-Identifier: MIT */
/*
 * net_device.c: the back end's side of a vif's handshake. Each step begins with a look at both states
 * in the store, so that no event can be lost or believed twice.
 * Invariants ND1, ND2, XD1 (xenbus_device.h). Guest ABI: io/netif.h. Read next: net_backend.c
 */
#include "dom0-tools/backends/net_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/errno.h>

#include "dom0-tools/backends/net_capture.h"
#include "dom0-tools/libpv/seam.h"
#include "guest-pv-kernel/xenbus/xenbus_device.h"

/* What we can do, for front ends to read. */
static const struct {
    const char *key, *value;
} offers[] = {
    {"feature-rx-copy", "1"},
    {"feature-rx-flip", "0"},
    {"feature-rx-notify", "1"},
    {"feature-sg", "1"},
    {"feature-split-event-channels", "1"},
    {"feature-ipv6-csum-offload", "1"},
    {"hotplug-status", "connected"},
};

static enum xenbus_state read_state(struct net_switch *net, const char *directory)
{
    char *text = store_read_at(net->store, 0, "%s/state", directory);
    enum xenbus_state state = xenbus_device_parse_state(text);

    free(text);
    return state;
}

static void write_state(struct net_switch *net, const struct net_device *device,
                        enum xenbus_state state)
{
    char text[4];

    snprintf(text, sizeof(text), "%d", state);
    store_write_at(net->store, 0, text, "%s/state", device->back);
}

/* A number that the front end wrote; -1: it did not, or it is none. */
static long front_number(struct net_switch *net, const struct net_device *device, const char *key)
{
    char *text = store_read_at(net->store, 0, "%s/%s", device->front, key);
    char *end = NULL;
    unsigned long number = text != NULL ? strtoul(text, &end, 10) : 0;
    bool good =
        text != NULL && text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= UINT32_MAX;

    free(text);
    return good ? (long)number : -1;
}

static void disconnect(struct net_switch *net, struct net_device *device)
{
    if (device->connected) {
        net_bridge_remove(&net->bridge, &device->port);
        net_ring_detach(&device->ring);
    }
    if (device->rx_port > 0 && device->rx_port != device->tx_port) {
        seam_event_close(net->events, (uint32_t)device->rx_port);
    }
    if (device->tx_port > 0) {
        seam_event_close(net->events, (uint32_t)device->tx_port);
    }
    if (device->tx_page != NULL) {
        seam_unmap_grant(device->tx_page, device->tx_handle);
    }
    if (device->rx_page != NULL) {
        seam_unmap_grant(device->rx_page, device->rx_handle);
    }
    device->tx_page = device->rx_page = NULL;
    device->tx_port = device->rx_port = 0;
    device->connected = device->active = false;
}

static int bind(struct net_switch *net, const struct net_device *device, long port)
{
    return port <= 0 ? -XEN_EINVAL
                     : seam_event_bind_interdomain(net->events, device->name.domid, (uint32_t)port);
}

static const char *connect_ports(struct net_switch *net, struct net_device *device)
{
    long both = front_number(net, device, "event-channel");

    if (both > 0) {
        device->tx_port = device->rx_port = bind(net, device, both);
    } else {
        device->tx_port = bind(net, device, front_number(net, device, "event-channel-tx"));
        device->rx_port = bind(net, device, front_number(net, device, "event-channel-rx"));
    }
    return device->tx_port > 0 && device->rx_port > 0 ? NULL
                                                      : "an event channel could not be bound";
}

static const char *connect_rings(struct net_device *device, long tx_reference, long rx_reference)
{
    unsigned int rights = SEAM_READ | SEAM_WRITE;

    if (tx_reference < 0 || rx_reference < 0) {
        return "tx-ring-ref or rx-ring-ref is missing";
    }
    if (seam_map_grant(device->name.domid, (uint32_t)tx_reference, rights, &device->tx_page,
                       &device->tx_handle) < 0 ||
        seam_map_grant(device->name.domid, (uint32_t)rx_reference, rights, &device->rx_page,
                       &device->rx_handle) < 0) {
        return "a ring page could not be mapped";
    }
    return NULL;
}

static void deliver(struct net_port *port, struct net_frame *frame)
{
    struct net_device *device = (struct net_device *)port;

    net_capture_frame(&device->name, frame, false);
    net_ring_give(&device->ring, frame);
    device->active = true;
}

static struct net_fault *read_fault(struct net_switch *net, const struct net_device *device)
{
    char *text = store_read_at(net->store, 0, "%s/fault", device->back);
    struct net_fault *fault = net_fault_read(text);

    free(text);
    return fault;
}

/* The node `tx-by` says `map` or `copy`; without it, copy, which is cheaper (docs/drivers/network.md). */
static bool reads_by_mapping(struct net_switch *net, const struct net_device *device)
{
    char *text = store_read_at(net->store, 0, "%s/tx-by", device->back);
    bool map = text != NULL && strcmp(text, "map") == 0;

    free(text);
    return map;
}

/* ND3: where the guest's own address is, is known from the store, not only from what it sends. */
static void learn_address(struct net_switch *net, struct net_device *device)
{
    char *text = store_read_at(net->store, 0, "%s/mac", device->back);
    unsigned int bytes[NET_ADDRESS_BYTES];
    uint8_t address[NET_ADDRESS_BYTES];

    if (text != NULL && sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &bytes[0], &bytes[1], &bytes[2],
                               &bytes[3], &bytes[4], &bytes[5]) == 6) {
        for (size_t i = 0; i < NET_ADDRESS_BYTES; i++) {
            address[i] = (uint8_t)bytes[i];
        }
        net_bridge_learn(&net->bridge, address, &device->port);
    }
    free(text);
}

/* NULL, or why it cannot be connected. */
static const char *connect(struct net_switch *net, struct net_device *device)
{
    const char *why = NULL;

    if (front_number(net, device, "request-rx-copy") != 1) {
        why = "the front end does not ask for request-rx-copy";
    }
    if (why == NULL) {
        why = connect_rings(device, front_number(net, device, "tx-ring-ref"),
                            front_number(net, device, "rx-ring-ref"));
    }
    if (why == NULL) {
        why = connect_ports(net, device);
    }
    if (why == NULL) {
        net_ring_attach(&device->ring, device->name.domid, device->tx_page, device->rx_page);
        device->ring.scatter = front_number(net, device, "feature-sg") == 1;
        device->ring.no_checksums = front_number(net, device, "feature-no-csum-offload") == 1;
        device->ring.fault = read_fault(net, device);
        device->ring.by_mapping = reads_by_mapping(net, device);
        device->port.deliver = deliver;
        why = net_bridge_add(&net->bridge, &device->port) < 0 ? "the bridge is full" : NULL;
        learn_address(net, device);
        device->connected = device->active = why == NULL;
    }
    return why;
}

static void publish(struct net_switch *net, struct net_device *device)
{
    disconnect(net, device);
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        store_write_at(net->store, 0, offers[i].value, "%s/%s", device->back, offers[i].key);
    }
    write_state(net, device, XenbusStateInitWait);
}

void net_device_fail(struct net_switch *net, struct net_device *device, const char *why)
{
    char text[96];

    snprintf(text, sizeof(text), "%d %s", XEN_EINVAL, why);
    disconnect(net, device);
    store_write_at(net->store, 0, text, "%s/error", device->back);
    write_state(net, device, XenbusStateClosing);
    write_state(net, device, XenbusStateClosed);
}

/* The front end's directory is gone: with it, this device. */
static void retire(struct net_switch *net, struct net_device *device)
{
    struct net_device **link = &net->devices;
    char parent[64], **names;
    size_t count;

    disconnect(net, device);
    store_unwatch(net->store, device->front, device->back);
    store_remove(net->store, STORE_NO_TRANSACTION, device->back);
    snprintf(parent, sizeof(parent), "/local/domain/0/backend/vif/%u", device->name.domid);
    if (store_directory(net->store, STORE_NO_TRANSACTION, parent, &names, &count) == 0) {
        if (count == 0) {
            store_remove(net->store, STORE_NO_TRANSACTION, parent);
        }
        free(names);
    }
    while (*link != device) {
        link = &(*link)->next;
    }
    *link = device->next;
    free(device);
}

struct net_device *net_device_find(const struct net_switch *net, unsigned long domid,
                                   unsigned long id)
{
    struct net_device *device = net->devices;

    while (device != NULL && (device->name.domid != domid || device->name.id != id)) {
        device = device->next;
    }
    return device;
}

struct net_device *net_device_create(struct net_switch *net, uint16_t domid, unsigned int id)
{
    struct net_device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return NULL;
    }
    device->name = (struct device_name){"vif", domid, id, 0};
    device_store_back(&device->name, device->back);
    device_store_front(&device->name, device->front);
    device->next = net->devices;
    net->devices = device;
    store_watch(net->store, device->front, device->back);
    return device;
}

bool net_device_step(struct net_switch *net, struct net_device *device)
{
    enum xenbus_state own = read_state(net, device->back);
    enum xenbus_state other = read_state(net, device->front);
    bool resumes = own == XenbusStateConnected && !device->connected;
    const char *why;

    if (resumes) {
        own = XenbusStateInitWait; /* an earlier back end's word: its rings go on (ND3) */
    }
    switch (xenbus_device_next(XENBUS_DEVICE_BACK, own, other)) {
    case XENBUS_DEVICE_WAIT:
        break;
    case XENBUS_DEVICE_PUBLISH:
    case XENBUS_DEVICE_REOPEN:
        publish(net, device);
        break;
    case XENBUS_DEVICE_CONNECT:
        why = connect(net, device);
        if (why != NULL) {
            net_device_fail(net, device, why);
        } else if (resumes) {
            /* What an earlier back end answered may not have been heard of. */
            device->nr_resumed++;
            device->ring.notify_tx = device->ring.notify_rx = true;
        } else {
            write_state(net, device, XenbusStateConnected);
        }
        break;
    case XENBUS_DEVICE_CLOSE:
        disconnect(net, device);
        write_state(net, device, XenbusStateClosing);
        write_state(net, device, XenbusStateClosed);
        break;
    case XENBUS_DEVICE_GONE:
        retire(net, device);
        return true;
    }
    return false;
}

void net_device_abandon(struct net_switch *net, struct net_device *device)
{
    disconnect(net, device);
}

void net_device_notify(struct net_switch *net, struct net_device *device)
{
    struct net_ring *ring = &device->ring;

    if (ring->notify_tx || (ring->notify_rx && device->tx_port == device->rx_port)) {
        seam_event_notify(net->events, (uint32_t)device->tx_port);
    }
    if (ring->notify_rx && device->tx_port != device->rx_port) {
        seam_event_notify(net->events, (uint32_t)device->rx_port);
    }
    ring->notify_tx = ring->notify_rx = false;
}

void net_device_publish_address(struct net_switch *net, struct net_device *device)
{
    char text[16];

    snprintf(text, sizeof(text), "%u.%u.%u.%u", device->address >> 24, device->address >> 16 & 255u,
             device->address >> 8 & 255u, device->address & 255u);
    store_write_at(net->store, 0, text, "%s/seen-ip", device->back);
    device->address_is_new = false;
}

/* SPDX-License-Identifier: MIT */
/*
 * netfront.c: the front end of a vif: its handshake through the store, its events, its callers.
 * Owns: struct netfront, one per interface, never freed.
 * Invariants NF1, NF2 (<pvk/netfront.h>), XD1. Locks: none; EV1.
 * Guest ABI: io/netif.h, io/xenbus.h. Read next: netfront_rings.c
 */
#include <pvk/netfront.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/console.h>
#include <pvk/event.h>
#include <pvk/memory.h>
#include <pvk/thread.h>
#include <pvk/time.h>
#include <pvk/xenbus.h>

#include "../xenbus/xenbus_device.h"
#include "netfront_rings.h"

#define PATH_SIZE   64
#define DEFAULT_MTU 1500u

struct netfront {
    unsigned int id;
    struct netfront_handlers handlers;
    void *data;
    struct xenbus *store;
    char path[PATH_SIZE]; /* of our directory */
    char back[PATH_SIZE]; /* of the back end's */
    uint8_t mac[6];
    unsigned int mtu;
    uint16_t backend;
    enum xenbus_state state;
    bool is_connected; /* rings and ports exist */
    bool is_up;        /* and the back end serves them */
    bool gave_up;      /* the rings are broken, and that was said */
    bool scatter;      /* it takes frames of several pages */
    int tx_port, rx_port;
    struct netfront_rings rings;
    struct netfront_counters counters;
    struct wait_queue changed; /* link, or room to send */
};

/* ---- the store ---------------------------------------------------------------------------------- */

static char *read_text(struct netfront *front, const char *directory, const char *key)
{
    char path[PATH_SIZE * 2], *value = NULL;
    size_t length;

    snprintf(path, sizeof(path), "%s/%s", directory, key);
    return xenbus_read(front->store, XENBUS_NO_TRANSACTION, path, &value, &length) == 0 ? value
                                                                                        : NULL;
}

static unsigned long read_number(struct netfront *front, const char *directory, const char *key,
                                 unsigned long otherwise)
{
    char path[PATH_SIZE * 2];
    unsigned long number;

    snprintf(path, sizeof(path), "%s/%s", directory, key);
    return xenbus_read_number(front->store, XENBUS_NO_TRANSACTION, path, &number) == 0 ? number
                                                                                       : otherwise;
}

static void set_state(struct netfront *front, enum xenbus_state state)
{
    char path[PATH_SIZE * 2];

    if (xenbus_device_may_step(XENBUS_DEVICE_FRONT, front->state, state)) {
        front->state = state;
        snprintf(path, sizeof(path), "%s/state", front->path);
        (void)xenbus_printf(front->store, XENBUS_NO_TRANSACTION, path, "%d", state);
    }
}

static void set_link(struct netfront *front, bool is_up)
{
    if (front->is_up != is_up) {
        front->is_up = is_up;
        if (front->handlers.link != NULL) {
            front->handlers.link(front->data, is_up);
        }
        wait_queue_wake_all(&front->changed);
    }
}

/* ---- events ------------------------------------------------------------------------------------- */

static void disconnect(struct netfront *front);

/* In a thread of its own: the store makes whoever asks it wait, and events may not. */
static void give_up(void *argument)
{
    struct netfront *front = argument;
    char path[PATH_SIZE * 2];

    snprintf(path, sizeof(path), "%s/error", front->path);
    (void)xenbus_printf(front->store, XENBUS_NO_TRANSACTION, path, "%s", front->rings.broken);
    set_state(front, XenbusStateClosing);
    disconnect(front);
    set_state(front, XenbusStateClosed);
}

/* NF3: what the other end did cannot have been an accident of one frame. */
static void check_broken(struct netfront *front)
{
    if (front->rings.broken != NULL && !front->gave_up) {
        console_printf("vif %u: the back end misbehaves: %s; the interface is closed\n", front->id,
                       front->rings.broken);
        front->gave_up = true;
        thread_create("vif", give_up, front, 0);
        wait_queue_wake_all(&front->changed);
    }
}

static bool is_usable(const struct netfront *front)
{
    return front->is_up && front->rings.broken == NULL;
}

static void on_receive(event_port_t port, void *data)
{
    struct netfront *front = data;
    bool notify;

    front->counters.notifications++;
    netfront_rings_receive(&front->rings, &front->handlers, front->data, &front->counters, &notify);
    if (notify) {
        event_send(port);
    }
    check_broken(front);
}

static void on_sent(event_port_t port, void *data)
{
    struct netfront *front = data;

    (void)port;
    netfront_rings_reclaim(&front->rings, false, &front->counters);
    check_broken(front);
    wait_queue_wake_all(&front->changed);
}

static void on_both(event_port_t port, void *data)
{
    on_sent(port, data);
    on_receive(port, data);
}

/* ---- the handshake ------------------------------------------------------------------------------ */

static void disconnect(struct netfront *front)
{
    set_link(front, false);
    if (front->rx_port > 0 && front->rx_port != front->tx_port) {
        event_close((event_port_t)front->rx_port);
    }
    if (front->tx_port > 0) {
        event_close((event_port_t)front->tx_port);
    }
    front->tx_port = front->rx_port = 0;
    if (front->is_connected) {
        netfront_rings_destroy(&front->rings);
        front->is_connected = false;
    }
}

static int open_ports(struct netfront *front, bool split)
{
    front->tx_port = event_alloc_unbound(front->backend, split ? on_sent : on_both, front);
    front->rx_port =
        split ? event_alloc_unbound(front->backend, on_receive, front) : front->tx_port;
    return front->tx_port < 0 ? front->tx_port : front->rx_port < 0 ? front->rx_port : 0;
}

static int write_all(struct netfront *front, uint32_t transaction, bool split)
{
    const struct {
        const char *key;
        int value;
    } rows[] = {
        {"tx-ring-ref", front->rings.tx_reference},
        {"rx-ring-ref", front->rings.rx_reference},
        {split ? "event-channel-tx" : "event-channel", front->tx_port},
        {split ? "event-channel-rx" : "event-channel", front->rx_port},
        {"request-rx-copy", 1},
        {"feature-rx-notify", 1},
        {"feature-sg", 1},
        {"feature-no-csum-offload", 1},
        {"state", XenbusStateConnected},
    };
    int result = 0;

    for (size_t i = 0; result == 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[PATH_SIZE * 2];

        snprintf(path, sizeof(path), "%s/%s", front->path, rows[i].key);
        result = xenbus_printf(front->store, transaction, path, "%d", rows[i].value);
    }
    return result;
}

/* Rings and ports appear to the back end all at once. */
static int write_offer(struct netfront *front, bool split)
{
    uint32_t transaction;
    int result;

    do {
        result = xenbus_transaction_start(front->store, &transaction);
        if (result < 0) {
            return result;
        }
        result = write_all(front, transaction, split);
        int end = xenbus_transaction_end(front->store, transaction, result == 0);
        result = result == 0 ? end : result;
    } while (result == -EAGAIN);
    return result;
}

static void publish(struct netfront *front)
{
    bool split = read_number(front, front->back, "feature-split-event-channels", 0) == 1;
    int result = -ENOTSUP;

    disconnect(front);
    front->gave_up = false;
    if (read_number(front, front->back, "feature-rx-copy", 0) == 1) {
        result = netfront_rings_create(&front->rings, front->backend);
        front->is_connected = result == 0;
    }
    front->scatter = read_number(front, front->back, "feature-sg", 0) == 1;
    if (result == 0) {
        result = open_ports(front, split);
    }
    if (result == 0) {
        result = write_offer(front, split);
    }
    if (result == 0) {
        front->state = XenbusStateConnected;
    } else {
        console_printf("vif %u: cannot connect: %s\n", front->id, strerror(-result));
        disconnect(front);
        set_state(front, XenbusStateClosed);
    }
}

static int parse_mac(const char *text, uint8_t mac[6])
{
    unsigned int bytes[6];

    if (text == NULL || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &bytes[0], &bytes[1], &bytes[2],
                               &bytes[3], &bytes[4], &bytes[5]) != 6) {
        return -1;
    }
    for (int i = 0; i < 6; i++) {
        mac[i] = (uint8_t)bytes[i];
    }
    return 0;
}

static int read_identity(struct netfront *front)
{
    char *back = read_text(front, front->path, "backend");
    char *mac = read_text(front, front->path, "mac");
    int result = -ENODEV;

    if (back != NULL && strlen(back) < sizeof(front->back) && parse_mac(mac, front->mac) == 0) {
        strcpy(front->back, back);
        result = 0;
    }
    front->backend = (uint16_t)read_number(front, front->path, "backend-id", 0);
    front->mtu = (unsigned int)read_number(front, front->path, "mtu", DEFAULT_MTU);
    free(back);
    free(mac);
    return result;
}

/* One step of the table. True: look again. */
static bool step(struct netfront *front, enum xenbus_state other)
{
    switch (xenbus_device_next(XENBUS_DEVICE_FRONT, front->state, other)) {
    case XENBUS_DEVICE_PUBLISH:
        publish(front);
        return true;
    case XENBUS_DEVICE_CLOSE:
        set_state(front, XenbusStateClosing);
        disconnect(front);
        set_state(front, XenbusStateClosed);
        return true;
    case XENBUS_DEVICE_REOPEN:
        /* It may be another device in the same place. */
        if (read_identity(front) < 0) {
            return false;
        }
        set_state(front, XenbusStateInitialising);
        return true;
    case XENBUS_DEVICE_GONE:
        disconnect(front);
        front->state = XenbusStateClosed;
        return false;
    case XENBUS_DEVICE_WAIT:
    case XENBUS_DEVICE_CONNECT:
        break;
    }
    if (front->state == XenbusStateConnected && other == XenbusStateConnected &&
        front->rings.broken == NULL) {
        set_link(front, true);
    }
    return false;
}

static void on_backend_state(struct xenbus *store, const char *path, void *data)
{
    struct netfront *front = data;
    enum xenbus_state other;

    (void)store;
    (void)path;
    do {
        char *text = read_text(front, front->back, "state");

        other = xenbus_device_parse_state(text);
        free(text);
    } while (step(front, other));
}

/* ---- for callers -------------------------------------------------------------------------------- */

int netfront_open(unsigned int id, const struct netfront_handlers *handlers, void *data,
                  struct netfront **result_front)
{
    struct netfront *front = calloc(1, sizeof(*front));
    struct xenbus_watch *watch;
    char path[PATH_SIZE * 2];
    int result;

    if (front == NULL) {
        return -ENOMEM;
    }
    front->id = id;
    front->handlers = *handlers;
    front->data = data;
    front->store = xenbus_default();
    front->state = XenbusStateInitialising;
    snprintf(front->path, sizeof(front->path), "device/vif/%u", id);
    result = front->store == NULL ? -ENODEV : read_identity(front);
    if (result == 0) {
        snprintf(path, sizeof(path), "%s/state", front->back);
        *result_front = front;
        result = xenbus_watch(front->store, path, on_backend_state, front, &watch);
    }
    if (result < 0) {
        free(front);
    }
    return result;
}

int netfront_wait(struct netfront *front, uint64_t deadline_ns)
{
    while (!front->is_up) {
        if (!wait_queue_wait(&front->changed, deadline_ns)) {
            return -ETIMEDOUT;
        }
    }
    return 0;
}

const uint8_t *netfront_mac(const struct netfront *front)
{
    return front->mac;
}

unsigned int netfront_mtu(const struct netfront *front)
{
    return front->mtu;
}

const struct netfront_counters *netfront_counters(const struct netfront *front)
{
    return &front->counters;
}

/* Until `slots` buffers are free. */
static int wait_for_room(struct netfront *front, size_t slots, uint64_t deadline_ns)
{
    netfront_rings_reclaim(&front->rings, false, &front->counters);
    while (is_usable(front) && front->rings.nr_free_send < slots) {
        netfront_rings_reclaim(&front->rings, true, &front->counters);
        check_broken(front);
        if (is_usable(front) && front->rings.nr_free_send < slots &&
            !wait_queue_wait(&front->changed, deadline_ns)) {
            return -ETIMEDOUT;
        }
    }
    check_broken(front);
    return is_usable(front) ? 0 : -ENETDOWN;
}

int netfront_send(struct netfront *front, const struct netfront_piece *pieces, size_t count,
                  uint64_t deadline_ns)
{
    size_t length = 0, slots;
    int result;

    for (size_t i = 0; i < count; i++) {
        length += pieces[i].length;
    }
    if (!is_usable(front)) {
        return -ENETDOWN;
    }
    if (length == 0 || length > (front->scatter ? NETFRONT_FRAME_MAX : MEMORY_PAGE_SIZE)) {
        return -EMSGSIZE;
    }
    slots = (length + MEMORY_PAGE_SIZE - 1) / MEMORY_PAGE_SIZE;
    result = wait_for_room(front, slots, deadline_ns);
    if (result == 0) {
        front->counters.frames_sent++;
        front->counters.bytes_sent += length;
        if (netfront_rings_send(&front->rings, pieces, count, length)) {
            event_send((event_port_t)front->tx_port);
        }
    }
    return result;
}

struct netfront_rings *netfront_rings_of(struct netfront *front, event_port_t *tx_port)
{
    *tx_port = (event_port_t)front->tx_port;
    return is_usable(front) ? &front->rings : NULL;
}

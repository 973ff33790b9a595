/* SPDX-License-Identifier: MIT */
/*
 * block_handshake.c: the back end's side of a virtual disk's handshake.
 *   begin -> publish (open the file, write what it offers) -> connect -> close -> publish ...
 * Invariant BLB1 (block_backend.h). Read next: ../../guest-pv-kernel/xenbus/xenbus_device.c
 */
#include "dom0-tools/backends/block_handshake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/errno.h>

#include "dom0-tools/libpv/vbd.h"

#define TOKEN_SIZE 32
/* More steps than any handshake has: a store that lies cannot keep us here. */
#define MOST_STEPS 8

static enum xenbus_state read_state(struct store *store, const char *directory)
{
    char *text = store_read_at(store, 0, "%s/state", directory);
    enum xenbus_state state = xenbus_device_parse_state(text);

    free(text);
    return state;
}

/* A number of a node; `otherwise` when there is none. */
static unsigned long read_number(struct store *store, const char *directory, const char *name,
                                 unsigned long otherwise)
{
    char *text = store_read_at(store, 0, "%s/%s", directory, name);
    unsigned long value = otherwise;
    char *end;

    if (text != NULL && text[0] >= '0' && text[0] <= '9') {
        value = strtoul(text, &end, 10);
        value = *end == '\0' ? value : otherwise;
    }
    free(text);
    return value;
}

static bool step_to(struct block_backend *backend, struct block_vbd *vbd, enum xenbus_state from,
                    enum xenbus_state to)
{
    char text[2] = {(char)('0' + to), '\0'};

    return xenbus_device_may_step(XENBUS_DEVICE_BACK, from, to) &&
           store_write_at(backend->store, 0, text, "%s/state", vbd->back) == 0;
}

/* Give a device up, and say why where tools look for it. */
static bool fail(struct block_backend *backend, struct block_vbd *vbd, enum xenbus_state own,
                 const char *what, const char *why)
{
    char text[160];

    snprintf(text, sizeof(text), "%s%s%s", what, why != NULL ? ": " : "", why != NULL ? why : "");
    store_write_at(backend->store, 0, text, "%s/hotplug-error", vbd->back);
    store_write_at(backend->store, 0, "error", "%s/hotplug-status", vbd->back);
    return step_to(backend, vbd, own,
                   own == XenbusStateConnected ? XenbusStateClosing : XenbusStateClosed);
}

/* ---- publish ------------------------------------------------------------------------------------ */

static int write_number(struct store *store, const char *directory, const char *name,
                        unsigned long long value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", value);
    return store_write_at(store, 0, text, "%s/%s", directory, name);
}

static int write_offer(struct block_backend *backend, struct block_vbd *vbd)
{
    const struct block_limits *limits = &vbd->device.disk.limits;
    char *kind = store_read_at(backend->store, 0, "%s/device-type", vbd->back);
    unsigned int info = limits->read_only ? VDISK_READONLY : 0;
    const struct {
        const char *name;
        unsigned long long value;
    } nodes[] = {
        {"feature-flush-cache", 1},
        {"feature-barrier", 1},
        {"feature-persistent", 1},
        {"feature-max-indirect-segments", BLOCK_REQUEST_SEGMENTS},
        {"max-ring-page-order", BLOCK_RING_MAX_ORDER},
        {"sectors", limits->nr_sectors},
        {"sector-size", BLOCK_SECTOR},
        {"physical-sector-size", BLOCK_SECTOR},
        {"info", info | (kind != NULL && strcmp(kind, "cdrom") == 0 ? VDISK_CDROM : 0)},
    };
    int result = 0;

    free(kind);
    for (size_t i = 0; result == 0 && i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        result = write_number(backend->store, vbd->back, nodes[i].name, nodes[i].value);
    }
    for (size_t i = 0; result == 0 && limits->can_discard && i < 3; i++) {
        static const char *const names[] = {"discard-alignment", "discard-granularity",
                                            "feature-discard"};
        static const unsigned int values[] = {0, BLOCK_PAGE, 1};

        result = write_number(backend->store, vbd->back, names[i], values[i]);
    }
    return result < 0
               ? result
               : store_write_at(backend->store, 0, "connected", "%s/hotplug-status", vbd->back);
}

/* 0, or a negative errno. */
static int open_disk(struct block_backend *backend, struct block_vbd *vbd)
{
    struct block_disk *disk = &vbd->device.disk;
    char *place = store_read_at(backend->store, 0, "%s/params", vbd->back);
    char *mode = store_read_at(backend->store, 0, "%s/mode", vbd->back);
    bool read_only = mode == NULL || mode[0] != 'w';
    int result = -XEN_ENOENT;

    block_disk_close(disk);
    if (place != NULL) {
        result = block_disk_open(disk, place, read_only);
    }
    free(mode);
    free(place);
    return result;
}

static bool publish(struct block_backend *backend, struct block_vbd *vbd, enum xenbus_state own)
{
    int result = open_disk(backend, vbd);

    if (result < 0) {
        return fail(backend, vbd, own, "cannot open the disk's file", strerror(-result));
    }
    if (write_offer(backend, vbd) < 0) {
        return false;
    }
    return step_to(backend, vbd, own, XenbusStateInitWait);
}

/* ---- connect ------------------------------------------------------------------------------------ */

#define NO_NUMBER (~0ul)

/* What the front end wrote; NULL, or what is wrong with it. */
static const char *read_offer(struct store *store, const struct block_vbd *vbd,
                              struct block_offer *offer)
{
    unsigned long order = read_number(store, vbd->front, "ring-page-order", NO_NUMBER);
    unsigned long port = read_number(store, vbd->front, "event-channel", 0);
    char *protocol = store_read_at(store, 0, "%s/protocol", vbd->front);
    bool native = protocol == NULL || strcmp(protocol, XEN_IO_PROTO_ABI_NATIVE) == 0;
    size_t nr_pages = order == NO_NUMBER ? 1 : (size_t)1 << (order & 31u);

    free(protocol);
    if (!native) {
        return "the front end's protocol is not x86_64-abi";
    }
    if (order != NO_NUMBER && order > BLOCK_RING_MAX_ORDER) {
        return "the front end's ring has too many pages";
    }
    offer->ring_order = order == NO_NUMBER ? 0 : (unsigned int)order;
    for (size_t i = 0; i < nr_pages; i++) {
        char name[24] = "ring-ref";
        unsigned long reference;

        if (order != NO_NUMBER) {
            snprintf(name, sizeof(name), "ring-ref%u", (unsigned int)i);
        }
        reference = read_number(store, vbd->front, name, NO_NUMBER);
        if (reference > UINT32_MAX) {
            return "the front end names no ring";
        }
        offer->ring_references[i] = (uint32_t)reference;
    }
    if (port == 0 || port > UINT32_MAX) {
        return "the front end names no event channel";
    }
    offer->port = (uint32_t)port;
    offer->persistent = read_number(store, vbd->front, "feature-persistent", 0) == 1;
    return NULL;
}

static const char *connect_ring(struct block_backend *backend, struct block_vbd *vbd)
{
    char *fault = store_read_at(backend->store, 0, "%s/fault", vbd->back);
    struct block_offer offer = {.fault = fault};
    const char *wrong = read_offer(backend->store, vbd, &offer);

    if (wrong == NULL && block_device_connect(&vbd->device, &offer, backend->ended[1]) < 0) {
        wrong = "the front end's ring or event channel cannot be used";
    }
    free(fault);
    return wrong;
}

/* The store says Connected, but nothing is: a back end before this one did that. Its front end knows
 * nothing of the change, and what it asked for is still in the ring. */
static bool resume(struct block_backend *backend, struct block_vbd *vbd, enum xenbus_state own)
{
    const char *wrong =
        open_disk(backend, vbd) < 0 ? "the disk's file cannot be opened again" : NULL;

    /* What was offered once is not asked for again: the host may not be there yet. */
    vbd->device.disk.limits.can_discard =
        read_number(backend->store, vbd->back, "feature-discard", 0) == 1;
    wrong = wrong != NULL ? wrong : connect_ring(backend, vbd);
    vbd->nr_resumed++;
    return wrong != NULL && fail(backend, vbd, own, wrong, NULL);
}

static bool take_up(struct block_backend *backend, struct block_vbd *vbd, enum xenbus_state own)
{
    const char *wrong = connect_ring(backend, vbd);

    return wrong != NULL ? fail(backend, vbd, own, wrong, NULL)
                         : step_to(backend, vbd, own, XenbusStateConnected);
}

/* ---- close -------------------------------------------------------------------------------------- */

/* false: the thread has yet to end, and will say so. */
static bool released(struct block_vbd *vbd)
{
    block_device_stop(&vbd->device);
    if (block_device_is_connected(&vbd->device)) {
        return false;
    }
    block_disk_close(&vbd->device.disk);
    return true;
}

static bool close_down(struct block_backend *backend, struct block_vbd *vbd, enum xenbus_state own)
{
    if (own == XenbusStateConnected) {
        return step_to(backend, vbd, own, XenbusStateClosing);
    }
    return released(vbd) && step_to(backend, vbd, own, XenbusStateClosed);
}

/* A toolstack that took `online` away does not want the device again. */
static bool reopen(struct block_backend *backend, struct block_vbd *vbd, enum xenbus_state own)
{
    return read_number(backend->store, vbd->back, "online", 0) == 1 && released(vbd) &&
           publish(backend, vbd, own);
}

/* ---- steps -------------------------------------------------------------------------------------- */

int block_handshake_begin(struct block_backend *backend, struct block_vbd *vbd)
{
    char watched[BLOCK_PATH_SIZE + 8], token[TOKEN_SIZE];
    char *front;

    snprintf(vbd->back, sizeof(vbd->back), VBD_BACK_ROOT "/%u/%lu", (unsigned int)vbd->device.domid,
             (unsigned long)vbd->number);
    front = store_read_at(backend->store, 0, "%s/frontend", vbd->back);
    if (front == NULL || strlen(front) >= sizeof(vbd->front) ||
        read_state(backend->store, vbd->back) == XenbusStateUnknown) {
        free(front);
        return -1;
    }
    strcpy(vbd->front, front);
    free(front);
    snprintf(watched, sizeof(watched), "%s/state", vbd->front);
    snprintf(token, sizeof(token), "%u/%lu", (unsigned int)vbd->device.domid,
             (unsigned long)vbd->number);
    return store_watch(backend->store, watched, token);
}

void block_handshake_end(struct block_backend *backend, struct block_vbd *vbd)
{
    char watched[BLOCK_PATH_SIZE + 8], token[TOKEN_SIZE];

    snprintf(watched, sizeof(watched), "%s/state", vbd->front);
    snprintf(token, sizeof(token), "%u/%lu", (unsigned int)vbd->device.domid,
             (unsigned long)vbd->number);
    store_unwatch(backend->store, watched, token);
}

/* The domain ended, or the toolstack took the device away. */
static bool gone(struct block_backend *backend, struct block_vbd *vbd)
{
    if (!released(vbd)) {
        return true;
    }
    store_remove(backend->store, STORE_NO_TRANSACTION, vbd->back);
    vbd_prune(backend->store, vbd->device.domid);
    return false;
}

bool block_handshake_step(struct block_backend *backend, struct block_vbd *vbd)
{
    static bool (*const actions[])(struct block_backend *, struct block_vbd *,
                                   enum xenbus_state) = {
        [XENBUS_DEVICE_WAIT] = NULL,       [XENBUS_DEVICE_PUBLISH] = publish,
        [XENBUS_DEVICE_CONNECT] = take_up, [XENBUS_DEVICE_CLOSE] = close_down,
        [XENBUS_DEVICE_REOPEN] = reopen,   [XENBUS_DEVICE_GONE] = NULL,
    };

    for (int i = 0; i < MOST_STEPS; i++) {
        enum xenbus_state own = read_state(backend->store, vbd->back);
        enum xenbus_state other = read_state(backend->store, vbd->front);
        enum xenbus_device_action action = xenbus_device_next(XENBUS_DEVICE_BACK, own, other);

        if (own == XenbusStateUnknown || action == XENBUS_DEVICE_GONE) {
            return gone(backend, vbd);
        }
        /* The thread gave up by itself: the front end broke the rules. */
        if (own == XenbusStateConnected && vbd->device.broken != NULL) {
            (void)fail(backend, vbd, own, vbd->device.broken, NULL);
            vbd->device.broken = NULL;
            continue;
        }
        /* Both closing, and nobody serves any more: the front end would wait for answers in vain. */
        if (own == XenbusStateClosing && other == XenbusStateClosing &&
            !block_device_is_connected(&vbd->device)) {
            action = XENBUS_DEVICE_CLOSE;
        }
        if (own == XenbusStateConnected && action == XENBUS_DEVICE_WAIT &&
            !block_device_is_connected(&vbd->device)) {
            (void)resume(backend, vbd, own);
            return true;
        }
        if (actions[action] == NULL || !actions[action](backend, vbd, own)) {
            return true;
        }
    }
    return true;
}

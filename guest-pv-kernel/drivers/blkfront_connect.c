/* SPDX-License-Identifier: MIT */
/*
 * The front end's side of a disk's handshake, and finding disks by name.
 * Owns: the list of disks; the front end's nodes of each.
 * Invariants XD1 (../xenbus/xenbus_device.h), BF3 (blkfront.h). Read next: blkfront_file.c
 */
#include "blkfront.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/memory.h>
#include <pvk/time.h>

#include "../xenbus/xenbus_device.h"

#define MOST_STEPS   8
#define CONNECT_NS   (20 * 1000 * TIME_MILLISECOND_NS)
#define POOL_PAGES   256u
#define POOL_SHARE   4u /* of the free memory at most a fourth part */
#define POOL_LEAST   (BLKIF_MAX_SEGMENTS_PER_REQUEST + 1u)
#define XVD_MAJOR    202u
#define XVD_EXTENDED (1ul << 28)

static struct block_device *devices;

/* ---- the store ---------------------------------------------------------------------------------- */

static unsigned long number_at(const char *directory, const char *name, unsigned long otherwise)
{
    char path[BLKFRONT_PATH + 40];
    unsigned long number;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return xenbus_read_number(xenbus_default(), XENBUS_NO_TRANSACTION, path, &number) == 0
               ? number
               : otherwise;
}

static enum xenbus_state state_at(const char *directory)
{
    char path[BLKFRONT_PATH + 8];
    enum xenbus_state state = XenbusStateUnknown;
    char *text;

    snprintf(path, sizeof(path), "%s/state", directory);
    if (xenbus_read(xenbus_default(), XENBUS_NO_TRANSACTION, path, &text, NULL) == 0) {
        state = xenbus_device_parse_state(text);
        free(text);
    }
    return state;
}

static bool step_to(struct block_device *device, enum xenbus_state from, enum xenbus_state to)
{
    char path[BLKFRONT_PATH + 8];

    snprintf(path, sizeof(path), "%s/state", device->front);
    return xenbus_device_may_step(XENBUS_DEVICE_FRONT, from, to) &&
           xenbus_printf(xenbus_default(), XENBUS_NO_TRANSACTION, path, "%u", (unsigned int)to) ==
               0;
}

/* ---- memory ------------------------------------------------------------------------------------- */

/* Everything that was lent comes back, or is left to the back end for good (BF3). */
static void release(struct block_device *device)
{
    bool kept = false;

    device->connected = false;
    if (device->port > 0) {
        (void)event_close((event_port_t)device->port);
    }
    blkfront_fail_all(device, -ENODEV);
    for (unsigned int i = 0; i < device->nr_pages; i++) {
        struct blkfront_page *page = &device->pages[i];

        if (page->reference < 0 || grant_end_access((grant_reference_t)page->reference) == 0) {
            memory_free_page(page->address);
        }
    }
    for (unsigned int i = 0; device->ring_pages != NULL && i < 1u << device->ring_order; i++) {
        kept = kept || (device->ring_references[i] >= 0 &&
                        grant_end_access((grant_reference_t)device->ring_references[i]) != 0);
    }
    if (device->ring_pages != NULL && !kept) {
        memory_free_pages(device->ring_pages, device->ring_order);
    }
    free(device->pages);
    free(device->slots);
    device->pages = device->free_pages = NULL;
    device->slots = NULL;
    device->ring_pages = NULL;
    device->port = 0;
    device->nr_pages = device->nr_free_pages = device->nr_slots = 0;
    device->published = false;
    device->broken = NULL;
}

static int make_pool(struct block_device *device)
{
    size_t share = memory_nr_free_pages() / POOL_SHARE;
    unsigned int wanted = share < POOL_PAGES ? (unsigned int)share : POOL_PAGES;

    wanted = wanted < POOL_LEAST ? POOL_LEAST : wanted;
    device->pages = calloc(wanted, sizeof(*device->pages));
    for (unsigned int i = 0; device->pages != NULL && i < wanted; i++) {
        struct blkfront_page *page = &device->pages[i];

        page->reference = -1;
        page->address = memory_alloc_page();
        if (page->address == NULL) {
            break;
        }
        page->next = device->free_pages;
        device->free_pages = page;
        device->nr_pages++;
    }
    device->nr_free_pages = device->nr_pages;
    return device->nr_pages < POOL_LEAST ? -ENOMEM : 0;
}

static int make_ring(struct block_device *device)
{
    blkif_sring_t *sring;

    device->ring_pages = memory_alloc_pages(device->ring_order);
    if (device->ring_pages == NULL) {
        return -ENOMEM;
    }
    memset(device->ring_pages, 0, MEMORY_PAGE_SIZE << device->ring_order);
    sring = device->ring_pages;
    XEN_FRONT_RING_INIT(&device->ring, sring, MEMORY_PAGE_SIZE << device->ring_order);
    for (unsigned int i = 0; i < 1u << device->ring_order; i++) {
        device->ring_references[i] = -1;
    }
    for (unsigned int i = 0; i < 1u << device->ring_order; i++) {
        const char *page = (const char *)device->ring_pages + i * MEMORY_PAGE_SIZE;

        device->ring_references[i] = grant_access(device->back_domid, page, false);
        if (device->ring_references[i] < 0) {
            return -ENOMEM;
        }
    }
    device->nr_slots = device->ring.nr_ents;
    device->slots = calloc(device->nr_slots, sizeof(*device->slots));
    if (device->slots == NULL) {
        device->nr_slots = 0;
        return -ENOMEM;
    }
    device->port = event_alloc_unbound(device->back_domid, blkfront_event, device);
    return device->port < 0 ? device->port : 0;
}

/* ---- publish, connect, close -------------------------------------------------------------------- */

static int write_offer(struct block_device *device, uint32_t transaction)
{
    struct xenbus *store = xenbus_default();
    char path[BLKFRONT_PATH + 24];
    int result = 0;

    for (unsigned int i = 0; result == 0 && i < 1u << device->ring_order; i++) {
        snprintf(path, sizeof(path), device->ring_order == 0 ? "%s/ring-ref" : "%s/ring-ref%u",
                 device->front, i);
        result = xenbus_printf(store, transaction, path, "%d", device->ring_references[i]);
    }
    if (result == 0 && device->ring_order > 0) {
        snprintf(path, sizeof(path), "%s/ring-page-order", device->front);
        result = xenbus_printf(store, transaction, path, "%u", device->ring_order);
    }
    snprintf(path, sizeof(path), "%s/event-channel", device->front);
    result = result != 0 ? result : xenbus_printf(store, transaction, path, "%d", device->port);
    snprintf(path, sizeof(path), "%s/protocol", device->front);
    result = result != 0 ? result
                         : xenbus_printf(store, transaction, path, "%s", XEN_IO_PROTO_ABI_NATIVE);
    snprintf(path, sizeof(path), "%s/feature-persistent", device->front);
    return result != 0 ? result
                       : xenbus_printf(store, transaction, path, "%d",
                                       device->information.persistent ? 1 : 0);
}

static int write_offer_at_once(struct block_device *device)
{
    struct xenbus *store = xenbus_default();
    uint32_t transaction;
    int result;

    do {
        result = xenbus_transaction_start(store, &transaction);
        if (result != 0) {
            return result;
        }
        result = write_offer(device, transaction);
        if (result != 0) {
            (void)xenbus_transaction_end(store, transaction, false);
            return result;
        }
        result = xenbus_transaction_end(store, transaction, true);
    } while (result == -EAGAIN);
    return result;
}

static bool publish(struct block_device *device, enum xenbus_state own)
{
    unsigned long order = number_at(device->back, "max-ring-page-order", 0);
    unsigned long segments = number_at(device->back, "feature-max-indirect-segments", 0);

    if (device->published) {
        release(device);
    }
    device->published = true;
    device->ring_order = order < BLKFRONT_MAX_ORDER ? (unsigned int)order : BLKFRONT_MAX_ORDER;
    device->information.persistent = number_at(device->back, "feature-persistent", 0) == 1;
    if (make_pool(device) != 0 || make_ring(device) != 0 || write_offer_at_once(device) != 0) {
        release(device);
        (void)step_to(device, own, XenbusStateClosed);
        return false;
    }
    device->max_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
    if (segments > device->max_segments) {
        unsigned int most = device->nr_pages - 1; /* one for the list of them */

        most = most < BLKFRONT_MAX_SEGMENTS ? most : BLKFRONT_MAX_SEGMENTS;
        device->max_segments = segments < most ? (unsigned int)segments : most;
    }
    return step_to(device, own, XenbusStateInitialised);
}

static bool connect(struct block_device *device, enum xenbus_state own)
{
    struct block_information *information = &device->information;
    unsigned long sector_size = number_at(device->back, "sector-size", BLKFRONT_SECTOR);
    unsigned long sectors = number_at(device->back, "sectors", 0);
    unsigned long bits = number_at(device->back, "info", 0);

    if (sector_size < BLKFRONT_SECTOR || sector_size > MEMORY_PAGE_SIZE ||
        (sector_size & (sector_size - 1)) != 0 || sectors > UINT64_MAX / sector_size) {
        return step_to(device, own, XenbusStateClosing);
    }
    information->sector_size = (uint32_t)sector_size;
    information->nr_sectors = sectors * (sector_size / BLKFRONT_SECTOR);
    information->read_only = (bits & VDISK_READONLY) != 0;
    information->cdrom = (bits & VDISK_CDROM) != 0;
    information->can_flush = number_at(device->back, "feature-flush-cache", 0) == 1;
    information->can_discard = number_at(device->back, "feature-discard", 0) == 1;
    information->depth = device->nr_slots;
    information->most_bytes = device->max_segments * MEMORY_PAGE_SIZE;
    if (!step_to(device, own, XenbusStateConnected)) {
        return false;
    }
    device->connected = true;
    wait_queue_wake_all(&device->changed);
    return true;
}

static bool close_down(struct block_device *device, enum xenbus_state own, enum xenbus_state other)
{
    device->connected = false;
    wait_queue_wake_all(&device->room);
    if (own != XenbusStateClosing) {
        return step_to(device, own, XenbusStateClosing);
    }
    if (device->nr_in_flight > 0 &&
        (other == XenbusStateConnected || other == XenbusStateClosing)) {
        return false; /* the back end answers them; blkfront_event() comes back here */
    }
    blkfront_fail_all(device, -ENODEV);
    return step_to(device, own, XenbusStateClosed);
}

/* ---- steps -------------------------------------------------------------------------------------- */

/* Whether the back end holds nothing of ours any more. */
static bool let_go(enum xenbus_state own, enum xenbus_state other)
{
    bool we_left = own == XenbusStateClosed || own == XenbusStateUnknown;

    return we_left && (other == XenbusStateClosed || other == XenbusStateUnknown ||
                       other == XenbusStateInitialising || other == XenbusStateInitWait);
}

static bool step_once(struct block_device *device)
{
    enum xenbus_state own = state_at(device->front);
    enum xenbus_state other = state_at(device->back);

    if (device->published && let_go(own, other)) {
        release(device);
        wait_queue_wake_all(&device->changed);
    }
    if (device->broken != NULL && own == XenbusStateConnected) {
        return step_to(device, own, XenbusStateClosing);
    }
    switch (xenbus_device_next(XENBUS_DEVICE_FRONT, own, other)) {
    case XENBUS_DEVICE_PUBLISH:
        return publish(device, own);
    case XENBUS_DEVICE_CONNECT:
        return device->published && connect(device, own);
    case XENBUS_DEVICE_CLOSE:
        return close_down(device, own, other);
    case XENBUS_DEVICE_REOPEN:
        return step_to(device, own, XenbusStateInitialising);
    case XENBUS_DEVICE_GONE:
        /* Nobody will answer any more; a page that is still mapped is lost. */
        if (device->published) {
            release(device);
        }
        return false;
    default:
        return false;
    }
}

static void step(struct block_device *device)
{
    mutex_lock(&device->stepping);
    for (int i = 0; i < MOST_STEPS && step_once(device); i++) {
    }
    mutex_unlock(&device->stepping);
    wait_queue_wake_all(&device->changed);
}

static void step_thread(void *device)
{
    step(device);
}

void blkfront_step_soon(struct block_device *device)
{
    (void)thread_create_in(NULL, "blkfront", step_thread, device, 0);
}

static void back_changed(struct xenbus *store, const char *path, void *device)
{
    (void)store;
    (void)path;
    step(device);
}

/* ---- finding disks ------------------------------------------------------------------------------ */

/* The name of a virtual device's number: "xvda1"; "vbd768" for one that is of another family. */
static void name_of(unsigned long number, char *name, size_t size)
{
    unsigned long disk, partition;

    if ((number & XVD_EXTENDED) != 0) {
        disk = (number & ~XVD_EXTENDED) >> 8;
        partition = number & 255;
    } else if (number >> 8 == XVD_MAJOR) {
        disk = (number & 255) >> 4;
        partition = number & 15;
    } else {
        snprintf(name, size, "vbd%lu", number);
        return;
    }
    if (disk < 26) {
        snprintf(name, size, "xvd%c", (char)('a' + disk));
    } else {
        snprintf(name, size, "xvd%c%c", (char)('a' + disk / 26 - 1), (char)('a' + disk % 26));
    }
    if (partition != 0) {
        snprintf(name + strlen(name), size - strlen(name), "%lu", partition);
    }
}

static struct block_device *device_make(const char *name, const char *front)
{
    struct block_device *device = calloc(1, sizeof(*device));
    char path[BLKFRONT_PATH + 16];
    char *back = NULL;

    snprintf(path, sizeof(path), "%s/backend", front);
    if (device == NULL ||
        xenbus_read(xenbus_default(), XENBUS_NO_TRANSACTION, path, &back, NULL) != 0 ||
        strlen(back) >= sizeof(device->back)) {
        free(back);
        free(device);
        return NULL;
    }
    snprintf(device->name, sizeof(device->name), "%s", name);
    snprintf(device->front, sizeof(device->front), "%s", front);
    strcpy(device->back, back);
    free(back);
    device->back_domid = (uint16_t)number_at(front, "backend-id", 0);
    device->next = devices;
    devices = device;
    snprintf(path, sizeof(path), "%s/state", device->back);
    if (xenbus_watch(xenbus_default(), path, back_changed, device, NULL) != 0) {
        devices = device->next;
        free(device);
        return NULL;
    }
    return device;
}

int blkfront_find(const char *name, struct block_device **device)
{
    char **numbers;
    size_t count;

    for (*device = devices; *device != NULL; *device = (*device)->next) {
        if (strcmp((*device)->name, name) == 0) {
            return 0;
        }
    }
    if (xenbus_default() == NULL || xenbus_directory(xenbus_default(), XENBUS_NO_TRANSACTION,
                                                     "device/vbd", &numbers, &count) != 0) {
        return -ENODEV;
    }
    for (size_t i = 0; i < count && *device == NULL; i++) {
        char front[BLKFRONT_PATH], found[24];

        snprintf(front, sizeof(front), "device/vbd/%.20s", numbers[i]);
        name_of(number_at(front, "virtual-device", 0), found, sizeof(found));
        if (strcmp(found, name) == 0) {
            *device = device_make(name, front);
        }
    }
    free(numbers);
    return *device == NULL ? -ENODEV : 0;
}

int block_open(const char *name, struct block_device **device)
{
    uint64_t deadline = time_monotonic_ns() + CONNECT_NS;
    int result = blkfront_find(name, device);

    if (result == 0 && !(*device)->connected) {
        /* It may have been detached since: then there is no directory, and nothing to wait for. */
        if (state_at((*device)->front) == XenbusStateUnknown) {
            return -ENODEV;
        }
        while (!(*device)->connected && wait_queue_wait(&(*device)->changed, deadline)) {
        }
        result = (*device)->connected ? 0 : -ENODEV;
    }
    return result;
}

int block_information(struct block_device *device, struct block_information *information)
{
    *information = device->information;
    return device->connected ? 0 : -ENODEV;
}

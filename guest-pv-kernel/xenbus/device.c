/* SPDX-License-Identifier: MIT */
/*
 * Drivers of split devices: which devices there are, and their handshakes by the table.
 * Owns: the list of devices; each one's directory in the store, together with its driver; the thread
 * that walks through all handshakes. Watches only leave work for it.
 * Invariants DV1-DV3 (pvk/device.h). Locks: none; one thread.
 * Read next: xenbus_device.c, the table; device_nodes.c
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/console.h>
#include <pvk/device.h>
#include <pvk/thread.h>
#include <pvk/xenbus.h>
#include "xenbus_device.h"

/* More steps than any handshake has: an other end that lies cannot keep us here. */
#define MOST_STEPS 10

struct entry {
    struct device device; /* first: a driver's pointer is ours */
    struct entry *next;
    struct xenbus_watch *watch; /* of the other end's state */
    bool published;             /* and not yet released */
    bool failed;                /* a callback failed: not begun again */
    const char *broken;         /* given up; NULL: it was not */
};

/* guest.lds brackets what DEVICE_DRIVER() leaves. */
extern const struct device_driver *const pvk_drivers_start[], *const pvk_drivers_end[];

/* Something to look at: what a path of a driver's directories says, or one device (by address only, for
 * it may have gone). */
struct work {
    struct work *next;
    const struct device_driver *driver; /* NULL: the device */
    const struct entry *entry;
    char path[DEVICE_PATH];
};

static struct entry *entries;
static struct work *first_work, **last_work = &first_work;
static struct wait_queue working;

static bool is_front(const struct entry *entry)
{
    return entry->device.driver->side == DEVICE_FRONT_END;
}

static enum xenbus_device_end end_of(const struct entry *entry)
{
    return is_front(entry) ? XENBUS_DEVICE_FRONT : XENBUS_DEVICE_BACK;
}

static enum xenbus_state state_in(uint32_t transaction, const char *directory)
{
    char path[DEVICE_PATH + 8];
    enum xenbus_state state = XenbusStateUnknown;
    char *text;

    snprintf(path, sizeof(path), "%s/state", directory);
    if (xenbus_read(xenbus_default(), transaction, path, &text, NULL) == 0) {
        state = xenbus_device_parse_state(text);
        free(text);
    }
    return state;
}

static enum xenbus_state state_at(const char *directory)
{
    return state_in(XENBUS_NO_TRANSACTION, directory);
}

/* false: the step is not allowed, or cannot be written. A state that somebody else wrote meanwhile (the
 * toolstack, which wants the device back) is not written over, but looked at. */
static bool step_to(struct entry *entry, enum xenbus_state from, enum xenbus_state to)
{
    struct xenbus *store = xenbus_default();
    char path[DEVICE_PATH + 8];
    uint32_t transaction;
    int error;

    if (!xenbus_device_may_step(end_of(entry), from, to)) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/state", entry->device.path);
    do {
        error = xenbus_transaction_start(store, &transaction);
        if (error == 0 && state_in(transaction, entry->device.path) != from) {
            (void)xenbus_transaction_end(store, transaction, false);
            return true;
        }
        if (error == 0) {
            error = xenbus_printf(store, transaction, path, "%u", (unsigned int)to);
            int ended = xenbus_transaction_end(store, transaction, error == 0);

            error = error != 0 ? error : ended;
        }
    } while (error == -EAGAIN);
    return error == 0;
}

/* ---- what the table asks for -------------------------------------------------------------------- */

static void disconnect(struct entry *entry)
{
    if (entry->device.connected) {
        entry->device.connected = false;
        if (entry->device.driver->disconnect != NULL) {
            entry->device.driver->disconnect(&entry->device);
        }
    }
}

static void release(struct entry *entry)
{
    disconnect(entry);
    if (entry->published) {
        entry->published = false;
        entry->broken = NULL;
        entry->device.driver->release(&entry->device);
    }
}

static void report(struct entry *entry, const char *why)
{
    (void)device_write(&entry->device, "error", "%s", why);
    console_printf("%s: %s; the device is given up\n", entry->device.path, why);
}

/* A callback refused. A front end that offered something waits until the back end has let go. */
static bool fail(struct entry *entry, enum xenbus_state own, int error)
{
    entry->failed = true;
    report(entry, strerror(-error));
    if (!is_front(entry)) {
        release(entry);
    }
    return step_to(entry, own,
                   own == XenbusStateInitialised ? XenbusStateClosing : XenbusStateClosed);
}

static bool publish(struct entry *entry, enum xenbus_state own)
{
    int result;

    if (entry->failed) {
        return false;
    }
    release(entry);
    entry->published = true;
    result = entry->device.driver->publish(&entry->device);
    return result < 0 ? fail(entry, own, result)
                      : step_to(entry, own,
                                is_front(entry) ? XenbusStateInitialised : XenbusStateInitWait);
}

static bool take_up(struct entry *entry, enum xenbus_state own)
{
    int result;

    if (!entry->published) {
        return false; /* not this kernel's handshake */
    }
    result = entry->device.driver->connect(&entry->device);
    if (result < 0) {
        return fail(entry, own, result);
    }
    entry->device.connected = true;
    return step_to(entry, own, XenbusStateConnected);
}

/* This kernel took the place of one whose back end had got that far (dom0 crashed and came back): do all of it
 * again, without a word to the front end. */
static bool resume(struct entry *entry, enum xenbus_state own)
{
    int result;

    entry->published = true;
    result = entry->device.driver->publish(&entry->device);
    if (result == 0 && own == XenbusStateConnected) {
        result = entry->device.driver->connect(&entry->device);
        entry->device.connected = result == 0;
    }
    if (result < 0) {
        entry->failed = true;
        report(entry, strerror(-result));
        return step_to(entry, own, XenbusStateClosing);
    }
    return own != XenbusStateConnected;
}

static bool close_down(struct entry *entry, enum xenbus_state own)
{
    disconnect(entry);
    if (is_front(entry)) {
        return step_to(entry, own,
                       own == XenbusStateClosing ? XenbusStateClosed : XenbusStateClosing);
    }
    if (own == XenbusStateConnected) {
        return step_to(entry, own, XenbusStateClosing);
    }
    release(entry);
    return step_to(entry, own, XenbusStateClosed);
}

/* A front end takes the device up again; a back end if the toolstack wants it to. */
static bool reopen(struct entry *entry, enum xenbus_state own)
{
    char *online;
    bool wanted;

    if (entry->failed) {
        return false;
    }
    if (is_front(entry)) {
        return step_to(entry, own, XenbusStateInitialising);
    }
    online = device_read_own(&entry->device, "online");
    wanted = online != NULL && strcmp(online, "1") == 0;
    free(online);
    return wanted && publish(entry, own);
}

/* The other end's directory is gone. A back end takes its own away, and a front end shows that it is
 * closed, should somebody look. */
static bool other_gone(struct entry *entry, enum xenbus_state own)
{
    bool published = entry->published;

    release(entry);
    if (!is_front(entry)) {
        (void)xenbus_remove(xenbus_default(), XENBUS_NO_TRANSACTION, entry->device.path);
    } else if (published && own != XenbusStateClosed) {
        (void)step_to(entry, own, XenbusStateClosed);
    }
    return false;
}

/* ---- steps -------------------------------------------------------------------------------------- */

/* Whether the back end holds nothing of ours any more. */
static bool let_go(enum xenbus_state own, enum xenbus_state back)
{
    return own == XenbusStateClosed &&
           (back == XenbusStateClosed || back == XenbusStateUnknown ||
            back == XenbusStateInitialising || back == XenbusStateInitWait);
}

static bool step_once(struct entry *entry)
{
    static bool (*const actions[])(struct entry *, enum xenbus_state) = {
        [XENBUS_DEVICE_WAIT] = NULL,       [XENBUS_DEVICE_PUBLISH] = publish,
        [XENBUS_DEVICE_CONNECT] = take_up, [XENBUS_DEVICE_CLOSE] = close_down,
        [XENBUS_DEVICE_REOPEN] = reopen,   [XENBUS_DEVICE_GONE] = other_gone,
    };
    enum xenbus_state own = state_at(entry->device.path);
    enum xenbus_state other = state_at(entry->device.other);
    enum xenbus_device_action action = xenbus_device_next(end_of(entry), own, other);

    if (own == XenbusStateUnknown) {
        release(entry); /* the toolstack took our directory away */
        return false;
    }
    if (is_front(entry) && let_go(own, other)) {
        release(entry);
    }
    if (entry->broken != NULL && own == XenbusStateConnected) {
        report(entry, entry->broken);
        entry->failed = true;
        disconnect(entry);
        return step_to(entry, own, XenbusStateClosing);
    }
    if (!is_front(entry) && !entry->published && !entry->failed && other != XenbusStateUnknown &&
        ((own == XenbusStateConnected && other == XenbusStateConnected) ||
         own == XenbusStateInitWait)) {
        return resume(entry, own);
    }
    return actions[action] != NULL && actions[action](entry, own);
}

static void step(struct entry *entry)
{
    struct entry **link = &entries;

    for (int i = 0; i < MOST_STEPS && step_once(entry); i++) {
    }
    if (state_at(entry->device.path) != XenbusStateUnknown) {
        return;
    }
    while (*link != entry) {
        link = &(*link)->next;
    }
    *link = entry->next;
    xenbus_unwatch(entry->watch);
    free(entry);
}

/* ---- work --------------------------------------------------------------------------------------- */

/* Without memory for it nothing happens until the next change. */
static void add_work(const struct device_driver *driver, const struct entry *entry,
                     const char *path)
{
    struct work *work = calloc(1, sizeof(*work));

    if (work != NULL && strlen(path) < sizeof(work->path)) {
        work->driver = driver;
        work->entry = entry;
        strcpy(work->path, path);
        *last_work = work;
        last_work = &work->next;
        wait_queue_wake_all(&working);
    } else {
        free(work);
    }
}

static void other_changed(struct xenbus *store, const char *path, void *entry)
{
    (void)store;
    (void)path;
    add_work(NULL, entry, "");
}

static void ours_changed(struct xenbus *store, const char *path, void *driver)
{
    (void)store;
    add_work(driver, NULL, path);
}

void device_give_up(struct device *device, const char *why)
{
    struct entry *entry = (struct entry *)device;

    if (entry->broken == NULL && device->connected) {
        entry->broken = why;
        add_work(NULL, entry, "");
    }
}

/* ---- finding devices ---------------------------------------------------------------------------- */

static void root_of(const struct device_driver *driver, char root[DEVICE_PATH])
{
    snprintf(root, DEVICE_PATH, "%s/%.24s", driver->side == DEVICE_FRONT_END ? "device" : "backend",
             driver->type);
}

/* The other end's directory and domain, by what the toolstack wrote into ours. */
static int find_other(struct entry *entry)
{
    struct device *device = &entry->device;
    char *other = device_read_own(device, is_front(entry) ? "backend" : "frontend");
    char *domid = device_read_own(device, is_front(entry) ? "backend-id" : "frontend-id");
    int result = -ENOENT;

    if (other != NULL && domid != NULL && strlen(other) < sizeof(device->other)) {
        strcpy(device->other, other);
        device->other_domid = (uint16_t)strtoul(domid, NULL, 10);
        result = 0;
    }
    free(other);
    free(domid);
    return result;
}

static struct entry *begin(const struct device_driver *driver, const char *path, unsigned int id)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    char watched[DEVICE_PATH + 8];

    if (entry == NULL) {
        return NULL;
    }
    entry->device.driver = driver;
    entry->device.id = id;
    strcpy(entry->device.path, path);
    if (state_at(path) == XenbusStateUnknown || find_other(entry) != 0) {
        free(entry);
        return NULL;
    }
    snprintf(watched, sizeof(watched), "%s/state", entry->device.other);
    if (xenbus_watch(xenbus_default(), watched, other_changed, entry, &entry->watch) != 0) {
        free(entry);
        return NULL;
    }
    entry->next = entries;
    entries = entry;
    return entry;
}

static void look(const struct device_driver *driver, const char *path, unsigned int id)
{
    struct entry *entry = entries;

    while (entry != NULL && strcmp(entry->device.path, path) != 0) {
        entry = entry->next;
    }
    if (entry == NULL) {
        entry = begin(driver, path, id);
    }
    if (entry != NULL) {
        step(entry);
    }
}

/* Every device below `path`: of a front end they are there, of a back end one level lower. */
static void look_below(const struct device_driver *driver, const char *path, unsigned int levels)
{
    char **names;
    size_t count;

    if (xenbus_directory(xenbus_default(), XENBUS_NO_TRANSACTION, path, &names, &count) != 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char below[DEVICE_PATH];

        snprintf(below, sizeof(below), "%s/%.12s", path, names[i]);
        if (levels > 1) {
            look_below(driver, below, levels - 1);
        } else {
            look(driver, below, (unsigned int)strtoul(names[i], NULL, 10));
        }
    }
    free(names);
}

/* A directory above several devices changed: some may have gone, others have come. */
static void look_everywhere(const struct device_driver *driver, const char *root)
{
    struct entry *next;

    for (struct entry *entry = entries; entry != NULL; entry = next) {
        next = entry->next;
        if (entry->device.driver == driver) {
            step(entry);
        }
    }
    look_below(driver, root, driver->side == DEVICE_FRONT_END ? 1 : 2);
}

static void look_at_path(const struct device_driver *driver, const char *path)
{
    bool front = driver->side == DEVICE_FRONT_END;
    char root[DEVICE_PATH], directory[DEVICE_PATH];
    unsigned int domid, id;
    int used = 0, found;
    const char *rest;

    root_of(driver, root);
    if (strlen(path) <= strlen(root)) {
        look_everywhere(driver, root);
        return;
    }
    rest = path + strlen(root);
    if (front) {
        found = sscanf(rest, "/%u%n", &id, &used) == 1;
    } else {
        found = sscanf(rest, "/%u/%u%n", &domid, &id, &used) == 2;
    }
    if (!found) {
        look_everywhere(driver, root);
    } else if (rest[used] == '\0' || strcmp(rest + used, "/state") == 0 ||
               strcmp(rest + used, "/online") == 0) {
        /* Most of what changes there we write ourselves. */
        snprintf(directory, sizeof(directory), "%.*s", (int)(rest + used - path), path);
        look(driver, directory, id);
    }
}

static void do_work(void *unused)
{
    (void)unused;
    for (;;) {
        struct work *work = first_work;
        struct entry *entry = entries;

        if (work == NULL) {
            wait_queue_wait_always(&working);
            continue;
        }
        first_work = work->next;
        last_work = first_work == NULL ? &first_work : last_work;
        while (entry != NULL && entry != work->entry) {
            entry = entry->next;
        }
        if (work->driver != NULL) {
            look_at_path(work->driver, work->path);
        } else if (entry != NULL) {
            step(entry);
        }
        free(work);
    }
}

int device_start(void)
{
    static bool started;
    int count = 0;

    for (const struct device_driver *const *driver = pvk_drivers_start; driver < pvk_drivers_end;
         driver++, count++) {
        struct xenbus_watch *watch;
        char root[DEVICE_PATH];

        if (xenbus_default() == NULL) {
            return -ENODEV;
        }
        root_of(*driver, root);
        if (!started && count == 0 && thread_create("devices", do_work, NULL, 0) == NULL) {
            return -ENOMEM;
        }
        if (!started) {
            (void)xenbus_watch(xenbus_default(), root, ours_changed, (void *)(uintptr_t)*driver,
                               &watch);
        }
    }
    started = true;
    return count;
}

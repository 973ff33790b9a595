/* SPDX-License-Identifier: MIT */
/* Waiting for nodes of the store, as step 1 explains it. */
#ifndef TUTORIAL_STORE_H
#define TUTORIAL_STORE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/thread.h>
#include <pvk/xenbus.h>

#define PATH_SIZE 96

static void store_changed(struct xenbus *store, const char *path, void *changes)
{
    (void)store;
    (void)path;
    semaphore_up((struct semaphore *)changes);
}

/* The text of directory/key, once it is there. A watch fires once when it is set, so that nothing is
 * missed between the look and the wait. */
static inline char *wait_for(const char *directory, const char *key)
{
    struct xenbus *store = xenbus_default();
    struct semaphore changes = {0, {NULL}};
    struct xenbus_watch *watch;
    char path[PATH_SIZE], *text;

    snprintf(path, sizeof(path), "%s/%s", directory, key);
    xenbus_watch(store, path, store_changed, &changes, &watch);
    while (xenbus_read(store, XENBUS_NO_TRANSACTION, path, &text, NULL) != 0) {
        semaphore_down(&changes, THREAD_FOREVER);
    }
    xenbus_unwatch(watch);
    return text;
}

static inline unsigned long wait_for_number(const char *directory, const char *key)
{
    char *text = wait_for(directory, key);
    unsigned long number = strtoul(text, NULL, 10);

    free(text);
    return number;
}

/* Appends the name of the first entry below `path`, once there is one. */
static inline void wait_for_entry(char path[PATH_SIZE])
{
    struct xenbus *store = xenbus_default();
    struct semaphore changes = {0, {NULL}};
    struct xenbus_watch *watch;
    char **names;
    size_t count;

    xenbus_watch(store, path, store_changed, &changes, &watch);
    while (xenbus_directory(store, XENBUS_NO_TRANSACTION, path, &names, &count) != 0 ||
           count == 0) {
        semaphore_down(&changes, THREAD_FOREVER);
    }
    xenbus_unwatch(watch);
    snprintf(path + strlen(path), PATH_SIZE - strlen(path), "/%s", names[0]);
    free(names);
}

static inline void store_write(const char *directory, const char *key, const char *text)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", directory, key);
    xenbus_write(xenbus_default(), XENBUS_NO_TRANSACTION, path, text, strlen(text));
}

static inline void store_write_number(const char *directory, const char *key, unsigned long number)
{
    char text[24];

    snprintf(text, sizeof(text), "%lu", number);
    store_write(directory, key, text);
}

/* For ever: a domain's directories go when it ends, and with them what the other end has yet to read. */
static inline void stay(void)
{
    thread_sleep_until(THREAD_FOREVER);
}

/* The two directories of a device, and the domain of its other end. */
struct ends {
    char own[PATH_SIZE], other[PATH_SIZE];
    uint16_t other_domid;
};

static inline void take_other(struct ends *ends, const char *key, const char *domid_key)
{
    char *other = wait_for(ends->own, key);

    snprintf(ends->other, sizeof(ends->other), "%s", other);
    free(other);
    ends->other_domid = (uint16_t)wait_for_number(ends->own, domid_key);
}

static inline void find_back_end(struct ends *ends)
{
    snprintf(ends->own, sizeof(ends->own), "device/hello/0");
    take_other(ends, "backend", "backend-id");
}

/* A back end's domain gets devices while it runs: backend/hello/DOMID/ID. */
static inline void find_front_end(struct ends *ends)
{
    snprintf(ends->own, sizeof(ends->own), "backend/hello");
    wait_for_entry(ends->own);
    wait_for_entry(ends->own);
    take_other(ends, "frontend", "frontend-id");
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The kernel's threads and store, under names that Mini-OS's do not clash with. Owns: nothing.
 * Read next: sched.c, xenbus.c
 */
#include "port.h"

#include <errno.h>
#include <stdlib.h>
#include <pvk/thread.h>
#include <pvk/xenbus.h>

struct mini_os_sleeper {
    struct wait_queue queue;
};

struct port_watch {
    struct xenbus_watch *watch;
    void (*changed)(const char *path, void *data);
    void *data;
};

const void *port_current(void)
{
    return thread_current();
}

int port_thread(const char *name, void (*entry)(void *argument), void *argument)
{
    return thread_create(name, entry, argument, 2 * THREAD_DEFAULT_STACK) == NULL ? -ENOMEM : 0;
}

void port_thread_exit(void)
{
    thread_exit();
}

void port_yield(void)
{
    thread_yield();
}

struct mini_os_sleeper *port_sleeper_new(void)
{
    return calloc(1, sizeof(struct mini_os_sleeper));
}

void port_sleep(struct mini_os_sleeper *sleeper, uint64_t deadline_ns)
{
    (void)wait_queue_wait(&sleeper->queue, deadline_ns);
}

void port_wake(struct mini_os_sleeper *sleeper)
{
    wait_queue_wake_all(&sleeper->queue);
}

/* ---- the store ---------------------------------------------------------------------------------- */

int port_store_read(uint32_t transaction, const char *path, char **value)
{
    return xenbus_default() == NULL ? -EIO
                                    : xenbus_read(xenbus_default(), transaction, path, value, NULL);
}

int port_store_write(uint32_t transaction, const char *path, const char *value)
{
    return xenbus_default() == NULL
               ? -EIO
               : xenbus_printf(xenbus_default(), transaction, path, "%s", value);
}

int port_store_remove(uint32_t transaction, const char *path)
{
    return xenbus_default() == NULL ? -EIO : xenbus_remove(xenbus_default(), transaction, path);
}

int port_store_list(uint32_t transaction, const char *path, char ***names, size_t *count)
{
    return xenbus_default() == NULL
               ? -EIO
               : xenbus_directory(xenbus_default(), transaction, path, names, count);
}

int port_store_set_permission(uint32_t transaction, const char *path, const char *permission)
{
    return xenbus_default() == NULL
               ? -EIO
               : xenbus_set_permissions(xenbus_default(), transaction, path, &permission, 1);
}

int port_store_begin(uint32_t *transaction)
{
    return xenbus_default() == NULL ? -EIO
                                    : xenbus_transaction_start(xenbus_default(), transaction);
}

int port_store_end(uint32_t transaction, bool commit)
{
    return xenbus_transaction_end(xenbus_default(), transaction, commit);
}

int port_store_request(uint32_t type, uint32_t transaction, const void *payload, size_t length,
                       char **reply, size_t *reply_length)
{
    return xenbus_default() == NULL ? -EIO
                                    : xenbus_request(xenbus_default(), type, transaction, payload,
                                                     length, reply, reply_length);
}

static void watch_fired(struct xenbus *store, const char *path, void *data)
{
    const struct port_watch *watch = data;

    (void)store;
    watch->changed(path, watch->data);
}

int port_store_watch(const char *path, void (*changed)(const char *path, void *data), void *data,
                     struct port_watch **result)
{
    struct port_watch *watch = calloc(1, sizeof(*watch));
    int error = -ENOMEM;

    if (watch != NULL) {
        watch->changed = changed;
        watch->data = data;
        error = xenbus_default() == NULL
                    ? -EIO
                    : xenbus_watch(xenbus_default(), path, watch_fired, watch, &watch->watch);
    }
    if (error != 0) {
        free(watch);
        return error;
    }
    *result = watch;
    return 0;
}

void port_store_unwatch(struct port_watch *watch)
{
    xenbus_unwatch(watch->watch);
    free(watch);
}

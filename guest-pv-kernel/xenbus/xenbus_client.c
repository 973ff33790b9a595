/* SPDX-License-Identifier: MIT */
/*
 * The xenstore client: any number of threads ask at once, one thread reads and hands the replies
 * out by request id, another calls the watch handlers (so that a handler may ask the store itself).
 * Owns: requests in flight, watches, their queued events.
 * Invariant XB1: a message is written whole, under `writing`, even by a cancelled process: half a
 * message would break the stream for all. Read next: wire.c, xenbus_operations.c
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/file.h>
#include <pvk/xenbus.h>
#include "../core/thread_layout.h"
#include "xenbus_client.h"
#include "ring.h"
#include "wire.h"

struct request {
    struct request *next;
    uint32_t id;
    bool answered;
    int error;
    char *reply;
    size_t reply_length;
    struct wait_queue done;
};

struct watch_event {
    struct watch_event *next;
    unsigned long token;
    char path[];
};

struct xenbus {
    struct file *transport;
    struct mutex writing;
    uint32_t next_id;
    struct request *requests;
    struct xenbus_watch *watches;
    unsigned long next_token;
    struct watch_event *events, **events_tail;
    struct wait_queue events_waiter;
    bool watcher_runs;
    bool failed; /* the transport ended */
};

struct xenbus_watch {
    struct xenbus_watch *next;
    struct xenbus *store;
    unsigned long token;
    xenbus_watch_handler_t handler;
    void *data;
    char path[];
};

static struct xenbus *default_store;

/* A watch event: path, token, both NUL-terminated. */
static void queue_event(struct xenbus *store, const char *payload, size_t length)
{
    const char *end = memchr(payload, '\0', length);
    struct watch_event *event;

    if (end == NULL || payload[length - 1] != '\0' || end == payload + length - 1) {
        return;
    }
    event = malloc(sizeof(*event) + (size_t)(end - payload) + 1);
    if (event == NULL) {
        return;
    }
    event->next = NULL;
    event->token = strtoul(end + 1, NULL, 16);
    strcpy(event->path, payload);
    *store->events_tail = event;
    store->events_tail = &event->next;
    wait_queue_wake_all(&store->events_waiter);
}

static void answer(struct xenbus *store, const struct xsd_sockmsg *header, char *payload)
{
    for (struct request **link = &store->requests; *link != NULL; link = &(*link)->next) {
        struct request *request = *link;

        if (request->id != header->req_id) {
            continue;
        }
        *link = request->next;
        request->answered = true;
        if (header->type == XS_ERROR) {
            request->error = wire_error(payload, header->len);
            free(payload);
        } else {
            request->reply = payload;
            request->reply_length = header->len;
        }
        wait_queue_wake_all(&request->done);
        return;
    }
    free(payload);
}

/* One message; false: the stream ended or makes no sense. */
static bool read_message(struct xenbus *store)
{
    struct xsd_sockmsg header;
    char *payload;

    if (file_read_all(store->transport, &header, sizeof(header)) != sizeof(header) ||
        header.len > XENSTORE_PAYLOAD_MAX) {
        return false;
    }
    payload = malloc(header.len + 1);
    if (payload == NULL) {
        return false;
    }
    if (file_read_all(store->transport, payload, header.len) != (ssize_t)header.len) {
        free(payload);
        return false;
    }
    payload[header.len] = '\0';
    if (header.type == XS_WATCH_EVENT) {
        queue_event(store, payload, header.len);
        free(payload);
    } else {
        answer(store, &header, payload);
    }
    return true;
}

static void read_messages(void *argument)
{
    struct xenbus *store = argument;

    while (read_message(store)) {
    }
    store->failed = true;
    while (store->requests != NULL) {
        struct request *request = store->requests;

        store->requests = request->next;
        request->answered = true;
        request->error = -EIO;
        wait_queue_wake_all(&request->done);
    }
}

static void call_handlers(void *argument)
{
    struct xenbus *store = argument;

    for (;;) {
        struct watch_event *event = store->events;
        struct xenbus_watch *watch = store->watches;

        if (event == NULL) {
            wait_queue_wait_always(&store->events_waiter);
            continue;
        }
        store->events = event->next;
        if (store->events == NULL) {
            store->events_tail = &store->events;
        }
        while (watch != NULL && watch->token != event->token) {
            watch = watch->next;
        }
        if (watch != NULL) {
            watch->handler(store, event->path, watch->data);
        }
        free(event);
    }
}

struct xenbus *xenbus_open(struct file *transport)
{
    struct xenbus *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        return NULL;
    }
    store->transport = transport;
    store->events_tail = &store->events;
    if (thread_create_in(NULL, "store", read_messages, store, 8192) == NULL) {
        free(store);
        return NULL;
    }
    return store;
}

void xenbus_set_default(struct xenbus *store)
{
    default_store = store;
}

struct xenbus *xenbus_default(void)
{
    struct file *ring = default_store == NULL ? ring_open() : NULL;

    if (ring != NULL) {
        default_store = xenbus_open(ring);
    }
    return default_store;
}

static int send_message(struct xenbus *store, const struct xsd_sockmsg *header, const void *payload)
{
    struct thread *thread = thread_current();
    bool ignored = thread->ignores_cancel;
    ssize_t sent;

    mutex_lock(&store->writing);
    thread->ignores_cancel = true; /* XB1 */
    sent = file_write_all(store->transport, header, sizeof(*header));
    if (sent > 0 && header->len > 0) {
        sent = file_write_all(store->transport, payload, header->len);
    }
    thread->ignores_cancel = ignored;
    mutex_unlock(&store->writing);
    return sent < 0 ? -EIO : 0;
}

static void forget_request(struct xenbus *store, struct request *request)
{
    for (struct request **link = &store->requests; *link != NULL; link = &(*link)->next) {
        if (*link == request) {
            *link = request->next;
            break;
        }
    }
}

/* Sends it and waits for its answer. */
static int ask(struct xenbus *store, struct request *request, struct xsd_sockmsg *header,
               const void *payload)
{
    if (store->failed) {
        return -EIO;
    }
    request->id = header->req_id = store->next_id++;
    request->next = store->requests;
    store->requests = request;
    if (send_message(store, header, payload) != 0) {
        store->failed = true;
    }
    while (!request->answered && !store->failed) {
        wait_queue_wait_always(&request->done);
    }
    if (!request->answered) {
        forget_request(store, request);
        return -EIO;
    }
    return request->error;
}

int xenbus_request(struct xenbus *store, uint32_t type, uint32_t transaction, const void *payload,
                   size_t length, char **reply, size_t *reply_length)
{
    struct xsd_sockmsg header = {.type = type, .tx_id = transaction, .len = (uint32_t)length};
    struct request *request;
    int error;

    if (length > XENSTORE_PAYLOAD_MAX) {
        return -E2BIG;
    }
    request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return -ENOMEM;
    }
    error = ask(store, request, &header, payload);
    if (error == 0 && reply != NULL) {
        *reply = request->reply;
        *reply_length = request->reply_length;
    } else {
        free(request->reply);
    }
    free(request);
    return error;
}

/* WATCH and UNWATCH: path, token. */
static int watch_request(const struct xenbus_watch *watch, uint32_t type)
{
    struct wire_payload *payload = malloc(sizeof(*payload));
    char token[20];
    int error = -ENOMEM;

    if (payload != NULL) {
        payload->length = 0;
        xenbus_client_token(token, watch->token);
        error =
            wire_append_string(payload, watch->path) && wire_append_string(payload, token)
                ? xenbus_request(watch->store, type, 0, payload->bytes, payload->length, NULL, NULL)
                : -E2BIG;
        free(payload);
    }
    return error;
}

static void forget(struct xenbus_watch *watch)
{
    for (struct xenbus_watch **link = &watch->store->watches; *link != NULL;
         link = &(*link)->next) {
        if (*link == watch) {
            *link = watch->next;
            break;
        }
    }
    free(watch);
}

int xenbus_watch(struct xenbus *store, const char *path, xenbus_watch_handler_t handler, void *data,
                 struct xenbus_watch **result)
{
    struct xenbus_watch *watch = malloc(sizeof(*watch) + strlen(path) + 1);
    int error;

    if (watch == NULL) {
        return -ENOMEM;
    }
    if (!store->watcher_runs) {
        if (thread_create_in(NULL, "watches", call_handlers, store, 16384) == NULL) {
            free(watch);
            return -ENOMEM;
        }
        store->watcher_runs = true;
    }
    *watch = (struct xenbus_watch){store->watches, store, ++store->next_token, handler, data};
    strcpy(watch->path, path);
    store->watches = watch;
    error = watch_request(watch, XS_WATCH);
    if (error != 0) {
        forget(watch);
        return error;
    }
    if (result != NULL) {
        *result = watch;
    }
    return 0;
}

void xenbus_unwatch(struct xenbus_watch *watch)
{
    (void)watch_request(watch, XS_UNWATCH);
    forget(watch);
}

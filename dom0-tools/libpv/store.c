/* SPDX-License-Identifier: MIT */
/*
 * store.c: the xenstore client.
 * Owns: struct store.
 * Invariant ST1 (store.h): `broken` is set at the first short read or write.
 * Read next: store.h.
 */
#include "dom0-tools/libpv/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <public/errno.h>
#include <public/io/xs_wire.h>

#include "dom0-tools/libpv/seam.h"

struct queued_event {
    struct queued_event *next;
    struct store_event event;
};

struct store {
    int descriptor;
    uint32_t next_request;
    bool broken;
    struct queued_event *events; /* oldest first */
};

/* One piece of a request's payload. */
struct piece {
    const void *bytes;
    size_t size;
};

static const struct {
    const char *name;
    int number;
} error_names[] = {
    {"EINVAL", XEN_EINVAL}, {"EACCES", XEN_EACCES},   {"EEXIST", XEN_EEXIST},
    {"EISDIR", XEN_EISDIR}, {"ENOENT", XEN_ENOENT},   {"ENOMEM", XEN_ENOMEM},
    {"ENOSPC", XEN_ENOSPC}, {"EIO", XEN_EIO},         {"ENOTEMPTY", XEN_ENOTEMPTY},
    {"ENOSYS", XEN_ENOSYS}, {"EROFS", XEN_EROFS},     {"EBUSY", XEN_EBUSY},
    {"EAGAIN", XEN_EAGAIN}, {"EISCONN", XEN_EISCONN}, {"E2BIG", XEN_E2BIG},
    {"EPERM", XEN_EPERM},   {"EQUOTA", XEN_ENOSPC},
};

static int errno_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++) {
        if (strcmp(error_names[i].name, name) == 0) {
            return -error_names[i].number;
        }
    }
    return -XEN_EIO;
}

struct store *store_open(int descriptor)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store != NULL) {
        store->descriptor = descriptor;
    }
    return store;
}

struct store *store_connect(void)
{
    int descriptor = seam_store_connect();
    struct store *store;

    if (descriptor < 0) {
        return NULL;
    }
    store = store_open(descriptor);
    if (store == NULL) {
        close(descriptor);
    }
    return store;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    while (store->events != NULL) {
        struct queued_event *event = store->events;

        store->events = event->next;
        store_event_free(&event->event);
        free(event);
    }
    close(store->descriptor);
    free(store);
}

int store_descriptor(const struct store *store)
{
    return store->descriptor;
}

void store_event_free(struct store_event *event)
{
    free(event->path);
    free(event->token);
    event->path = NULL;
    event->token = NULL;
}

static int send_all(struct store *store, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t done = write(store->descriptor, at, size);

        if (done <= 0) {
            store->broken = true;
            return -XEN_EIO;
        }
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

static int receive_all(struct store *store, void *bytes, size_t size)
{
    char *at = bytes;

    while (size > 0) {
        ssize_t done = read(store->descriptor, at, size);

        if (done <= 0) {
            store->broken = true;
            return -XEN_EIO;
        }
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

/* Read one message; *payload is malloc'ed with a NUL behind it. */
static int receive_message(struct store *store, struct xsd_sockmsg *header, char **payload)
{
    int result = receive_all(store, header, sizeof(*header));

    *payload = NULL;
    if (result < 0) {
        return result;
    }
    if (header->len > XENSTORE_PAYLOAD_MAX) {
        store->broken = true;
        return -XEN_EIO;
    }
    *payload = malloc(header->len + 1u);
    if (*payload == NULL) {
        store->broken = true;
        return -XEN_ENOMEM;
    }
    (*payload)[header->len] = '\0';
    result = receive_all(store, *payload, header->len);
    if (result < 0) {
        free(*payload);
        *payload = NULL;
    }
    return result;
}

/* Keep a watch event for store_next_event: "path\0token\0". */
static void event_queue(struct store *store, const char *payload, size_t size)
{
    size_t path_size = strlen(payload) + 1;
    struct queued_event *queued = calloc(1, sizeof(*queued));
    struct queued_event **end = &store->events;

    if (queued == NULL) {
        return;
    }
    queued->event.path = strdup(payload);
    queued->event.token = strdup(path_size < size ? payload + path_size : "");
    if (queued->event.path == NULL || queued->event.token == NULL) {
        store_event_free(&queued->event);
        free(queued);
        return;
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = queued;
}

static int await_reply(struct store *store, uint32_t type, uint32_t request, char **reply,
                       size_t *reply_size)
{
    for (;;) {
        struct xsd_sockmsg header;
        char *payload;
        int result = receive_message(store, &header, &payload);

        if (result < 0) {
            return result;
        }
        if (header.type == XS_WATCH_EVENT) {
            event_queue(store, payload, header.len);
            free(payload);
            continue;
        }
        if (header.req_id != request || (header.type != type && header.type != XS_ERROR)) {
            store->broken = true;
            free(payload);
            return -XEN_EIO;
        }
        if (header.type == XS_ERROR) {
            result = errno_of_name(payload);
            free(payload);
            return result;
        }
        *reply = payload;
        *reply_size = header.len;
        return 0;
    }
}

/* Send a request of several pieces and wait for its reply (malloc'ed). */
static int request(struct store *store, uint32_t type, uint32_t transaction,
                   const struct piece *pieces, size_t nr_pieces, char **reply, size_t *reply_size)
{
    struct xsd_sockmsg header = {type, ++store->next_request, transaction, 0};
    size_t total = 0;
    int result;

    *reply = NULL;
    *reply_size = 0;
    if (store->broken) {
        return -XEN_EIO;
    }
    for (size_t i = 0; i < nr_pieces; i++) {
        total += pieces[i].size;
    }
    if (total > XENSTORE_PAYLOAD_MAX) {
        return -XEN_E2BIG;
    }
    header.len = (uint32_t)total;
    result = send_all(store, &header, sizeof(header));
    for (size_t i = 0; result == 0 && i < nr_pieces; i++) {
        result = send_all(store, pieces[i].bytes, pieces[i].size);
    }
    return result < 0 ? result : await_reply(store, type, header.req_id, reply, reply_size);
}

/* A request whose reply says nothing. */
static int request_simple(struct store *store, uint32_t type, uint32_t transaction,
                          const struct piece *pieces, size_t nr_pieces)
{
    char *reply;
    size_t size;
    int result = request(store, type, transaction, pieces, nr_pieces, &reply, &size);

    free(reply);
    return result;
}

static struct piece text_piece(const char *text)
{
    return (struct piece){text, strlen(text) + 1};
}

int store_read(struct store *store, uint32_t transaction, const char *path, char **value,
               size_t *length)
{
    struct piece piece = text_piece(path);
    size_t size;
    int result = request(store, XS_READ, transaction, &piece, 1, value, &size);

    if (length != NULL) {
        *length = size;
    }
    return result;
}

int store_write(struct store *store, uint32_t transaction, const char *path, const char *value)
{
    struct piece pieces[2] = {text_piece(path), {value, strlen(value)}};

    return request_simple(store, XS_WRITE, transaction, pieces, 2);
}

int store_write_at(struct store *store, uint32_t transaction, const char *value, const char *format,
                   ...)
{
    char path[STORE_PATH_MAX];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        return -XEN_E2BIG;
    }
    return store_write(store, transaction, path, value);
}

char *store_read_at(struct store *store, uint32_t transaction, const char *format, ...)
{
    char path[STORE_PATH_MAX];
    va_list arguments;
    char *value;
    int length;

    va_start(arguments, format);
    length = vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(path) ||
        store_read(store, transaction, path, &value, NULL) < 0) {
        return NULL;
    }
    return value;
}

int store_make_directory(struct store *store, uint32_t transaction, const char *path)
{
    struct piece piece = text_piece(path);

    return request_simple(store, XS_MKDIR, transaction, &piece, 1);
}

int store_remove(struct store *store, uint32_t transaction, const char *path)
{
    struct piece piece = text_piece(path);

    return request_simple(store, XS_RM, transaction, &piece, 1);
}

/* A request for a node whose answer is texts, each with its NUL. */
static int request_list(struct store *store, uint32_t type, uint32_t transaction, const char *path,
                        char ***names, size_t *count)
{
    struct piece piece = text_piece(path);
    char *reply, *text;
    size_t size, found = 0;
    int result = request(store, type, transaction, &piece, 1, &reply, &size);

    *names = NULL;
    *count = 0;
    if (result < 0) {
        return result;
    }
    for (size_t i = 0; i < size; i++) {
        found += reply[i] == '\0';
    }
    found += size > 0 && reply[size - 1] != '\0';
    *names = malloc((found + 1) * sizeof(char *) + size + 1);
    if (*names == NULL) {
        free(reply);
        return -XEN_ENOMEM;
    }
    text = (char *)(*names + found + 1);
    memcpy(text, reply, size + 1);
    free(reply);
    for (size_t i = 0; i < found; i++) {
        (*names)[i] = text;
        text += strlen(text) + 1;
    }
    (*names)[found] = NULL;
    *count = found;
    return 0;
}

int store_directory(struct store *store, uint32_t transaction, const char *path, char ***names,
                    size_t *count)
{
    return request_list(store, XS_DIRECTORY, transaction, path, names, count);
}

int store_permissions(struct store *store, uint32_t transaction, const char *path,
                      char ***permissions, size_t *count)
{
    return request_list(store, XS_GET_PERMS, transaction, path, permissions, count);
}

int store_set_permissions(struct store *store, uint32_t transaction, const char *path,
                          const char *const *permissions, size_t count)
{
    struct piece pieces[8];

    if (count > sizeof(pieces) / sizeof(pieces[0]) - 1) {
        return -XEN_E2BIG;
    }
    pieces[0] = text_piece(path);
    for (size_t i = 0; i < count; i++) {
        pieces[i + 1] = text_piece(permissions[i]);
    }
    return request_simple(store, XS_SET_PERMS, transaction, pieces, count + 1);
}

int64_t store_age_ms(struct store *store, const char *path)
{
    struct piece pieces[2] = {text_piece("age"), text_piece(path)};
    char *reply;
    int64_t age;
    size_t size;
    int result = request(store, XS_CONTROL, STORE_NO_TRANSACTION, pieces, 2, &reply, &size);

    if (result < 0) {
        return result;
    }
    age = strtoll(reply, NULL, 10);
    free(reply);
    return age;
}

int store_transaction_start(struct store *store, uint32_t *transaction)
{
    struct piece piece = text_piece("");
    char *reply;
    size_t size;
    int result = request(store, XS_TRANSACTION_START, 0, &piece, 1, &reply, &size);

    *transaction = result == 0 ? (uint32_t)strtoul(reply, NULL, 10) : STORE_NO_TRANSACTION;
    free(reply);
    return result;
}

int store_transaction_end(struct store *store, uint32_t transaction, bool commit)
{
    struct piece piece = text_piece(commit ? "T" : "F");

    return request_simple(store, XS_TRANSACTION_END, transaction, &piece, 1);
}

int store_watch(struct store *store, const char *path, const char *token)
{
    struct piece pieces[2] = {text_piece(path), text_piece(token)};

    return request_simple(store, XS_WATCH, 0, pieces, 2);
}

int store_unwatch(struct store *store, const char *path, const char *token)
{
    struct piece pieces[2] = {text_piece(path), text_piece(token)};

    return request_simple(store, XS_UNWATCH, 0, pieces, 2);
}

bool store_has_event(const struct store *store)
{
    return store->events != NULL;
}

int store_next_event(struct store *store, bool wait, struct store_event *event)
{
    struct queued_event *queued;

    while (store->events == NULL) {
        struct seam_wait ready = {store->descriptor, SEAM_READ, 0};
        struct xsd_sockmsg header;
        char *payload;

        if (store->broken) {
            return -XEN_EIO;
        }
        if (!wait && seam_wait_any(&ready, 1, 0) <= 0) {
            return 0;
        }
        if (receive_message(store, &header, &payload) < 0) {
            return -XEN_EIO;
        }
        if (header.type == XS_WATCH_EVENT) {
            event_queue(store, payload, header.len);
        }
        free(payload);
    }
    queued = store->events;
    store->events = queued->next;
    *event = queued->event;
    free(queued);
    return 1;
}

int store_introduce(struct store *store, uint16_t domid, uint64_t mfn, uint32_t port)
{
    char domain_text[8], frame_text[24], port_text[12];
    struct piece pieces[3];

    snprintf(domain_text, sizeof(domain_text), "%u", (unsigned int)domid);
    snprintf(frame_text, sizeof(frame_text), "%llu", (unsigned long long)mfn);
    snprintf(port_text, sizeof(port_text), "%u", (unsigned int)port);
    pieces[0] = text_piece(domain_text);
    pieces[1] = text_piece(frame_text);
    pieces[2] = text_piece(port_text);
    return request_simple(store, XS_INTRODUCE, 0, pieces, 3);
}

int store_release(struct store *store, uint16_t domid)
{
    char text[8];
    struct piece piece;

    snprintf(text, sizeof(text), "%u", (unsigned int)domid);
    piece = text_piece(text);
    return request_simple(store, XS_RELEASE, 0, &piece, 1);
}

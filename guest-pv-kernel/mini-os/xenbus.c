/* SPDX-License-Identifier: MIT */
/*
 * The store by Mini-OS's names: errors are texts, watches end in queues.
 * Owns: the watches, their events until somebody takes them. Read next: port.h
 */
#include <mini-os/xenbus.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/start.h>

#include "port.h"

#define PATH_BYTES  512
#define VALUE_BYTES 512

struct watch {
    struct watch *next;
    char *path, *token;
    xenbus_event_queue *events;
    struct port_watch *port;
};

xenbus_event_queue xenbus_events;
DECLARE_WAIT_QUEUE_HEAD(xenbus_watch_queue);

static struct watch *watches;

/* The daemon's word for an errno, malloc'ed; NULL for none. */
static char *error_text(int error)
{
    static const struct {
        int error;
        const char *word;
    } words[] = {
        {ENOENT, "ENOENT"}, {EACCES, "EACCES"}, {EAGAIN, "EAGAIN"}, {EINVAL, "EINVAL"},
        {EEXIST, "EEXIST"}, {ENOSPC, "ENOSPC"}, {ENOMEM, "ENOMEM"}, {E2BIG, "E2BIG"},
        {EBUSY, "EBUSY"},   {EROFS, "EROFS"},   {EISDIR, "EISDIR"}, {ENOSYS, "ENOSYS"},
    };

    if (error >= 0) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].error == -error) {
            return strdup(words[i].word);
        }
    }
    return strdup("EIO");
}

/* ---- nodes -------------------------------------------------------------------------------------- */

char *xenbus_read(xenbus_transaction_t transaction, const char *path, char **value)
{
    int error = port_store_read((uint32_t)transaction, path, value);

    if (error < 0) {
        *value = NULL;
    }
    return error_text(error);
}

char *xenbus_write(xenbus_transaction_t transaction, const char *path, const char *value)
{
    return error_text(port_store_write((uint32_t)transaction, path, value));
}

char *xenbus_printf(xenbus_transaction_t transaction, const char *directory, const char *node,
                    const char *format, ...)
{
    char path[PATH_BYTES], value[VALUE_BYTES];
    va_list arguments;

    snprintf(path, sizeof(path), "%s/%s", directory, node);
    va_start(arguments, format);
    vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    return xenbus_write(transaction, path, value);
}

char *xenbus_rm(xenbus_transaction_t transaction, const char *path)
{
    return error_text(port_store_remove((uint32_t)transaction, path));
}

char *xenbus_ls(xenbus_transaction_t transaction, const char *path, char ***contents)
{
    char **names;
    size_t count;
    int error = port_store_list((uint32_t)transaction, path, &names, &count);

    *contents = NULL;
    if (error < 0) {
        return error_text(error);
    }
    *contents = calloc(count + 1, sizeof(**contents));
    for (size_t i = 0; *contents != NULL && i < count; i++) {
        (*contents)[i] = strdup(names[i]);
    }
    free(names);
    return *contents == NULL ? error_text(-ENOMEM) : NULL;
}

char *xenbus_get_perms(xenbus_transaction_t transaction, const char *path, char **value)
{
    size_t length;
    int error = port_store_request(XS_GET_PERMS, (uint32_t)transaction, path, strlen(path) + 1,
                                   value, &length);

    if (error < 0) {
        *value = NULL;
    }
    return error_text(error);
}

char *xenbus_set_perms(xenbus_transaction_t transaction, const char *path, domid_t domid,
                       char right)
{
    char permission[8];

    snprintf(permission, sizeof(permission), "%c%u", right, (unsigned int)domid);
    return error_text(port_store_set_permission((uint32_t)transaction, path, permission));
}

int xenbus_read_integer(const char *path)
{
    char *text, *end;
    long number;

    if (port_store_read(0, path, &text) < 0) {
        return -1;
    }
    number = strtol(text, &end, 10);
    number = end == text || *end != '\0' || number < 0 || number > INT32_MAX ? -1 : number;
    free(text);
    return (int)number;
}

int xenbus_read_uuid(const char *path, unsigned char uuid[16])
{
    char *text;
    size_t nibbles = 0;

    if (port_store_read(0, path, &text) < 0) {
        return 0;
    }
    memset(uuid, 0, 16);
    for (const char *at = text; *at != '\0' && nibbles < 32; at++) {
        char digit[2] = {*at, '\0'}, *end;
        unsigned long value = strtoul(digit, &end, 16);

        if (*end == '\0') {
            uuid[nibbles / 2] = (unsigned char)((unsigned long)uuid[nibbles / 2] << 4 | value);
            nibbles++;
        } else if (*at != '-') {
            break;
        }
    }
    free(text);
    return nibbles == 32;
}

domid_t xenbus_get_self_id(void)
{
    return start_domid();
}

char *xenbus_transaction_start(xenbus_transaction_t *transaction)
{
    uint32_t number = 0;
    int error = port_store_begin(&number);

    *transaction = number;
    return error_text(error);
}

char *xenbus_transaction_end(xenbus_transaction_t transaction, int abort, int *retry)
{
    int error = port_store_end((uint32_t)transaction, !abort);

    *retry = error == -EAGAIN;
    return error == -EAGAIN ? NULL : error_text(error);
}

/* ---- watches ------------------------------------------------------------------------------------ */

static void changed(const char *path, void *data)
{
    const struct watch *watch = data;
    size_t path_size = strlen(path) + 1, token_size = strlen(watch->token) + 1;
    struct xenbus_event *event = malloc(sizeof(*event) + path_size + token_size);
    xenbus_event_queue *last = watch->events;

    if (event == NULL) {
        return;
    }
    event->path = memcpy(event + 1, path, path_size);
    event->token = memcpy(event->path + path_size, watch->token, token_size);
    event->next = NULL;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = event;
    wake_up(&xenbus_watch_queue);
}

static void watch_free(struct watch *watch)
{
    free(watch->path);
    free(watch->token);
    free(watch);
}

char *xenbus_watch_path_token(xenbus_transaction_t transaction, const char *path, const char *token,
                              xenbus_event_queue *events)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    int error = -ENOMEM;

    (void)transaction;
    if (watch == NULL) {
        return error_text(error);
    }
    watch->path = strdup(path);
    watch->token = strdup(token);
    watch->events = events != NULL ? events : &xenbus_events;
    if (watch->path != NULL && watch->token != NULL) {
        error = port_store_watch(path, changed, watch, &watch->port);
    }
    if (error < 0) {
        watch_free(watch);
        return error_text(error);
    }
    watch->next = watches;
    watches = watch;
    return NULL;
}

char *xenbus_unwatch_path_token(xenbus_transaction_t transaction, const char *path,
                                const char *token)
{
    (void)transaction;
    for (struct watch **link = &watches; *link != NULL; link = &(*link)->next) {
        struct watch *watch = *link;

        if (strcmp(watch->path, path) == 0 && strcmp(watch->token, token) == 0) {
            *link = watch->next;
            port_store_unwatch(watch->port);
            watch_free(watch);
            return NULL;
        }
    }
    return error_text(-ENOENT);
}

char **xenbus_wait_for_watch_return(xenbus_event_queue *events)
{
    struct xenbus_event *event;

    events = events != NULL ? events : &xenbus_events;
    wait_event(xenbus_watch_queue, *events != NULL);
    event = *events;
    *events = event->next;
    return &event->path;
}

void xenbus_wait_for_watch(xenbus_event_queue *events)
{
    free(xenbus_wait_for_watch_return(events));
}

char *xenbus_wait_for_value(const char *path, const char *value, xenbus_event_queue *events)
{
    for (;;) {
        char *text, *error = xenbus_read(XBT_NIL, path, &text);
        bool equal;

        if (error != NULL) {
            return error;
        }
        equal = strcmp(text, value) == 0;
        free(text);
        if (equal) {
            return NULL;
        }
        xenbus_wait_for_watch(events);
    }
}

char *xenbus_wait_for_state_change(const char *path, XenbusState *state, xenbus_event_queue *events)
{
    for (;;) {
        int number;
        char *text, *error = xenbus_read(XBT_NIL, path, &text);

        if (error != NULL) {
            return error;
        }
        number = atoi(text);
        free(text);
        if ((XenbusState)number != *state) {
            *state = (XenbusState)number;
            return NULL;
        }
        xenbus_wait_for_watch(events);
    }
}

char *xenbus_switch_state(xenbus_transaction_t transaction, const char *path, XenbusState state)
{
    char text[12];

    snprintf(text, sizeof(text), "%d", (int)state);
    return xenbus_write(transaction, path, text);
}

/* ---- on the wire -------------------------------------------------------------------------------- */

struct xsd_sockmsg *xenbus_msg_reply(int type, xenbus_transaction_t transaction,
                                     struct write_req *pieces, int count)
{
    char payload[XENSTORE_PAYLOAD_MAX], *reply = NULL;
    struct xsd_sockmsg *message;
    size_t used = 0, length = 0;
    int error = 0;

    for (int i = 0; i < count && error == 0; i++) {
        if (pieces[i].len > sizeof(payload) - used) {
            error = -E2BIG;
        } else {
            memcpy(payload + used, pieces[i].data, pieces[i].len);
            used += pieces[i].len;
        }
    }
    if (error == 0) {
        error = port_store_request((uint32_t)type, (uint32_t)transaction, payload, used, &reply,
                                   &length);
    }
    if (error < 0) {
        reply = error_text(error);
        length = reply != NULL ? strlen(reply) + 1 : 0;
    }
    message = calloc(1, sizeof(*message) + length + 1);
    if (message != NULL) {
        message->type = error < 0 ? XS_ERROR : (uint32_t)type;
        message->tx_id = (uint32_t)transaction;
        message->len = (uint32_t)length;
        if (length > 0) {
            memcpy(message + 1, reply, length);
        }
    }
    free(reply);
    return message;
}

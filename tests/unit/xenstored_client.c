/* SPDX-License-Identifier: MIT */
#include "xenstored_client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int introduce(void *data, uint16_t domid, uint64_t mfn, uint32_t port)
{
    (void)data;
    (void)domid;
    (void)port;
    return mfn == 0 ? -EINVAL : 0;
}

static int release(void *data, uint16_t domid)
{
    (void)data;
    return domid == 99 ? -ENOENT : 0;
}

static bool is_introduced(void *data, uint16_t domid)
{
    (void)data;
    return domid == 7;
}

struct store *client_store(void)
{
    static const struct store_hooks hooks = {introduce, release, is_introduced, NULL};
    return store_create(&hooks);
}

void client_send(struct store_connection *connection, uint32_t type, uint32_t transaction,
                 const void *payload, size_t length)
{
    struct xsd_sockmsg header = {type, 42, transaction, (uint32_t)length};
    connection_receive(connection, &header, sizeof(header));
    connection_receive(connection, payload, length);
}

bool client_take(struct store_connection *connection, struct client_message *message)
{
    if (connection_pending(connection, &message->header, sizeof(message->header)) == 0) {
        return false;
    }
    connection_sent(connection, sizeof(message->header));
    connection_pending(connection, message->payload, message->header.len);
    connection_sent(connection, message->header.len);
    message->payload[message->header.len] = '\0';
    return true;
}

static const char *answer(struct store_connection *connection)
{
    static struct client_message message;
    static char error[32];
    if (!client_take(connection, &message)) {
        return "nothing";
    }
    if (message.header.type == XS_ERROR) {
        snprintf(error, sizeof(error), "E:%.20s", message.payload);
        return error;
    }
    return message.payload;
}

const char *client_ask(struct store_connection *connection, uint32_t type, uint32_t transaction,
                       int nr_strings, ...)
{
    char payload[XENSTORE_PAYLOAD_MAX];
    size_t length = 0;
    va_list strings;
    va_start(strings, nr_strings);
    for (int i = 0; i < nr_strings; i++) {
        const char *text = va_arg(strings, const char *);
        memcpy(payload + length, text, strlen(text) + 1);
        length += strlen(text) + 1;
    }
    va_end(strings);
    client_send(connection, type, transaction, payload, length);
    return answer(connection);
}

const char *client_write(struct store_connection *connection, uint32_t transaction,
                         const char *path, const char *value)
{
    char payload[XENSTORE_PAYLOAD_MAX];
    size_t path_size = strlen(path) + 1;
    memcpy(payload, path, path_size);
    memcpy(payload + path_size, value, strlen(value));
    client_send(connection, XS_WRITE, transaction, payload, path_size + strlen(value));
    return answer(connection);
}

const char *client_event(struct store_connection *connection)
{
    static struct client_message message;
    static char text[XENSTORE_PAYLOAD_MAX + 2];
    if (!client_take(connection, &message) || message.header.type != XS_WATCH_EVENT) {
        return "";
    }
    snprintf(text, sizeof(text), "%s %s", message.payload,
             message.payload + strlen(message.payload) + 1);
    return text;
}

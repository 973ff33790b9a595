/* SPDX-License-Identifier: MIT */
/*
 * A connection as a stream of bytes in, whole messages out; what carries them is the transport's
 * business. Invariant XS6: what a peer has not read is bounded: its own requests wait, then it is
 * cut off.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"

struct store_connection *connection_create(struct store *store, uint16_t domid)
{
    struct store_connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL) {
        return NULL;
    }
    connection->domain = store_domain_get(store, domid);
    if (connection->domain == NULL) {
        free(connection);
        return NULL;
    }
    connection->store = store;
    connection->domid = domid;
    connection->next_transaction = 1;
    connection->last_output = &connection->output;
    connection->next = store->connections;
    store->connections = connection;
    return connection;
}

void connection_destroy(struct store_connection *connection)
{
    struct store *store = connection->store;
    struct store_connection **place = &store->connections;
    watch_remove_all(connection);
    transaction_abort_all(connection);
    while (connection->output != NULL) {
        struct store_message *message = connection->output;
        connection->output = message->next;
        free(message);
    }
    while (*place != connection) {
        place = &(*place)->next;
    }
    *place = connection->next;
    store_domain_put(store, connection->domain);
    free(connection);
}

int connection_queue(struct store_connection *connection, const struct xsd_sockmsg *header,
                     const void *payload, size_t length)
{
    struct xsd_sockmsg sent = *header;
    struct store_message *message;
    size_t size = sizeof(sent) + length;
    if (length > XENSTORE_PAYLOAD_MAX) {
        return -E2BIG;
    }
    if (connection->domid != 0 && connection->queued + size > QUOTA_QUEUED_BYTES_LIMIT) {
        return -ENOMEM;
    }
    message = malloc(sizeof(*message) + size);
    if (message == NULL) {
        return -ENOMEM;
    }
    sent.len = (uint32_t)length;
    message->next = NULL;
    message->size = size;
    message->sent = 0;
    memcpy(message->bytes, &sent, sizeof(sent));
    memcpy(message->bytes + sizeof(sent), payload, length);
    *connection->last_output = message;
    connection->last_output = &message->next;
    connection->queued += size;
    return 0;
}

int connection_queue_rest(struct store_connection *connection, const void *bytes, size_t count)
{
    struct store_message *message;

    while (connection->output != NULL) {
        message = connection->output;
        connection->output = message->next;
        free(message);
    }
    connection->last_output = &connection->output;
    connection->queued = 0;
    if (count == 0) {
        return 0;
    }
    /* One byte that counts as sent, so that nobody takes the rest for the beginning of a message; and room for the look at a header. */
    message = calloc(1, sizeof(*message) + 1 + count + sizeof(struct xsd_sockmsg));
    if (message == NULL) {
        return -ENOMEM;
    }
    message->size = 1 + count;
    message->sent = 1;
    memcpy(message->bytes + 1, bytes, count);
    *connection->last_output = message;
    connection->last_output = &message->next;
    connection->queued = count;
    return 0;
}

size_t connection_pending(const struct store_connection *connection, void *bytes, size_t count)
{
    size_t copied = 0;
    for (const struct store_message *m = connection->output; m != NULL && copied < count;
         m = m->next) {
        size_t part = m->size - m->sent;
        if (part > count - copied) {
            part = count - copied;
        }
        memcpy((char *)bytes + copied, m->bytes + m->sent, part);
        copied += part;
    }
    return copied;
}

void connection_sent(struct store_connection *connection, size_t count)
{
    connection->queued -= count;
    while (count > 0) {
        struct store_message *message = connection->output;
        size_t part = message->size - message->sent;
        if (count < part) {
            message->sent += count;
            return;
        }
        count -= part;
        connection->output = message->next;
        free(message);
    }
    if (connection->output == NULL) {
        connection->last_output = &connection->output;
    }
}

/* Answers the request at the front of the input when it is whole. */
static bool answer_one(struct store_connection *connection)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    struct xsd_sockmsg header;
    if (connection->input_used < sizeof(header) || connection->failed) {
        return false;
    }
    memcpy(&header, connection->input, sizeof(header));
    if (header.len > XENSTORE_PAYLOAD_MAX) {
        connection->failed = true;
        return false;
    }
    size_t size = sizeof(header) + header.len;
    if (connection->input_used < size) {
        return false;
    }
    memcpy(payload, connection->input + sizeof(header), header.len);
    payload[header.len] = '\0';
    connection->input_used -= size;
    memmove(connection->input, connection->input + size, connection->input_used);
    request_process(connection, &header, payload, header.len);
    journal_commit(connection->store);
    return true;
}

static bool must_wait(const struct store_connection *connection)
{
    return connection->domid != 0 && connection->queued > QUOTA_QUEUED_BYTES;
}

size_t connection_receive(struct store_connection *connection, const void *bytes, size_t count)
{
    size_t taken = 0;
    for (;;) {
        if (must_wait(connection) || connection->failed) {
            return taken;
        }
        if (answer_one(connection)) {
            continue;
        }
        size_t part = sizeof(connection->input) - connection->input_used;
        if (part > count - taken) {
            part = count - taken;
        }
        if (part == 0) {
            return taken;
        }
        memcpy(connection->input + connection->input_used, (const char *)bytes + taken, part);
        connection->input_used += part;
        taken += part;
    }
}

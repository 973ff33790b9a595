/* SPDX-License-Identifier: MIT */
/* A client of the store in a test: sends one request's bytes, takes one message out. */
#ifndef TESTS_XENSTORED_CLIENT_H
#define TESTS_XENSTORED_CLIENT_H

#include "dom0-tools/xenstored/store.h"

struct client_message {
    struct xsd_sockmsg header;
    char payload[XENSTORE_PAYLOAD_MAX + 1];
};

struct store *client_store(void);
void client_send(struct store_connection *connection, uint32_t type, uint32_t transaction,
                 const void *payload, size_t length);
/* False: nothing is queued. */
bool client_take(struct store_connection *connection, struct client_message *message);

/* Request with its strings (each sent with its NUL), reply as text; errors come back as "E:NAME".
 */
const char *client_ask(struct store_connection *connection, uint32_t type, uint32_t transaction,
                       int nr_strings, ...);
/* XS_WRITE; returns as client_ask. */
const char *client_write(struct store_connection *connection, uint32_t transaction,
                         const char *path, const char *value);
/* "path token" of the next watch event, "" when there is none. */
const char *client_event(struct store_connection *connection);

#endif

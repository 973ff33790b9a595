/* SPDX-License-Identifier: MIT */
/*
 * A socket that carries frames: what was read and not yet taken, what is to be written.
 * Owns: its descriptor and buffers. Invariant: HC4 what waits to be written never exceeds
 * CONNECTION_QUEUE_MAX; the peer that would need more breaks HC2 and loses its connection.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include "channel.h"

#define CONNECTION_QUEUE_MAX (4u << 20)

struct connection {
    int descriptor; /* -1 when closed */
    uint8_t *queue;
    size_t queue_begin;
    size_t queue_end;
    size_t queue_size;
    struct channel_reader reader;
};

void connection_open(struct connection *connection, int descriptor);
void connection_close(struct connection *connection);
static inline bool connection_is_open(const struct connection *connection)
{
    return connection->descriptor >= 0;
}

/* Queues a frame. 0; -ENOMEM (HC4 or no memory); -EPIPE when closed. */
int connection_send(struct connection *connection, uint8_t type, uint8_t stream, uint16_t session,
                    const void *payload, size_t length);
bool connection_has_output(const struct connection *connection);

/* Writes what can be written. 0, or a negative errno when the peer is gone. */
int connection_flush(struct connection *connection);

/* Reads once. 1 something came, 0 nothing now, -EPIPE at the end, or another negative errno. */
int connection_fill(struct connection *connection);

#endif

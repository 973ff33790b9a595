/* SPDX-License-Identifier: MIT */
/*
 * A socket that carries frames. See connection.h.
 * Invariant: HC4. Works with blocking and non-blocking descriptors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "connection.h"

void connection_open(struct connection *connection, int descriptor)
{
    connection->descriptor = descriptor;
    connection->queue = NULL;
    connection->queue_begin = 0;
    connection->queue_end = 0;
    connection->queue_size = 0;
    channel_reader_reset(&connection->reader);
}

void connection_close(struct connection *connection)
{
    if (connection->descriptor >= 0) {
        close(connection->descriptor);
    }
    free(connection->queue);
    connection_open(connection, -1);
}

static int reserve(struct connection *connection, size_t count)
{
    size_t waiting = connection->queue_end - connection->queue_begin;
    size_t size = connection->queue_size;
    uint8_t *larger;

    if (waiting + count > CONNECTION_QUEUE_MAX) {
        return -ENOMEM;
    }
    if (connection->queue_begin != 0) {
        memmove(connection->queue, connection->queue + connection->queue_begin, waiting);
        connection->queue_begin = 0;
        connection->queue_end = waiting;
    }
    while (size < waiting + count) {
        size = size == 0 ? 4096 : size * 2;
    }
    if (size != connection->queue_size) {
        larger = realloc(connection->queue, size);
        if (larger == NULL) {
            return -ENOMEM;
        }
        connection->queue = larger;
        connection->queue_size = size;
    }
    return 0;
}

int connection_send(struct connection *connection, uint8_t type, uint8_t stream, uint16_t session,
                    const void *payload, size_t length)
{
    int status;

    if (connection->descriptor < 0) {
        return -EPIPE;
    }
    status = reserve(connection, CHANNEL_HEADER_SIZE + length);
    if (status != 0) {
        return status;
    }
    connection->queue_end += channel_encode(connection->queue + connection->queue_end,
                                            connection->queue_size - connection->queue_end, type,
                                            stream, session, payload, (uint32_t)length);
    return 0;
}

bool connection_has_output(const struct connection *connection)
{
    return connection->queue_end != connection->queue_begin;
}

int connection_flush(struct connection *connection)
{
    while (connection_has_output(connection)) {
        ssize_t count = write(connection->descriptor, connection->queue + connection->queue_begin,
                              connection->queue_end - connection->queue_begin);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
        }
        connection->queue_begin += (size_t)count;
    }
    return 0;
}

int connection_fill(struct connection *connection)
{
    size_t space;
    uint8_t *to = channel_reader_space(&connection->reader, &space);
    ssize_t count = read(connection->descriptor, to, space);

    if (count > 0) {
        channel_reader_filled(&connection->reader, (size_t)count);
        return 1;
    }
    if (count == 0) {
        return -EPIPE;
    }
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

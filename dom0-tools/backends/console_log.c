/* SPDX-License-Identifier: MIT */
/*
 * console_log.c: the bounded log behind each guest's console.
 * Owns: the buffer.
 * Invariant LOG1 (console_log.h).
 * Read next: console_guest.c.
 */
#include "dom0-tools/backends/console_log.h"

#include <stdlib.h>
#include <string.h>

int console_log_create(struct console_log *log, size_t capacity)
{
    memset(log, 0, sizeof(*log));
    log->bytes = malloc(capacity);
    if (log->bytes == NULL) {
        return -1;
    }
    log->capacity = capacity;
    return 0;
}

void console_log_destroy(struct console_log *log)
{
    free(log->bytes);
    memset(log, 0, sizeof(*log));
}

void console_log_append(struct console_log *log, const char *bytes, size_t size)
{
    if (size > log->capacity) {
        log->end += size - log->capacity;
        bytes += size - log->capacity;
        size = log->capacity;
    }
    while (size > 0) {
        size_t at = (size_t)(log->end % log->capacity);
        size_t part = log->capacity - at < size ? log->capacity - at : size;

        memcpy(log->bytes + at, bytes, part);
        log->end += part;
        bytes += part;
        size -= part;
    }
    if (log->end - log->start > log->capacity) {
        log->start = log->end - log->capacity;
    }
}

size_t console_log_read(const struct console_log *log, uint64_t *position, char *buffer,
                        size_t size)
{
    size_t copied = 0;

    if (*position < log->start) {
        *position = log->start;
    }
    while (copied < size && *position < log->end) {
        size_t at = (size_t)(*position % log->capacity);
        size_t part = size - copied;

        part = part < log->capacity - at ? part : log->capacity - at;
        part = part < log->end - *position ? part : (size_t)(log->end - *position);
        memcpy(buffer + copied, log->bytes + at, part);
        copied += part;
        *position += part;
    }
    return copied;
}

uint64_t console_log_backlog(const struct console_log *log, size_t bytes)
{
    uint64_t position = log->end - log->start > bytes ? log->end - bytes : log->start;

    if (position == log->start) {
        return position;
    }
    for (uint64_t at = position; at < log->end; at++) {
        if (log->bytes[at % log->capacity] == '\n') {
            return at + 1;
        }
    }
    return position;
}

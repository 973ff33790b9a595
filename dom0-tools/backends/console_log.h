/* SPDX-License-Identifier: MIT */
/*
 * console_log.h: a bounded log of bytes with positions that only grow: the last `capacity` bytes can
 * be read, by any number of readers, each with a position of its own.
 * Invariant LOG1: end - start <= capacity; a byte's position never changes.
 */
#ifndef BACKENDS_CONSOLE_LOG_H
#define BACKENDS_CONSOLE_LOG_H

#include <stddef.h>
#include <stdint.h>

struct console_log {
    char *bytes;
    size_t capacity;
    uint64_t start, end; /* positions of the oldest byte kept, and behind the newest */
};

/* -1 when memory is out. */
int console_log_create(struct console_log *log, size_t capacity);
void console_log_destroy(struct console_log *log);
void console_log_append(struct console_log *log, const char *bytes, size_t size);

/*
 * Copy bytes from *position on, and move it behind them; a position that fell out of the log is moved
 * to its start first. Returns how many.
 */
size_t console_log_read(const struct console_log *log, uint64_t *position, char *buffer,
                        size_t size);

/* The start of the line that lies at most `bytes` before the end. */
uint64_t console_log_backlog(const struct console_log *log, size_t bytes);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Asking the host to give part of a file back (see channel_punch.h).
 * Owns: the one request that is under way.
 * Read next: channel_server.c.
 */
#include "channel_punch.h"

#include <errno.h>
#include <string.h>

#include <pvk/thread.h>
#include <pvk/time.h>

#include "channel_server.h"

#define PATIENCE_NS (10 * TIME_SECOND_NS)
#define PATH_BYTES  4096u

static struct {
    struct mutex mutex; /* one at a time */
    struct wait_queue answered;
    uint32_t tag; /* of the request under way, and of its answer */
    bool waiting;
    uint32_t result;
} asked;

static void put(uint8_t *out, uint64_t value, unsigned int bytes)
{
    for (unsigned int i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t get(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

int channel_punch(const char *path, off_t offset, off_t length)
{
    static uint8_t payload[CHANNEL_PUNCH_PATH + PATH_BYTES];
    uint64_t deadline = time_monotonic_ns() + PATIENCE_NS;
    size_t bytes = strlen(path) + 1;
    int result = -ENOTSUP;

    if (bytes > PATH_BYTES) {
        return -ENAMETOOLONG;
    }
    mutex_lock(&asked.mutex);
    put(payload, ++asked.tag, 4);
    put(payload + 4, (uint64_t)offset, 8);
    put(payload + 12, (uint64_t)length, 8);
    memcpy(payload + CHANNEL_PUNCH_PATH, path, bytes);
    asked.waiting = true;
    if (channel_server_send(CHANNEL_PUNCH, payload, (uint32_t)(CHANNEL_PUNCH_PATH + bytes))) {
        while (asked.waiting && wait_queue_wait(&asked.answered, deadline)) {
        }
        result = asked.waiting ? -EIO : asked.result == 0 ? 0 : asked.result == 1 ? -ENOTSUP : -EIO;
    }
    asked.waiting = false;
    mutex_unlock(&asked.mutex);
    return result;
}

void channel_punch_answered(const struct channel_frame *frame)
{
    if (frame->length == 8 && asked.waiting && get(frame->payload) == asked.tag) {
        asked.result = get(frame->payload + 4);
        asked.waiting = false;
        wait_queue_wake_all(&asked.answered);
    }
}

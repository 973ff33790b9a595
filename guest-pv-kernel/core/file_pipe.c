/* SPDX-License-Identifier: MIT */
/*
 * Pipes and socket pairs: ring buffers between two open files.
 * Owns: the buffers. Invariant PI1: a buffer lives until both its reader and its writer are gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/file.h>

#define DEFAULT_CAPACITY 4096u

struct pipe_buffer {
    struct file *reader, *writer; /* NULL once closed */
    size_t capacity, start, length;
    char bytes[];
};

/* One end: what it reads from and what it writes to; a pipe's ends have only one of them. */
struct pipe_end {
    struct pipe_buffer *in, *out;
};

static ssize_t pipe_read(struct file *file, void *buffer, size_t count)
{
    struct pipe_end *end = file->data;
    struct pipe_buffer *in = end->in;
    size_t first;

    if (in == NULL) {
        return -EBADF;
    }
    while (in->length == 0) {
        int error;

        if (in->writer == NULL || count == 0) {
            return 0;
        }
        error = (file->flags & O_NONBLOCK) != 0 ? -EAGAIN : file_wait(file, THREAD_FOREVER);
        if (error != 0) {
            return error;
        }
    }
    count = count < in->length ? count : in->length;
    first = in->capacity - in->start < count ? in->capacity - in->start : count;
    memcpy(buffer, in->bytes + in->start, first);
    memcpy((char *)buffer + first, in->bytes, count - first);
    in->start = (in->start + count) % in->capacity;
    in->length -= count;
    if (in->writer != NULL) {
        file_notify(in->writer);
    }
    return (ssize_t)count;
}

static void store(struct pipe_buffer *out, const char *bytes, size_t count)
{
    size_t where = (out->start + out->length) % out->capacity;
    size_t first = out->capacity - where < count ? out->capacity - where : count;

    memcpy(out->bytes + where, bytes, first);
    memcpy(out->bytes, bytes + first, count - first);
    out->length += count;
    file_notify(out->reader);
}

static ssize_t pipe_write(struct file *file, const void *buffer, size_t count)
{
    struct pipe_end *end = file->data;
    struct pipe_buffer *out = end->out;
    size_t done = 0;

    if (out == NULL) {
        return -EBADF;
    }
    while (done < count) {
        size_t room;

        if (out->reader == NULL) {
            return done > 0 ? (ssize_t)done : -EPIPE;
        }
        room = out->capacity - out->length;
        if (room == 0) {
            int error = (file->flags & O_NONBLOCK) != 0 ? -EAGAIN : file_wait(file, THREAD_FOREVER);

            if (error != 0) {
                return done > 0 ? (ssize_t)done : error;
            }
            continue;
        }
        room = room < count - done ? room : count - done;
        store(out, (const char *)buffer + done, room);
        done += room;
    }
    return (ssize_t)done;
}

static unsigned int pipe_poll(struct file *file)
{
    const struct pipe_end *end = file->data;
    unsigned int found = 0;

    if (end->in != NULL) {
        found |= end->in->length > 0 ? POLLIN : 0u;
        found |= end->in->writer == NULL ? POLLIN | POLLHUP : 0u;
    }
    if (end->out != NULL) {
        found |= end->out->length < end->out->capacity ? POLLOUT : 0u;
        found |= end->out->reader == NULL ? POLLOUT | POLLERR : 0u;
    }
    return found;
}

static void let_go(struct pipe_buffer *buffer)
{
    if (buffer->reader == NULL && buffer->writer == NULL) {
        free(buffer);
    }
}

static void pipe_close(struct file *file)
{
    struct pipe_end *end = file->data;

    if (end->in != NULL) {
        end->in->reader = NULL;
        if (end->in->writer != NULL) {
            file_notify(end->in->writer);
        }
        let_go(end->in);
    }
    if (end->out != NULL) {
        end->out->writer = NULL;
        if (end->out->reader != NULL) {
            file_notify(end->out->reader);
        }
        let_go(end->out);
    }
    free(end);
}

static const struct file_operations pipe_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .close = pipe_close,
};

static struct pipe_buffer *buffer_create(size_t capacity)
{
    struct pipe_buffer *buffer;

    capacity = capacity == 0 ? DEFAULT_CAPACITY : capacity;
    buffer = calloc(1, sizeof(*buffer) + capacity);
    if (buffer != NULL) {
        buffer->capacity = capacity;
    }
    return buffer;
}

/* An end over these buffers, which stay the caller's when there is no memory. */
static struct file *end_create(struct pipe_buffer *in, struct pipe_buffer *out, int flags)
{
    struct pipe_end *end = malloc(sizeof(*end));
    struct file *file = NULL;

    if (end != NULL) {
        *end = (struct pipe_end){in, out};
        file = file_create(&pipe_operations, end, flags);
        if (file == NULL) {
            free(end);
        }
    }
    return file;
}

/* Takes the first end apart again without its close operation: the buffers are not linked yet. */
static void end_destroy(struct file *file)
{
    if (file != NULL) {
        free(file->data);
        free(file);
    }
}

/* buffers[i] is what ends[i] reads; NULL for a one-way pipe's second. */
static int connect(struct file *ends[2], struct pipe_buffer *buffers[2], const int flags[2])
{
    ends[0] = end_create(buffers[0], buffers[1], flags[0]);
    ends[1] = end_create(buffers[1], buffers[0], flags[1]);
    if (ends[0] == NULL || ends[1] == NULL) {
        end_destroy(ends[0]);
        end_destroy(ends[1]);
        free(buffers[0]);
        free(buffers[1]);
        return -ENOMEM;
    }
    for (int i = 0; i < 2; i++) {
        if (buffers[i] != NULL) {
            buffers[i]->reader = ends[i];
            buffers[i]->writer = ends[1 - i];
        }
    }
    return 0;
}

int file_pipe(struct file *ends[2], size_t capacity)
{
    struct pipe_buffer *buffers[2] = {buffer_create(capacity), NULL};
    static const int flags[2] = {O_RDONLY, O_WRONLY};

    return buffers[0] == NULL ? -ENOMEM : connect(ends, buffers, flags);
}

int file_socketpair(struct file *ends[2], size_t capacity)
{
    struct pipe_buffer *buffers[2] = {buffer_create(capacity), buffer_create(capacity)};
    static const int flags[2] = {O_RDWR, O_RDWR};

    if (buffers[0] == NULL || buffers[1] == NULL) {
        free(buffers[0]);
        free(buffers[1]);
        return -ENOMEM;
    }
    return connect(ends, buffers, flags);
}

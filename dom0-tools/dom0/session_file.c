/* SPDX-License-Identifier: MIT */
/*
 * A session's streams as files (see session_file.h).
 *
 * Owns: struct session_file, freed with its file.
 * Invariant: SF1 (session_file.h).
 * Read next: channel_server.c.
 */
#include "session_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

struct session_file {
    struct channel_session *session; /* NULL once detached */
    enum channel_stream stream;
};

/* The state machine's -EAGAIN becomes a wait, unless the file is not to wait. */
static int wait_for_change(struct file *file)
{
    return (file->flags & O_NONBLOCK) != 0 ? -EAGAIN : file_wait(file, THREAD_FOREVER);
}

static ssize_t read_stream(struct file *file, void *buffer, size_t count)
{
    struct session_file *session_file = file->data;

    for (;;) {
        if (session_file->session == NULL) {
            return 0;
        }
        long got = channel_sessions_read(session_file->session, buffer, count);
        if (got != -EAGAIN) {
            return got;
        }
        int result = wait_for_change(file);
        if (result < 0) {
            return result;
        }
    }
}

static ssize_t write_stream(struct file *file, const void *buffer, size_t count)
{
    struct session_file *session_file = file->data;

    for (;;) {
        if (session_file->session == NULL) {
            return -EPIPE;
        }
        long sent =
            channel_sessions_write(session_file->session, session_file->stream, buffer, count);
        if (sent != -EAGAIN || count == 0) {
            return sent == -EAGAIN ? 0 : sent;
        }
        int result = wait_for_change(file);
        if (result < 0) {
            return result;
        }
    }
}

static unsigned int poll_stream(struct file *file)
{
    struct session_file *session_file = file->data;
    struct channel_session *session = session_file->session;

    if (session == NULL) {
        return POLLIN | POLLHUP;
    }
    if (session_file->stream == CHANNEL_STDIN) {
        channel_sessions_want_input(session);
        return channel_sessions_readable(session) ? POLLIN : 0;
    }
    return channel_sessions_writable(session, session_file->stream) ? POLLOUT : 0;
}

static void close_stream(struct file *file)
{
    free(file->data);
}

static int stat_stream(struct file *file, struct stat *status)
{
    *status = (struct stat){.st_mode = session_file_is_terminal(file) ? S_IFCHR : S_IFIFO};
    return 0;
}

static const struct file_operations input_operations = {
    .read = read_stream,
    .poll = poll_stream,
    .stat = stat_stream,
    .close = close_stream,
};

static const struct file_operations output_operations = {
    .write = write_stream,
    .poll = poll_stream,
    .stat = stat_stream,
    .close = close_stream,
};

struct file *session_file_create(struct channel_session *session, enum channel_stream stream)
{
    bool input = stream == CHANNEL_STDIN;
    struct session_file *session_file = malloc(sizeof(*session_file));
    struct file *file;

    if (session_file == NULL) {
        return NULL;
    }
    *session_file = (struct session_file){session, stream};
    file = file_create(input ? &input_operations : &output_operations, session_file,
                       input ? O_RDONLY : O_WRONLY);
    if (file == NULL) {
        free(session_file);
    }
    return file;
}

void session_file_detach(struct file *file)
{
    struct session_file *session_file = file->data;

    session_file->session = NULL;
    file_notify(file);
}

bool session_file_is_terminal(const struct file *file)
{
    const struct session_file *session_file = file->data;

    if (file->operations != &input_operations && file->operations != &output_operations) {
        return false;
    }
    return session_file->session != NULL &&
           (session_file->session->exec.terminals & (1u << session_file->stream)) != 0;
}

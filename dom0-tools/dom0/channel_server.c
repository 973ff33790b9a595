/* SPDX-License-Identifier: MIT */
/*
 * Serves the host channel (see channel_server.h): the state machine's five operations with threads,
 * processes and the port.
 * Owns: struct server, the only one; struct job, one for each running session.
 * Invariant: CV1 a session is ended by its own thread only, after its command's files were detached.
 * Read next: channel_sessions.c, session_file.c.
 */
#include "channel_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/console.h>
#include <pvk/file.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>

#include "channel_punch.h"
#include "channel_sessions.h"
#include "command.h"
#include "dom0-tools/libpv/keep.h"
#include "guest-pv-kernel/drivers/p9_filesystem.h"
#include "guest-pv-kernel/drivers/virtio_console.h"
#include "session_file.h"

#define STATUS_RESOURCES 5u

struct server {
    struct virtio_console *port;
    struct channel_sessions sessions;
    struct channel_reader reader;
    bool is_successor; /* of a dom0 that crashed, and has yet to say so */
    bool greeted;      /* the host said HELLO */
    bool broken;       /* the stream lost its frames: ignore it until the host connects anew */
};

struct job {
    struct channel_session *session;
    struct command command;
    struct file *files[CHANNEL_NR_STREAMS];
};

static struct server server;

static void send_frame(void *context, uint8_t type, uint8_t stream, uint16_t session,
                       const void *payload, uint32_t length)
{
    struct server *self = context;
    uint8_t header[CHANNEL_HEADER_SIZE];

    channel_encode_header(header, type, stream, session, length);
    virtio_console_write(self->port, header, sizeof(header), payload, length);
}

static void release_files(struct job *job)
{
    for (unsigned int i = 0; i < CHANNEL_NR_STREAMS; i++) {
        if (job->files[i] != NULL) {
            session_file_detach(job->files[i]);
            file_put(job->files[i]);
        }
    }
}

/* A session's thread: its command's whole life. */
static void run_job(void *argument)
{
    struct job *job = argument;
    struct channel_session *session = job->session;
    uint32_t status = STATUS_RESOURCES;
    int argc = session->exec.nr_arguments;

    if (command_start(&job->command, argc, (char **)session->exec.arguments, job->files) == 0) {
        if (session->cancelled) {
            command_cancel(&job->command);
        }
        status = (uint32_t)command_wait(&job->command);
    }
    release_files(job);
    session->owner = NULL;
    channel_sessions_end(session, status);
    free(job);
}

static int start_session(void *context, struct channel_session *session)
{
    struct job *job = calloc(1, sizeof(*job));
    bool complete = true;

    (void)context;
    if (job == NULL) {
        return -ENOMEM;
    }
    job->session = session;
    job->command.session = session;
    for (unsigned int i = 0; i < CHANNEL_NR_STREAMS; i++) {
        job->files[i] = session_file_create(session, (enum channel_stream)i);
        complete = complete && job->files[i] != NULL;
    }
    session->owner = job;
    if (!complete || thread_create_in(NULL, "session", run_job, job, 0) == NULL) {
        session->owner = NULL;
        release_files(job);
        free(job);
        return -ENOMEM;
    }
    return 0;
}

static void session_changed(void *context, struct channel_session *session)
{
    struct job *job = session->owner;

    (void)context;
    for (unsigned int i = 0; job != NULL && i < CHANNEL_NR_STREAMS; i++) {
        file_notify(job->files[i]);
    }
}

static void cancel_session(void *context, struct channel_session *session)
{
    struct job *job = session->owner;

    (void)context;
    if (job != NULL) {
        command_cancel(&job->command);
    }
}

static void poweroff(void *context)
{
    (void)context;
    shutdown_poweroff(0);
}

static const struct channel_sessions_operations operations = {
    .send = send_frame,
    .start = start_session,
    .changed = session_changed,
    .cancel = cancel_session,
    .poweroff = poweroff,
};

/* The last dom0 may have crashed in the middle of a frame: zeroes end any frame, and are none themselves, so that the host
 * connects anew. */
static void pad_half_a_frame(struct server *self)
{
    static const uint8_t zeroes[4096];

    for (size_t done = 0; done < CHANNEL_PAYLOAD_MAX + CHANNEL_HEADER_SIZE;
         done += sizeof(zeroes)) {
        virtio_console_write(self->port, zeroes, sizeof(zeroes), NULL, 0);
    }
}

/* The host came or went: nothing of an earlier conversation is left. */
static void begin_conversation(struct server *self)
{
    channel_reader_reset(&self->reader);
    channel_sessions_reset(&self->sessions);
    self->broken = self->greeted = false;
    if (virtio_console_connected(self->port)) {
        if (self->is_successor) {
            self->is_successor = false;
            pad_half_a_frame(self);
        }
        send_frame(self, CHANNEL_START, 0, 0, NULL, 0);
    }
}

/* The bytes are no frames (or of another version): say so once. */
static void lose_conversation(struct server *self)
{
    static const char message[] = "dom0: these bytes are not this version's frames";

    send_frame(self, CHANNEL_ERROR, 0, 0, message, sizeof(message));
    channel_sessions_reset(&self->sessions);
    self->broken = true;
}

static void handle_frames(struct server *self)
{
    struct channel_frame frame;
    int result;

    while ((result = channel_reader_next(&self->reader, &frame)) == 1) {
        self->greeted = self->greeted || frame.type == CHANNEL_HELLO;
        if (frame.type == CHANNEL_PUNCHED) {
            channel_punch_answered(&frame);
        } else {
            (void)channel_sessions_frame(&self->sessions, &frame);
        }
    }
    if (result < 0) {
        lose_conversation(self);
    }
}

static void serve(void *argument)
{
    struct server *self = argument;

    for (;;) {
        size_t space;
        uint8_t *bytes = channel_reader_space(&self->reader, &space);
        ssize_t count = virtio_console_read(self->port, bytes, space);
        if (count <= 0) {
            begin_conversation(self);
        } else if (!self->broken) {
            channel_reader_filled(&self->reader, (size_t)count);
            handle_frames(self);
        }
    }
}

bool channel_server_send(uint8_t type, const void *payload, uint32_t length)
{
    if (server.port == NULL || !server.greeted || server.broken) {
        return false;
    }
    send_frame(&server, type, 0, 0, payload, length);
    return true;
}

int channel_server_start(const char *build_id)
{
    int result = virtio_console_open(CHANNEL_PORT_NAME, &server.port);

    if (result < 0) {
        return result;
    }
    channel_sessions_init(&server.sessions, &operations, &server, build_id);
    channel_reader_reset(&server.reader);
    p9_filesystem_punch_by(channel_punch);
    server.is_successor = keep_came_back();
    return thread_create_in(NULL, "channel", serve, &server, 64u * 1024u) == NULL ? -ENOMEM : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * dom0's half of the host channel as a state machine: frames in, frames and actions out.
 *
 * Owns: the table of sessions, each session's EXEC request, input bytes and credits.
 * Invariant: CS1 every EXEC that was accepted or refused gets exactly one EXIT, unless its
 *            connection is gone. CS2 no more DATA is sent on a stream than was granted (HC2), and a
 *            host that sends more than we granted is in error. CS3 a session outlives its connection
 *            only until its command ends.
 * Locks: none; one thread at a time (cooperative threads). Performs no I/O: host tests run it.
 *
 * Read next: channel_server.c (threads, processes, the port), dom0-tools/host/channel_protocol.h.
 */
#ifndef DOM0_CHANNEL_SESSIONS_H
#define DOM0_CHANNEL_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0-tools/host/channel.h"

#define CHANNEL_SESSIONS_MAX   32u
#define CHANNEL_SESSIONS_INPUT CHANNEL_INITIAL_WINDOW /* bytes of stdin held for a command */

struct channel_sessions;

struct channel_session {
    struct channel_sessions *table;
    bool in_use;
    bool detached;     /* its connection is gone: nothing is sent for it any more */
    bool cancelled;    /* the user asked it to end */
    bool input_ended;  /* the host sent END, or the command was cancelled */
    bool terminal_raw; /* what we told the host last */
    uint16_t id;       /* the host's */
    uint16_t columns, rows;
    uint8_t *exec_bytes; /* what the strings of `exec` point into */
    struct channel_exec exec;
    uint8_t *input; /* a ring of CHANNEL_SESSIONS_INPUT bytes, made when first granted */
    uint32_t input_begin;
    uint32_t input_count;
    uint32_t input_granted; /* bytes that the host may still send */
    uint32_t output_window[CHANNEL_NR_STREAMS];
    void *owner; /* the server's */
};

struct channel_sessions_operations {
    /* Send one frame whole. May wait. */
    void (*send)(void *context, uint8_t type, uint8_t stream, uint16_t session, const void *payload,
                 uint32_t length);
    /* Run session->exec. 0, or a negative errno: it did not start. */
    int (*start)(void *context, struct channel_session *session);
    /* Input arrived or ended, credit arrived, or the session was detached. */
    void (*changed)(void *context, struct channel_session *session);
    /* The command must end: its waits are to be interrupted. */
    void (*cancel)(void *context, struct channel_session *session);
    void (*poweroff)(void *context);
};

struct channel_sessions {
    const struct channel_sessions_operations *operations;
    void *context;
    const char *build_id;
    bool greeted; /* HELLO was exchanged on this connection */
    struct channel_session sessions[CHANNEL_SESSIONS_MAX];
};

void channel_sessions_init(struct channel_sessions *table,
                           const struct channel_sessions_operations *operations, void *context,
                           const char *build_id);

/* The connection is gone or new: detach and cancel everything; a HELLO must come first again. */
void channel_sessions_reset(struct channel_sessions *table);

/* Act on one frame. 0, or -EPROTO: the host broke the protocol; an ERROR frame was sent, everything
 * is detached, and frames are ignored until the next HELLO. */
int channel_sessions_frame(struct channel_sessions *table, const struct channel_frame *frame);

/* For the command's streams. Input: the number of bytes, 0 at the end, -EAGAIN: none yet (the host
 * has been granted some by now). */
long channel_sessions_read(struct channel_session *session, void *buffer, size_t count);
bool channel_sessions_readable(const struct channel_session *session);
/* Let the host send input, as a command that polls it wants. */
void channel_sessions_want_input(struct channel_session *session);
/* Output: how many bytes were sent, at most CHANNEL_DATA_MAX; -EAGAIN: no credit; -EPIPE: the
 * connection is gone. */
long channel_sessions_write(struct channel_session *session, enum channel_stream stream,
                            const void *bytes, size_t count);
bool channel_sessions_writable(const struct channel_session *session, enum channel_stream stream);
/* Ask for raw mode, or for the mode it was in before. */
void channel_sessions_terminal(struct channel_session *session, bool raw);
/* The command has ended: EXIT (CS1), and the session is free. */
void channel_sessions_end(struct channel_session *session, uint32_t status);

/* What the command may open under `name`, or NULL: it was not named in the request. */
const struct channel_file *channel_sessions_find_file(const struct channel_session *session,
                                                      const char *name);

#endif

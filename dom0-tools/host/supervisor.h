/* SPDX-License-Identifier: MIT */
/*
 * The background process that holds the machine: it starts QEMU, speaks the host channel with dom0
 * and passes each client's session on.
 * Owns: the lock (state.h), QEMU's process, the machine's end of the channel, every client.
 * Invariant: HC3 a session number stays taken until dom0 sent its EXIT, also when its client went
 * away; HS3 it never waits for one client or for dom0: everything is queued (HC4) and polled.
 * Read next: supervisor_frames.c for the switching, local_protocol.h.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include "connection.h"
#include "settings.h"

#define SUPERVISOR_CLIENTS_MAX  64
#define SUPERVISOR_SESSIONS_MAX 128

enum supervisor_phase {
    PHASE_CONNECTING, /* QEMU was started, its channel socket is not there yet */
    PHASE_GREETING,   /* HELLO was sent, dom0 has not answered */
    PHASE_READY,
    PHASE_STOPPING, /* somebody asked for down, or the start failed */
    PHASE_ENDED,
};

struct supervisor_client {
    struct connection connection;
    uint16_t session; /* 0: none yet */
    bool wants_down;
};

struct supervisor_session {
    bool taken;
    int client; /* index; -1: the client has gone, dom0 has not finished */
};

struct supervisor {
    struct settings settings;
    enum supervisor_phase phase;
    int listener;
    int lock;
    int signal_pipe[2];
    pid_t qemu; /* 0: none */
    int kill_stage;
    char accelerator[16];
    bool is_trial; /* this accelerator may turn out not to work */
    uint32_t nonce;
    char build_id[CHANNEL_BUILD_ID_MAX + 1]; /* dom0's, once it said HELLO */
    struct connection machine;
    struct supervisor_client clients[SUPERVISOR_CLIENTS_MAX];
    struct supervisor_session sessions[SUPERVISOR_SESSIONS_MAX];
    int64_t started_ms;
    int64_t ready_ms;       /* for the first time; 0: not yet */
    unsigned int nr_starts; /* of dom0: more than one after crashes */
    int64_t deadline_ms;    /* of the phase; INT64_MAX: none */
    time_t started_at;
};

/*
 * Makes sure that a supervisor runs: forks one when the lock is free. 0 when one listens (or is
 * about to), *is_new tells whether it was started here; -1 after a message.
 */
int supervisor_ensure(const struct settings *settings, bool *is_new);

/* The rest is for supervisor*.c. */

void supervisor_machine_frames(struct supervisor *supervisor);
void supervisor_client_frames(struct supervisor *supervisor, int index);
void supervisor_accept(struct supervisor *supervisor);
void supervisor_drop_client(struct supervisor *supervisor, int index);
void supervisor_greet_machine(struct supervisor *supervisor);
void supervisor_stop(struct supervisor *supervisor);
/* Ends every client with this code and message, and the machine with them. */
void supervisor_fail(struct supervisor *supervisor, unsigned int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int64_t supervisor_now_ms(void);

#endif

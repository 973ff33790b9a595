/* SPDX-License-Identifier: MIT */
/*
 * pvctl's own process as a client of the supervisor.
 * Owns: one connection to it. Locks: none; one thread.
 * Read next: client_session.c for a command that runs in dom0.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "connection.h"
#include "settings.h"

/* What the supervisor says about itself and the machine: its LOCAL_STATUS text, taken apart. */
struct client_status {
    char phase[16];
    char accelerator[16];
    char share[SETTINGS_PATH_MAX];
    char build[CHANNEL_BUILD_ID_MAX + 1];
    char dom0_build[CHANNEL_BUILD_ID_MAX + 1];
    long supervisor_pid;
    long qemu_pid;
    unsigned int memory_mib;
    long long started;
    long long boot_ms;
    unsigned int dom0_restarts; /* after crashes */
};

/* Connects to a running supervisor. 0, or -1 with errno (ENOENT, ECONNREFUSED: none runs). */
int client_connect(struct connection *connection, const struct settings *settings);

/* Connects, starts the machine when it is down, waits until dom0 serves commands. 0 and *status, or an
 * exit code after a message. */
int client_open_machine(struct connection *connection, const struct settings *settings,
                        struct client_status *status, bool *is_new);

/* Warns when the running machine was started by another build than this program. */
void client_compare_builds(const struct client_status *status);

/* Asks a supervisor in whatever phase. 0, or -1 when it went away. */
int client_ask_status(struct connection *connection, struct client_status *status);

/* Blocks for the next frame. 1, or 0 when the connection ended. */
int client_next_frame(struct connection *connection, struct channel_frame *frame);

/* Prints what a LOCAL_FAILED says, and the ends of the machine's logs; then waits until the machine is
 * cleared away. Returns the exit code. */
int client_report_failure(struct connection *connection, const struct channel_frame *frame,
                          const struct settings *settings);

/* Prints what a LOCAL_REFUSED says. Returns the exit code. */
int client_report_refusal(const struct channel_frame *frame);

/* Runs a command in dom0 with this process' streams. Its exit code. (client_session.c) */
int client_run_session(struct connection *connection, const struct settings *settings,
                       const struct channel_exec *exec);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A running command: a process, and where its user sits. Also what the tools ask about their user:
 * the files that the user named, the user's terminal, whether the user gave up.
 *
 * Owns: struct command, one for each process that the shell, a script or the channel started.
 * Invariant: CM1 a command of the channel opens only files that its request named.
 * Locks: none.
 *
 * Read next: builtin.h, channel_server.c, terminal.c.
 */
#ifndef DOM0_COMMAND_H
#define DOM0_COMMAND_H

#include <stdbool.h>

#include <pvk/process.h>

#include "channel_sessions.h"

struct file;

struct command {
    struct process *process;
    struct channel_session *session; /* NULL: typed in dom0 itself, or in a script */
    /* Raw mode of dom0's own terminal; NULL when there is none (a script). */
    void (*set_raw)(void *context, bool raw);
    void *context;
};

/* Start argv in a process with those three files. 0; -ENOMEM. */
int command_start(struct command *command, int argc, char **argv, struct file *const files[3]);
/* Its exit status, when it has ended. */
int command_wait(struct command *command);
/* Ask it to end; harmless before it started. */
void command_cancel(struct command *command);

/* What the tools ask from within a command is dom0-tools/libpv/seam_session.h, defined here too:
 * a file that a command of the host did not name is -EACCES (CM1). */

#endif

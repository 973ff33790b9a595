/* SPDX-License-Identifier: MIT */
/*
 * The state directory at work: its lock and its sockets.
 * Owns: lock, *.sock. Invariant: HS2 who holds the lock owns the machine; a socket file found while
 * nobody holds it is left over from a crash and is removed by the next holder.
 * Locks: the lock file, a POSIX record lock, released by the system when its holder dies.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include "settings.h"

/* Takes the lock for the life of this process. The descriptor; -1 with errno EAGAIN when another
 * process has it. The file must be opened once only per process (record locks). */
int state_lock(const struct settings *settings);

/* Is the lock held by another process? Its process id, or 0. */
long state_lock_holder(const struct settings *settings);

/* A listening, non-blocking socket in the state directory; an old file of that name is replaced.
 * -1 with errno. Changes the current directory for the moment. */
int state_listen(const struct settings *settings, const char *name);

/* A connected socket (close-on-exec, blocking), or -1 with errno. */
int state_connect(const struct settings *settings, const char *name);

bool state_set_nonblocking(int descriptor);
void state_remove_sockets(const struct settings *settings);

/* Why a machine ended that nobody had asked to: kept for whoever starts the next one, who takes it (once).
 * false: there is nothing to tell. */
void state_keep_end(const struct settings *settings, const char *why);
bool state_take_end(const struct settings *settings, char *why, size_t size);

#endif

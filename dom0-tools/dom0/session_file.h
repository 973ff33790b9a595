/* SPDX-License-Identifier: MIT */
/*
 * The standard streams of a command that runs for a user of the host, as files.
 *
 * Owns: nothing; the session does.
 * Invariant: SF1 no file of a session is used after its command has ended: session_file_detach().
 * Locks: none.
 *
 * Read next: channel_sessions.h.
 */
#ifndef DOM0_SESSION_FILE_H
#define DOM0_SESSION_FILE_H

#include <pvk/file.h>

#include "channel_sessions.h"

/* What a file is between. One for each stream; it lives until the file is closed. */
struct session_file;

/* A file for one stream; NULL: out of memory. */
struct file *session_file_create(struct channel_session *session, enum channel_stream stream);
/* The command has ended: whoever still holds the file reads its end and writes into nothing. */
void session_file_detach(struct file *file);
/* Does a terminal of the user lie behind this file? False also for a file of another kind. */
bool session_file_is_terminal(const struct file *file);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What pvctl says on the host when it cannot do something: what, why, what to do.
 * Owns: the program's name. Errors that dom0 has too are libpv's (dom0-tools/libpv/error.h).
 * Locks: none; one thread.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "dom0-tools/libpv/error.h" /* the exit statuses */

/* Prints "pvctl: <text>" to stderr. */
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints an indented line that says what the user can do next. */
void message_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a plain line to stderr: progress, and results that are no data. */
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The name this program was called by, "pvctl" until message_set_program. */
void message_set_program(const char *name);
const char *message_program(void);

#endif

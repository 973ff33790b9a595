/* SPDX-License-Identifier: MIT */
/*
 * console_follow.h: a user's stay at a domain's console, across the ends after which it is made again.
 * Read next: cmd_console.c.
 */
#ifndef PVCTL_CONSOLE_FOLLOW_H
#define PVCTL_CONSOLE_FOLLOW_H

#include "dom0-tools/libpv/error.h"
#include "dom0-tools/pvctl/terminal_session.h"

/* Room for what the console back end answers to "attach": the domain's number. */
#define CONSOLE_FOLLOW_ANSWER 64

/*
 * Stays attached to `stream`, which "attach" gave with `answer`, and closes it. When the domain ends and its
 * configuration has it made again, attaches to its successor. What ended it in the end.
 */
enum terminal_end console_follow(int stream, const char *answer, char escape);

#endif

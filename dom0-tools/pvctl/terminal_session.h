/* SPDX-License-Identifier: MIT */
/*
 * terminal_session.h: a user attached to a guest's console: keys one way, text the other.
 * Read next: cmd_console.c.
 */
#ifndef PVCTL_TERMINAL_SESSION_H
#define PVCTL_TERMINAL_SESSION_H

#define TERMINAL_SESSION_ESCAPE 0x1d /* ^] */

enum terminal_end {
    TERMINAL_ENDED,    /* the guest's console ended */
    TERMINAL_LEFT,     /* the user typed the escape */
    TERMINAL_CANCELLED /* the command was interrupted */
};

/*
 * Copy between standard input/output and a stream until one of the ends above. Standard input at
 * its end is not read any further. The terminal is raw meanwhile, when there is one.
 */
enum terminal_end terminal_session_run(int stream, char escape);

#endif

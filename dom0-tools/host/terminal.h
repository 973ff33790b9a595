/* SPDX-License-Identifier: MIT */
/*
 * The user's terminal: its size, and raw mode for consoles.
 * Owns: the terminal's settings as they were found. Invariant: HT1 however pvctl ends (return,
 * exit, a signal it handles), the terminal is as it was.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* Raw mode on or off; nothing happens when stdin is no terminal. Off is also done at exit. */
void terminal_set_raw(bool raw);

/* Again what terminal_set_raw last asked for: after the shell continued a stopped pvctl. */
void terminal_resume(void);

/* Columns and rows of the terminal on stdout or stdin; 0 and 0 when there is none. */
void terminal_size(uint16_t *columns, uint16_t *rows);

#endif

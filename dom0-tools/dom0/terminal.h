/* SPDX-License-Identifier: MIT */
/*
 * The shell on the machine's console: reads keys, edits lines, runs commands one at a time.
 * Owns: the console's input, its mode, the command in the foreground.
 * Invariant: TM1 one reader of the console's keys: they go to the line editor, or to the command in
 *            the foreground; ^C cancels that command unless it asked for raw mode.
 * Locks: none.
 * Read next: line_editor.h, command.h.
 */
#ifndef DOM0_TERMINAL_H
#define DOM0_TERMINAL_H

/* Serves the console for ever. */
_Noreturn void terminal_run(void);

#endif

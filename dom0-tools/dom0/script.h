/* SPDX-License-Identifier: MIT */
/*
 * Runs a file of commands, one on each line, and stops at the first that fails; a line that begins
 * with '-' may fail. Output goes to the console.
 * Owns: nothing. Read next: builtin.h.
 */
#ifndef DOM0_SCRIPT_H
#define DOM0_SCRIPT_H

/* 0: every line succeeded; else the exit status of the one that did not; 2: no such file, or a line
 * that cannot be split. */
int script_run(const char *path);

#endif

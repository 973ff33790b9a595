/* SPDX-License-Identifier: MIT */
/*
 * Splits a typed line into words: blanks separate, single and double quotes group, a backslash takes
 * the next character as it is, '#' at the start of a word ends the line.
 * Owns: nothing; the line is changed in place and the words point into it.
 * Read next: terminal.c, script.c.
 */
#ifndef DOM0_COMMAND_LINE_H
#define DOM0_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_LINE_WORDS 64

/* `line` with `seed` wherever it says $SEED. false: it does not fit. */
bool command_line_expand(const char *line, const char *seed, char *out, size_t size);

/* The number of words, argv[words] is NULL. -EINVAL: a quote is not closed. -E2BIG: too many. */
int command_line_split(char *line, char *argv[COMMAND_LINE_WORDS + 1]);

#endif

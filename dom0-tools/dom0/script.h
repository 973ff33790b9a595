/* SPDX-License-Identifier: MIT */
/*
 * Runs a file of commands, one on each line, and stops at the first that fails; a line that begins
 * with '-' may fail. `$SEED` in a word stands for the seed. Output goes to the console.
 * Owns: nothing. Read next: builtin.h, script_report.h.
 */
#ifndef DOM0_SCRIPT_H
#define DOM0_SCRIPT_H

#include <stdint.h>

struct script_options {
    const char *path;
    const char *seed;     /* digits; NULL: 0 */
    uint16_t report_port; /* an I/O port that takes what a program should read; 0: none */
    uint64_t limit_ns;    /* the machine is switched off with status 7 after so long; 0: never */
};

/* 0: every line succeeded; else the exit status of the one that did not; 2: no such file, or a line
 * that cannot be split. */
int script_run(const struct script_options *options);

#endif

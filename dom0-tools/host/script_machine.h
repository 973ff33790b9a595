/* SPDX-License-Identifier: MIT */
/*
 * A machine of its own for one script: `pvctl up --script`. It shares nothing with the one that other
 * commands use, ends with the script, and leaves nothing behind.
 * With `exact`, processor time is counted in instructions and every date, seed and name is fixed: all
 * input is the RAM disk, so the same script and files give the same bytes and the same ticks.
 * Invariant: SM1 pvctl's status is the script's; the report says so too, in a place no guest can write.
 * Read next: script_files.h, ../dom0/script_report.h.
 */
#ifndef SCRIPT_MACHINE_H
#define SCRIPT_MACHINE_H

#include <stdbool.h>
#include "settings.h"

struct script_run {
    const char *script;   /* a file; "-": standard input */
    const char *report;   /* a file for the report; NULL: none */
    const char *seed;     /* digits */
    unsigned int limit_s; /* of the machine's time */
    bool exact;
    bool memory_is_wanted; /* settings->memory_mib is the user's word */
};

/* Runs it, its console on standard output. The script's exit status, or pvctl's after a message. */
int script_machine_run(struct settings *settings, const struct script_run *run);

#endif

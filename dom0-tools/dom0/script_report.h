/* SPDX-License-Identifier: MIT */
/*
 * What a program should know about a script's run: one JSON object on a line, out of an I/O port behind
 * which a file of the host lies. Guests cannot reach the port, so none can claim another's result.
 * Owns: the port, the output of the command that runs. Read next: script.c.
 */
#ifndef DOM0_SCRIPT_REPORT_H
#define DOM0_SCRIPT_REPORT_H

#include <stdint.h>

struct file;

/* Begin, with the build and the seed. port 0: nothing is reported. 0, or why the port cannot be had. */
int script_report_begin(uint16_t port, const char *build, const char *seed);

/* A file whose bytes go to the console and into the next script_report_command. NULL: out of memory. */
struct file *script_report_output(void);

/* A command ended: where it stood, its words as written, its status, its output since the last one. */
void script_report_command(unsigned int line, const char *text, int status);

/* The last record; why: "end", "failed" (a command's status), "limit". */
void script_report_end(const char *why, unsigned int line, int status);

#endif

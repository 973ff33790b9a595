/* SPDX-License-Identifier: MIT */
/*
 * The shell's own commands, and the way to everything else: pvctl's.
 * Owns: the table of builtins.
 * Read next: dom0-tools/pvctl/main.c.
 */
#ifndef DOM0_BUILTIN_H
#define DOM0_BUILTIN_H

/* A process's main: a builtin's if argv[0] names one; with "pvctl" or "xl" pvctl's; else pvctl's
 * with "pvctl" put before it, so that `list` is `pvctl list`. */
int builtin_main(int argc, char **argv);

#endif

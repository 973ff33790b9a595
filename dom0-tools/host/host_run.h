/* SPDX-License-Identifier: MIT */
/*
 * host_run.h: one command in dom0, as if it had been typed, for host commands that ask it something.
 * Read next: main.c
 */
#ifndef HOST_RUN_H
#define HOST_RUN_H

/* With this process' standard streams; starts the machine when it is down. The exit code. */
int host_run_in_dom0(const char *command, int argc, char **argv);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * pvctl.h: one pvctl command line, from argv to exit status; plain stdio and nothing static, since
 * in dom0 several run at once as threads. Read next: main.c, the table of commands.
 */
#ifndef PVCTL_PVCTL_H
#define PVCTL_PVCTL_H

/* argv[0] is "pvctl", or "xl" for output byte for byte as xl's. The status is error.h's. */
int pvctl_main(int argc, char **argv);

#endif

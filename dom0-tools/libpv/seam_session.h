/* SPDX-License-Identifier: MIT */
/*
 * seam_session.h: what the seam asks of dom0 about the command that is running: its terminal and
 * the files of whoever typed it. dom0's image defines these; seam_session.c has defaults for images
 * without sessions (weak symbols).
 */
#ifndef LIBPV_SEAM_SESSION_H
#define LIBPV_SEAM_SESSION_H

#include <stddef.h>

/* Put the terminal behind standard input into raw mode, or back. */
void dom0_session_terminal_raw(int on);
/* 1 when the descriptor is a terminal. */
int dom0_session_is_terminal(int descriptor);
/* A descriptor, or a negative Xen errno. */
int dom0_session_open_file(const char *path);
/* The absolute path behind it; 0 or a negative Xen errno. */
int dom0_session_file_path(const char *path, char *text, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the core gives to an architecture folder, besides the public headers.
 */
#ifndef CORE_H
#define CORE_H

#include <stddef.h>

/* Makes the boot flow a thread. */
void thread_init(void);

/* Mounts the initrd, or says why not. */
void core_mount_initrd(const void *archive, size_t length);

/* Runs main in the first process, with arguments from the command line; the boot flow ends here. */
_Noreturn void core_start(const char *command_line);

/* The console has input, or room for output. */
void core_console_event(void);

/* Obeys control/shutdown from now on (a domU). */
void core_listen_to_toolstack(void);

/* The domain is about to end with this status. */
void core_report_exit(int status);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * named_files.h: which of the user's files a command line names: what dom0 may open for it.
 * Read next: config.h.
 */
#ifndef PVCTL_NAMED_FILES_H
#define PVCTL_NAMED_FILES_H

#include <stdbool.h>

#include "dom0-tools/libpv/error.h"

/* Called for each path as the user wrote it; a negative result ends the walk. */
typedef int (*named_file_add_t)(const char *path, bool writable, void *context);

/*
 * argv as pvctl_main's. Reads configurations where they are; a broken one is reported (problems on
 * stderr, ERROR_CONFIG) before the machine is asked. 0; -1 with the error set, or when add refused.
 */
int named_files_collect(int argc, char **argv, named_file_add_t add, void *context,
                        struct error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Which of the user's files a command may open in dom0, and where they lie below the share.
 * Owns: the strings of the EXEC request it fills. Invariant: HF1 dom0 opens nothing that is not
 * listed here; HF2 a listed path has no symbolic link left in it and lies below the share.
 * Read next: main.c.
 */
#ifndef HOST_FILES_H
#define HOST_FILES_H

#include <stdbool.h>
#include "channel.h"

/*
 * Lists `path` (as the user or a config wrote it, relative to the current directory). 0;
 * -EXDEV outside of the share; -ENAMETOOLONG; -ENOSPC too many files; or why its directory cannot
 * be reached. A file that does not exist is listed with CHANNEL_FILE_ABSENT.
 */
int host_files_add(struct channel_exec *exec, const char *share, const char *path, bool writable);

/* Where the current directory lies below the share: "" for its root and for a place outside. */
void host_files_set_directory(struct channel_exec *exec, const char *share);

#endif

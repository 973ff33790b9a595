/* SPDX-License-Identifier: MIT */
/*
 * A 9P share as a file system under a mount point.
 *
 * Owns: one fid and, for readers in small pieces, one read-ahead buffer for each open file.
 * Invariant: 9P2 (p9_client.h): closing the file clunks its fid.
 * Locks: the transport's.
 *
 * Read next: <pvk/file.h> for what the operations mean.
 */
#ifndef DRIVERS_P9_FILESYSTEM_H
#define DRIVERS_P9_FILESYSTEM_H

#include "p9_client.h"

#include <sys/types.h>

/* Files of every share give ranges back (file_punch) through this: the path below the mount, the range.
 * Without it they cannot: -ENOTSUP. */
typedef int (*p9_filesystem_punch_t)(const char *path, off_t offset, off_t length);
void p9_filesystem_punch_by(p9_filesystem_punch_t function);

/* Mount what `client` is attached to at `prefix` ("/share"). The errors of file_mount(). */
int p9_filesystem_mount(const char *prefix, struct p9_client *client);

#endif

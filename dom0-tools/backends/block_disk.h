/* SPDX-License-Identifier: MIT */
/*
 * block_disk.h: what lies behind a virtual disk: a file of the user's, served in place.
 * Owns: the file's descriptor. Everything here may wait for the host.
 * Invariant DSK1: a read or write is whole or fails; after block_disk_flush every write that was
 * answered before is in the file.
 * Results: 0, or a negative errno of libc (EIO, ENOSPC ...). Read next: block_device.c.
 */
#ifndef BACKENDS_BLOCK_DISK_H
#define BACKENDS_BLOCK_DISK_H

#include "dom0-tools/backends/block_request.h"

struct block_disk {
    int descriptor; /* negative: closed */
    struct block_limits limits;
};

/* The file's size decides the number of sectors; a last part of a sector is not served. -ENOENT,
 * -EACCES, -EROFS ...; -EINVAL: a file of less than one sector. */
int block_disk_open(struct block_disk *disk, const char *path, bool read_only);
void block_disk_close(struct block_disk *disk);

/* Within the limits. A file that has become shorter fails with -EIO. */
int block_disk_read(const struct block_disk *disk, uint64_t sector, void *buffer, size_t bytes);
int block_disk_write(const struct block_disk *disk, uint64_t sector, const void *buffer,
                     size_t bytes);
int block_disk_flush(const struct block_disk *disk);
/* Whole sectors whose contents nobody wants any more. */
int block_disk_discard(const struct block_disk *disk, uint64_t sector, uint64_t nr_sectors);

#endif

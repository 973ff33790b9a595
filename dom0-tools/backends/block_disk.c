/* SPDX-License-Identifier: MIT */
/*
 * block_disk.c: a raw image as a disk, over libc's descriptors.
 * Invariant DSK1 (block_disk.h). Read next: block_device.c.
 */
#include "dom0-tools/backends/block_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dom0-tools/libpv/seam.h"

/* The page cache that counts is the host's; one in between would go stale when a file is shared. */
#ifndef O_DIRECT
#define O_DIRECT 0
#endif

int block_disk_open(struct block_disk *disk, const char *path, bool read_only)
{
    off_t size;
    int result;

    disk->descriptor = open(path, (read_only ? O_RDONLY : O_RDWR) | O_DIRECT);
    if (disk->descriptor < 0) {
        return -errno;
    }
    size = lseek(disk->descriptor, 0, SEEK_END);
    if (size < (off_t)BLOCK_SECTOR) {
        result = size < 0 ? -errno : -EINVAL;
        block_disk_close(disk);
        return result;
    }
    disk->limits.nr_sectors = (uint64_t)size / BLOCK_SECTOR;
    disk->limits.read_only = read_only;
    disk->limits.can_discard = !read_only && seam_file_punch(disk->descriptor, 0, 0) == 0;
    return 0;
}

void block_disk_close(struct block_disk *disk)
{
    if (disk->descriptor >= 0) {
        close(disk->descriptor);
    }
    disk->descriptor = -1;
}

static int seek(const struct block_disk *disk, uint64_t sector)
{
    return lseek(disk->descriptor, (off_t)(sector * BLOCK_SECTOR), SEEK_SET) < 0 ? -errno : 0;
}

int block_disk_read(const struct block_disk *disk, uint64_t sector, void *buffer, size_t bytes)
{
    int result = seek(disk, sector);
    char *at = buffer;

    while (result == 0 && bytes > 0) {
        ssize_t done = read(disk->descriptor, at, bytes);

        if (done <= 0) {
            result = done < 0 ? -errno : -EIO;
        } else {
            at += done;
            bytes -= (size_t)done;
        }
    }
    return result;
}

int block_disk_write(const struct block_disk *disk, uint64_t sector, const void *buffer,
                     size_t bytes)
{
    int result = seek(disk, sector);
    const char *at = buffer;

    while (result == 0 && bytes > 0) {
        ssize_t done = write(disk->descriptor, at, bytes);

        if (done <= 0) {
            result = done < 0 ? -errno : -EIO;
        } else {
            at += done;
            bytes -= (size_t)done;
        }
    }
    return result;
}

int block_disk_flush(const struct block_disk *disk)
{
    if (disk->limits.read_only) {
        return 0;
    }
    return fsync(disk->descriptor) < 0 ? -errno : 0;
}

int block_disk_discard(const struct block_disk *disk, uint64_t sector, uint64_t nr_sectors)
{
    return seam_file_punch(disk->descriptor, sector * BLOCK_SECTOR, nr_sectors * BLOCK_SECTOR);
}

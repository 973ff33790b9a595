/* SPDX-License-Identifier: MIT */
/*
 * Disks as files: /dev/xvda for open, read, write, lseek, fstat, fsync. Any offset and any length;
 * what does not fill whole sectors is read, changed and written back.
 * Invariant BF4: a write of part of a sector is one with its read: `partial` is held over both.
 * Read next: <pvk/file.h>
 */
#include "blkfront.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <pvk/file.h>
#include <pvk/memory.h>

static uint64_t size_of(const struct block_device *device)
{
    return device->information.nr_sectors * BLKFRONT_SECTOR;
}

/* How much from `position` on goes straight through; 0: part of a sector comes first, of which
 * *skip bytes lie before it. */
static size_t whole_part(const struct block_device *device, uint64_t position, size_t count,
                         size_t *skip)
{
    size_t sector_size = device->information.sector_size;

    *skip = (size_t)(position & (sector_size - 1));
    return *skip != 0 ? 0 : count & ~(sector_size - 1);
}

static int read_some(struct block_device *device, uint64_t position, char *buffer, size_t *count)
{
    char sector[MEMORY_PAGE_SIZE];
    size_t sector_size = device->information.sector_size;
    size_t skip, whole = whole_part(device, position, *count, &skip);
    int result;

    if (whole > 0) {
        *count = whole;
        return block_read(device, position / BLKFRONT_SECTOR, buffer, whole);
    }
    result = block_read(device, (position - skip) / BLKFRONT_SECTOR, sector, sector_size);
    *count = *count < sector_size - skip ? *count : sector_size - skip;
    memcpy(buffer, sector + skip, *count);
    return result;
}

static int write_some(struct block_device *device, uint64_t position, const char *buffer,
                      size_t *count)
{
    char sector[MEMORY_PAGE_SIZE];
    size_t sector_size = device->information.sector_size;
    size_t skip, whole = whole_part(device, position, *count, &skip);
    int result;

    if (whole > 0) {
        *count = whole;
        return block_write(device, position / BLKFRONT_SECTOR, buffer, whole);
    }
    *count = *count < sector_size - skip ? *count : sector_size - skip;
    mutex_lock(&device->partial);
    result = block_read(device, (position - skip) / BLKFRONT_SECTOR, sector, sector_size);
    if (result == 0) {
        memcpy(sector + skip, buffer, *count);
        result = block_write(device, (position - skip) / BLKFRONT_SECTOR, sector, sector_size);
    }
    mutex_unlock(&device->partial);
    return result;
}

static ssize_t disk_read(struct file *file, void *buffer, size_t count)
{
    struct block_device *device = file->data;
    uint64_t size = size_of(device), position = (uint64_t)file->position;
    size_t done = 0;

    if (position >= size) {
        return 0;
    }
    count = count < size - position ? count : (size_t)(size - position);
    while (done < count) {
        size_t piece = count - done;
        int result = read_some(device, position + done, (char *)buffer + done, &piece);

        if (result != 0) {
            return done > 0 ? (ssize_t)done : result;
        }
        done += piece;
        file->position += (off_t)piece;
    }
    return (ssize_t)done;
}

static ssize_t disk_write(struct file *file, const void *buffer, size_t count)
{
    struct block_device *device = file->data;
    uint64_t size = size_of(device), position = (uint64_t)file->position;
    size_t done = 0;

    if (position >= size && count > 0) {
        return -ENOSPC;
    }
    count = count < size - position ? count : (size_t)(size - position);
    while (done < count) {
        size_t piece = count - done;
        int result = write_some(device, position + done, (const char *)buffer + done, &piece);

        if (result != 0) {
            return done > 0 ? (ssize_t)done : result;
        }
        done += piece;
        file->position += (off_t)piece;
    }
    return (ssize_t)done;
}

static off_t disk_lseek(struct file *file, off_t offset, int whence)
{
    off_t base = whence == SEEK_CUR   ? file->position
                 : whence == SEEK_END ? (off_t)size_of(file->data)
                                      : 0;

    if ((whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) ||
        __builtin_add_overflow(base, offset, &base) || base < 0) {
        return -EINVAL;
    }
    file->position = base;
    return base;
}

static void fill_status(const struct block_device *device, struct stat *status)
{
    memset(status, 0, sizeof(*status));
    status->st_mode = S_IFBLK | (device->information.read_only ? 0444 : 0644);
    status->st_nlink = 1;
    status->st_size = (off_t)size_of(device);
    status->st_blksize = (blksize_t)MEMORY_PAGE_SIZE;
    status->st_blocks = (blkcnt_t)device->information.nr_sectors;
}

static int disk_stat(struct file *file, struct stat *status)
{
    fill_status(file->data, status);
    return 0;
}

static int disk_sync(struct file *file)
{
    return block_flush(file->data);
}

static const struct file_operations disk_operations = {
    .read = disk_read,
    .write = disk_write,
    .lseek = disk_lseek,
    .stat = disk_stat,
    .sync = disk_sync,
};

static int dev_open(void *file_system, const char *path, int flags, mode_t mode, struct file **file)
{
    struct block_device *device;
    int result = block_open(path + 1, &device);

    (void)file_system;
    (void)mode;
    if (result != 0) {
        return -ENOENT;
    }
    if ((flags & O_ACCMODE) != O_RDONLY && device->information.read_only) {
        return -EROFS;
    }
    *file = file_create(&disk_operations, device, flags);
    return *file == NULL ? -ENOMEM : 0;
}

static int dev_stat(void *file_system, const char *path, struct stat *status)
{
    struct block_device *device;

    (void)file_system;
    if (block_open(path + 1, &device) != 0) {
        return -ENOENT;
    }
    fill_status(device, status);
    return 0;
}

static const struct file_system_operations dev_operations = {.open = dev_open, .stat = dev_stat};

void block_mount(void)
{
    (void)file_mount("/dev", &dev_operations, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Files in memory (see ram_file.h). One list: there are a handful.
 */
#include "ram_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvk/file.h>

struct ram_file {
    struct ram_file *next;
    char *bytes;
    size_t length, room;
    char name[];
};

static struct ram_file *ram_files;

static struct ram_file *find(const char *name)
{
    struct ram_file *found = ram_files;

    while (found != NULL && strcmp(found->name, name) != 0) {
        found = found->next;
    }
    return found;
}

/* Room for `length` bytes, doubled so that appending stays cheap. */
static int reserve(struct ram_file *ram, size_t length)
{
    size_t room = ram->room != 0 ? ram->room : 4096;
    char *bytes;

    if (length <= ram->room) {
        return 0;
    }
    while (room < length) {
        room *= 2;
    }
    bytes = realloc(ram->bytes, room);
    if (bytes == NULL) {
        return -ENOSPC;
    }
    ram->bytes = bytes;
    ram->room = room;
    return 0;
}

static ssize_t ram_read(struct file *file, void *buffer, size_t count)
{
    const struct ram_file *ram = file->data;
    size_t position = (size_t)file->position;

    if (position >= ram->length) {
        return 0;
    }
    count = count < ram->length - position ? count : ram->length - position;
    memcpy(buffer, ram->bytes + position, count);
    file->position += (off_t)count;
    return (ssize_t)count;
}

static ssize_t ram_write(struct file *file, const void *buffer, size_t count)
{
    struct ram_file *ram = file->data;
    size_t position = (file->flags & O_APPEND) != 0 ? ram->length : (size_t)file->position;
    int error = position + count < position ? -EFBIG : reserve(ram, position + count);

    if (error < 0) {
        return error;
    }
    if (position > ram->length) {
        memset(ram->bytes + ram->length, 0, position - ram->length);
    }
    memcpy(ram->bytes + position, buffer, count);
    file->position = (off_t)(position + count);
    ram->length = ram->length > position + count ? ram->length : position + count;
    return (ssize_t)count;
}

static off_t ram_lseek(struct file *file, off_t offset, int whence)
{
    const struct ram_file *ram = file->data;
    off_t base = whence == SEEK_CUR ? file->position : whence == SEEK_END ? (off_t)ram->length : 0;

    if (base + offset < 0) {
        return -EINVAL;
    }
    file->position = base + offset;
    return file->position;
}

static void fill_status(const struct ram_file *ram, struct stat *status)
{
    memset(status, 0, sizeof(*status));
    status->st_mode = S_IFREG | 0644;
    status->st_size = (off_t)ram->length;
    status->st_nlink = 1;
    status->st_blksize = 4096;
}

static int ram_fstat(struct file *file, struct stat *status)
{
    fill_status(file->data, status);
    return 0;
}

static int ram_truncate(struct file *file, off_t length)
{
    struct ram_file *ram = file->data;
    int error = length < 0 ? -EINVAL : reserve(ram, (size_t)length);

    if (error < 0) {
        return error;
    }
    if ((size_t)length > ram->length) {
        memset(ram->bytes + ram->length, 0, (size_t)length - ram->length);
    }
    ram->length = (size_t)length;
    return 0;
}

static int ram_sync(struct file *file)
{
    (void)file;
    return 0;
}

static const struct file_operations ram_operations = {
    .read = ram_read,
    .write = ram_write,
    .lseek = ram_lseek,
    .stat = ram_fstat,
    .truncate = ram_truncate,
    .sync = ram_sync,
};

bool ram_file_exists(const char *name)
{
    return find(name) != NULL;
}

int ram_file_open(const char *name, int flags, struct file **file)
{
    struct ram_file *ram = find(name);

    if (ram == NULL) {
        return -ENOENT;
    }
    *file = file_create(&ram_operations, ram, flags);
    if (*file == NULL) {
        return -ENOMEM;
    }
    if ((flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY) {
        ram->length = 0;
    }
    return 0;
}

int ram_file_create(const char *name, const void *bytes, size_t length)
{
    size_t size = strlen(name) + 1;
    struct ram_file *ram = calloc(1, sizeof(*ram) + size);

    char *copy = malloc(length != 0 ? length : 1); /* a disk's image: not a byte more */

    if (ram == NULL || copy == NULL) {
        free(ram);
        free(copy);
        return -ENOMEM;
    }
    memcpy(ram->name, name, size);
    if (length != 0) {
        memcpy(copy, bytes, length);
    }
    ram->bytes = copy;
    ram->length = ram->room = length;
    ram->next = ram_files;
    ram_files = ram;
    return 0;
}

int ram_file_stat(const char *name, struct stat *status)
{
    const struct ram_file *ram = find(name);

    if (ram == NULL) {
        return -ENOENT;
    }
    fill_status(ram, status);
    return 0;
}

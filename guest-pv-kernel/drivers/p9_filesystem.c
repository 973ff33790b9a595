/* SPDX-License-Identifier: MIT */
/*
 * A 9P share as a file system (see p9_filesystem.h).
 *
 * Owns: struct open_file, one for each open file.
 * Invariant: 9PF1 the read-ahead holds bytes of this file as it was when they were read, and a
 *            write, truncation or position outside drops them.
 * Read next: p9_client.c.
 */
#include "p9_filesystem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvk/file.h>

#define READ_AHEAD  (64u * 1024u)
#define ENTRY_BATCH 32u

struct open_file {
    struct p9_client *client;
    uint32_t fid;
    bool direct;    /* O_DIRECT: no read-ahead */
    char *path;     /* for punch; NULL when there was no memory for it */
    uint8_t *ahead; /* READ_AHEAD bytes, made by the first small read */
    off_t ahead_offset;
    size_t ahead_length;
    struct p9_entry *entries; /* ENTRY_BATCH of them, made by the first readdir */
    unsigned int entry_count;
    unsigned int entry_next;
    uint64_t entry_offset;
};

/* One piece from the server, in place or through the read-ahead. */
static ssize_t read_piece(struct open_file *open_file, off_t position, void *buffer, size_t count)
{
    if (open_file->direct) {
        return p9_client_read(open_file->client, open_file->fid, (uint64_t)position, buffer, count);
    }
    if (position < open_file->ahead_offset ||
        position >= open_file->ahead_offset + (off_t)open_file->ahead_length) {
        if (count < READ_AHEAD && open_file->ahead == NULL) {
            open_file->ahead = malloc(READ_AHEAD);
        }
        if (count >= READ_AHEAD || open_file->ahead == NULL) {
            return p9_client_read(open_file->client, open_file->fid, (uint64_t)position, buffer,
                                  count);
        }
        open_file->ahead_length = 0;
        ssize_t got = p9_client_read(open_file->client, open_file->fid, (uint64_t)position,
                                     open_file->ahead, READ_AHEAD);
        if (got <= 0) {
            return got;
        }
        open_file->ahead_offset = position;
        open_file->ahead_length = (size_t)got;
    }
    size_t skip = (size_t)(position - open_file->ahead_offset);
    size_t left = open_file->ahead_length - skip;
    size_t taken = count < left ? count : left;
    memcpy(buffer, open_file->ahead + skip, taken);
    return (ssize_t)taken;
}

/* Fills the whole buffer, as a local file would: many callers take a short read for the end. */
static ssize_t read_file(struct file *file, void *buffer, size_t count)
{
    size_t done = 0;

    while (done < count) {
        ssize_t got = read_piece(file->data, file->position, (char *)buffer + done, count - done);
        if (got < 0) {
            return done != 0 ? (ssize_t)done : got;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
        file->position += got;
    }
    return (ssize_t)done;
}

static ssize_t write_file(struct file *file, const void *buffer, size_t count)
{
    struct open_file *open_file = file->data;

    open_file->ahead_length = 0;
    ssize_t written =
        p9_client_write(open_file->client, open_file->fid, (uint64_t)file->position, buffer, count);
    if (written > 0) {
        file->position += written;
    }
    return written;
}

static void fill_status(const struct p9_attributes *attributes, struct stat *status)
{
    /* The protocol's mode bits are Unix's, and so are newlib's. */
    memset(status, 0, sizeof(*status));
    status->st_ino = (ino_t)attributes->qid.path;
    status->st_mode = (mode_t)attributes->mode;
    status->st_nlink = (nlink_t)attributes->links;
    status->st_uid = (uid_t)attributes->uid;
    status->st_gid = (gid_t)attributes->gid;
    status->st_size = (off_t)attributes->size;
    status->st_blksize = (blksize_t)attributes->block_size;
    status->st_blocks = (blkcnt_t)attributes->blocks;
    status->st_mtime = (time_t)attributes->modified_s;
}

static int stat_file(struct file *file, struct stat *status)
{
    struct open_file *open_file = file->data;
    struct p9_attributes attributes;
    int result = p9_client_getattr(open_file->client, open_file->fid, &attributes);

    if (result == 0) {
        fill_status(&attributes, status);
    }
    return result;
}

static off_t seek_file(struct file *file, off_t offset, int whence)
{
    off_t base = 0;

    if (whence == SEEK_CUR) {
        base = file->position;
    } else if (whence == SEEK_END) {
        struct stat status;
        int result = stat_file(file, &status);
        if (result < 0) {
            return result;
        }
        base = status.st_size;
    } else if (whence != SEEK_SET) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &base) || base < 0) {
        return -EINVAL;
    }
    file->position = base;
    return base;
}

static int truncate_file(struct file *file, off_t length)
{
    struct open_file *open_file = file->data;

    open_file->ahead_length = 0;
    return p9_client_truncate(open_file->client, open_file->fid, (uint64_t)length);
}

static p9_filesystem_punch_t punch;

void p9_filesystem_punch_by(p9_filesystem_punch_t function)
{
    punch = function;
}

/* The protocol has no such message. */
static int punch_file(struct file *file, off_t offset, off_t length)
{
    struct open_file *open_file = file->data;

    open_file->ahead_length = 0;
    return punch == NULL || open_file->path == NULL ? -ENOTSUP
                                                    : punch(open_file->path, offset, length);
}

static int sync_file(struct file *file)
{
    struct open_file *open_file = file->data;

    return p9_client_fsync(open_file->client, open_file->fid);
}

/* Get the next batch of entries. The number, 0 at the end, or an error. */
static int fill_entries(struct open_file *open_file)
{
    if (open_file->entries == NULL) {
        open_file->entries = malloc(ENTRY_BATCH * sizeof(*open_file->entries));
        if (open_file->entries == NULL) {
            return -ENOMEM;
        }
    }
    int count = p9_client_readdir(open_file->client, open_file->fid, open_file->entry_offset,
                                  open_file->entries, ENTRY_BATCH);
    if (count > 0) {
        open_file->entry_count = (unsigned int)count;
        open_file->entry_next = 0;
        open_file->entry_offset = open_file->entries[count - 1].next_offset;
    }
    return count;
}

static int read_directory(struct file *file, struct file_entry *entry)
{
    struct open_file *open_file = file->data;

    if (file->position == 0) {
        open_file->entry_next = open_file->entry_count = 0;
        open_file->entry_offset = 0;
    }
    if (open_file->entry_next == open_file->entry_count) {
        int count = fill_entries(open_file);
        if (count <= 0) {
            return count;
        }
    }
    const struct p9_entry *from = &open_file->entries[open_file->entry_next++];
    entry->inode = from->qid.path;
    entry->type = from->type == 4 ? DT_DIR : from->type == 8 ? DT_REG : DT_UNKNOWN;
    memcpy(entry->name, from->name, sizeof(entry->name));
    file->position++;
    return 1;
}

static void close_file(struct file *file)
{
    struct open_file *open_file = file->data;

    (void)p9_client_clunk(open_file->client, open_file->fid);
    free(open_file->ahead);
    free(open_file->entries);
    free(open_file->path);
    free(open_file);
}

static const struct file_operations open_file_operations = {
    .read = read_file,
    .write = write_file,
    .lseek = seek_file,
    .stat = stat_file,
    .truncate = truncate_file,
    .sync = sync_file,
    .punch = punch_file,
    .readdir = read_directory,
    .close = close_file,
};

/* newlib's open flags differ from the protocol's. */
static uint32_t wire_flags(int flags)
{
    uint32_t wire = (flags & O_ACCMODE) == O_RDONLY   ? P9_OPEN_READ
                    : (flags & O_ACCMODE) == O_WRONLY ? P9_OPEN_WRITE
                                                      : P9_OPEN_BOTH;

    wire |= (flags & O_TRUNC) != 0 ? P9_OPEN_TRUNCATE : 0;
    wire |= (flags & O_APPEND) != 0 ? P9_OPEN_APPEND : 0;
    wire |= (flags & O_EXCL) != 0 ? P9_OPEN_EXCLUSIVE : 0;
    return wire;
}

static int open_existing(struct p9_client *client, const char *path, int flags, uint32_t *fid)
{
    int result = p9_client_walk(client, path, fid);

    if (result < 0) {
        return result;
    }
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        result = -EEXIST;
    } else {
        result = p9_client_open(client, *fid, wire_flags(flags));
    }
    if (result < 0) {
        (void)p9_client_clunk(client, *fid);
    }
    return result;
}

static int create_new(struct p9_client *client, const char *path, int flags, mode_t mode,
                      uint32_t *fid)
{
    const char *name;
    int result = p9_client_walk_parent(client, path, fid, &name);

    if (result < 0) {
        return result;
    }
    result = p9_client_create(client, *fid, name, wire_flags(flags), (uint32_t)mode & 0777u);
    if (result < 0) {
        (void)p9_client_clunk(client, *fid);
    }
    return result;
}

static int open_path(void *file_system, const char *path, int flags, mode_t mode,
                     struct file **file)
{
    struct p9_client *client = file_system;
    struct open_file *open_file = calloc(1, sizeof(*open_file));
    uint32_t fid;

    if (open_file == NULL) {
        return -ENOMEM;
    }
    int result = open_existing(client, path, flags, &fid);
    if (result == -ENOENT && (flags & O_CREAT) != 0) {
        result = create_new(client, path, flags, mode, &fid);
    }
    if (result == 0) {
        *open_file = (struct open_file){.client = client,
                                        .fid = fid,
                                        .direct = (flags & O_DIRECT) != 0,
                                        .path = strdup(path + strspn(path, "/"))};
        *file = file_create(&open_file_operations, open_file, flags);
        if (*file != NULL) {
            return 0;
        }
        free(open_file->path);
        (void)p9_client_clunk(client, fid);
        result = -ENOMEM;
    }
    free(open_file);
    return result;
}

static int stat_path(void *file_system, const char *path, struct stat *status)
{
    struct p9_client *client = file_system;
    struct p9_attributes attributes;
    uint32_t fid;
    int result = p9_client_walk(client, path, &fid);

    if (result < 0) {
        return result;
    }
    result = p9_client_getattr(client, fid, &attributes);
    (void)p9_client_clunk(client, fid);
    if (result == 0) {
        fill_status(&attributes, status);
    }
    return result;
}

static int remove_entry(struct p9_client *client, const char *path, bool directory)
{
    const char *name;
    uint32_t fid;
    int result = p9_client_walk_parent(client, path, &fid, &name);

    if (result == 0) {
        result = p9_client_unlink(client, fid, name, directory);
        (void)p9_client_clunk(client, fid);
    }
    return result;
}

static int unlink_path(void *file_system, const char *path)
{
    return remove_entry(file_system, path, false);
}

static int rmdir_path(void *file_system, const char *path)
{
    return remove_entry(file_system, path, true);
}

static int mkdir_path(void *file_system, const char *path, mode_t mode)
{
    struct p9_client *client = file_system;
    const char *name;
    uint32_t fid;
    int result = p9_client_walk_parent(client, path, &fid, &name);

    if (result == 0) {
        result = p9_client_mkdir(client, fid, name, (uint32_t)mode & 0777u);
        (void)p9_client_clunk(client, fid);
    }
    return result;
}

static int rename_path(void *file_system, const char *from, const char *to)
{
    struct p9_client *client = file_system;
    const char *from_name, *to_name;
    uint32_t from_fid, to_fid;
    int result = p9_client_walk_parent(client, from, &from_fid, &from_name);

    if (result < 0) {
        return result;
    }
    result = p9_client_walk_parent(client, to, &to_fid, &to_name);
    if (result == 0) {
        result = p9_client_rename(client, from_fid, from_name, to_fid, to_name);
        (void)p9_client_clunk(client, to_fid);
    }
    (void)p9_client_clunk(client, from_fid);
    return result;
}

static const struct file_system_operations file_system_operations = {
    .open = open_path,
    .stat = stat_path,
    .unlink = unlink_path,
    .rmdir = rmdir_path,
    .mkdir = mkdir_path,
    .rename = rename_path,
};

int p9_filesystem_mount(const char *prefix, struct p9_client *client)
{
    return file_mount(prefix, &file_system_operations, client);
}

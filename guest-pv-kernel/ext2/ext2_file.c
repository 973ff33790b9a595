/* SPDX-License-Identifier: MIT */
/*
 * Open files and directories.
 * Invariant EX2 (ext2.h). Read next: ../include/pvk/file.h
 */
#if __has_include(<ext2fs/ext2fs.h>)
#include "ext2.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a struct file has in `data`. */
struct open_file {
    struct ext2_mount *mount;
    struct ext2_node *node;
    struct file_entry *entries; /* of a directory, read at its first readdir */
    size_t nr_entries;
};

/* ---- nodes -------------------------------------------------------------------------------------- */

struct ext2_node *ext2_node_find(struct ext2_mount *mount, ext2_ino_t number)
{
    struct ext2_node *node = mount->nodes;

    while (node != NULL && node->number != number) {
        node = node->next;
    }
    return node;
}

int ext2_node_write_back(struct ext2_mount *mount, struct ext2_node *node)
{
    struct ext2_inode *inode = ext2fs_file_get_inode(node->handle);
    errcode_t code;

    if (!node->written) {
        return 0;
    }
    code = ext2fs_file_flush(node->handle);
    if (code == 0) {
        inode->i_mtime = inode->i_ctime = (__u32)time(NULL);
        code = ext2fs_write_inode(mount->system, node->number, inode);
    }
    node->written = code != 0;
    return ext2_channel_errno(code);
}

static int node_get(struct ext2_mount *mount, ext2_ino_t number, struct ext2_node **node)
{
    errcode_t code;

    *node = ext2_node_find(mount, number);
    if (*node == NULL) {
        *node = calloc(1, sizeof(**node));
        if (*node == NULL) {
            return -ENOMEM;
        }
        (*node)->number = number;
        code = ext2fs_file_open(mount->system, number, mount->writable ? EXT2_FILE_WRITE : 0,
                                &(*node)->handle);
        if (code != 0) {
            free(*node);
            return ext2_channel_errno(code);
        }
        (*node)->next = mount->nodes;
        mount->nodes = *node;
    }
    (*node)->nr_open++;
    return 0;
}

static void node_put(struct ext2_mount *mount, struct ext2_node *node)
{
    struct ext2_node **link = &mount->nodes;
    bool written = node->written;

    if (--node->nr_open > 0) {
        return;
    }
    (void)ext2_node_write_back(mount, node);
    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    (void)ext2fs_file_close(node->handle);
    if (node->nameless) {
        (void)ext2_free_inode(mount, node->number);
    }
    if (written || node->nameless) {
        (void)ext2_settle(mount);
    }
    free(node);
}

/* ---- reading and writing ------------------------------------------------------------------------ */

/* Most of one call of libext2fs: its counts are 32 bits wide. */
#define MOST_AT_ONCE (1u << 20)

static errcode_t transfer(ext2_file_t handle, char *buffer, unsigned int count, bool write,
                          unsigned int *done)
{
    return write ? ext2fs_file_write(handle, buffer, count, done)
                 : ext2fs_file_read(handle, buffer, count, done);
}

/* Under the lock, from file->position on. */
static ssize_t move_bytes(struct file *file, char *buffer, size_t count, bool write)
{
    struct open_file *open_file = file->data;
    ext2_file_t handle = open_file->node->handle;
    size_t total = 0;
    __u64 at;
    errcode_t code = ext2fs_file_llseek(handle, (__u64)file->position, EXT2_SEEK_SET, &at);

    while (code == 0 && total < count) {
        unsigned int piece =
            count - total < MOST_AT_ONCE ? (unsigned int)(count - total) : MOST_AT_ONCE;
        unsigned int done = 0;

        code = transfer(handle, buffer + total, piece, write, &done);
        total += done;
        if (done < piece) {
            break;
        }
    }
    file->position += (off_t)total;
    return total > 0 || code == 0 ? (ssize_t)total : ext2_channel_errno(code);
}

static ssize_t read_file(struct file *file, void *buffer, size_t count)
{
    struct open_file *open_file = file->data;
    ssize_t result;

    mutex_lock(&open_file->mount->lock);
    result = move_bytes(file, buffer, count, false);
    mutex_unlock(&open_file->mount->lock);
    return result;
}

static ssize_t write_file(struct file *file, const void *buffer, size_t count)
{
    struct open_file *open_file = file->data;
    ssize_t result;

    mutex_lock(&open_file->mount->lock);
    result = ext2_begin_change(open_file->mount);
    if (result == 0) {
        if ((file->flags & O_APPEND) != 0) {
            file->position = (off_t)EXT2_I_SIZE(ext2fs_file_get_inode(open_file->node->handle));
        }
        open_file->node->written = true;
        result = move_bytes(file, (char *)(uintptr_t)buffer, count, true);
    }
    mutex_unlock(&open_file->mount->lock);
    return result;
}

static int truncate_node(struct ext2_mount *mount, struct ext2_node *node, off_t length)
{
    int result = ext2_begin_change(mount);

    if (result == 0) {
        node->written = true;
        result = ext2_channel_errno(ext2fs_file_set_size2(node->handle, (ext2_off64_t)length));
    }
    return result;
}

static int truncate_file(struct file *file, off_t length)
{
    struct open_file *open_file = file->data;
    int result = -EINVAL;

    if (length >= 0) {
        mutex_lock(&open_file->mount->lock);
        result = truncate_node(open_file->mount, open_file->node, length);
        mutex_unlock(&open_file->mount->lock);
    }
    return result;
}

/* ---- the rest of a file ------------------------------------------------------------------------- */

void ext2_fill_status(const struct ext2_inode *inode, ext2_ino_t number, uint32_t block_size,
                      struct stat *status)
{
    /* The format's mode bits are Unix's, and so are newlib's. */
    memset(status, 0, sizeof(*status));
    status->st_ino = (ino_t)number;
    status->st_mode = (mode_t)inode->i_mode;
    status->st_nlink = (nlink_t)inode->i_links_count;
    status->st_uid = (uid_t)inode->i_uid;
    status->st_gid = (gid_t)inode->i_gid;
    status->st_size = (off_t)EXT2_I_SIZE(inode);
    status->st_blksize = (blksize_t)block_size;
    status->st_blocks = (blkcnt_t)inode->i_blocks;
    status->st_mtime = (time_t)inode->i_mtime;
    status->st_ctime = (time_t)inode->i_ctime;
    status->st_atime = (time_t)inode->i_atime;
}

static int stat_file(struct file *file, struct stat *status)
{
    struct open_file *open_file = file->data;

    ext2_fill_status(ext2fs_file_get_inode(open_file->node->handle), open_file->node->number,
                     open_file->mount->system->blocksize, status);
    return 0;
}

static off_t seek_file(struct file *file, off_t offset, int whence)
{
    struct open_file *open_file = file->data;
    off_t base = whence == SEEK_CUR ? file->position
                 : whence == SEEK_END
                     ? (off_t)EXT2_I_SIZE(ext2fs_file_get_inode(open_file->node->handle))
                     : 0;

    if ((whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) ||
        __builtin_add_overflow(base, offset, &base) || base < 0) {
        return -EINVAL;
    }
    file->position = base;
    return base;
}

static int sync_file(struct file *file)
{
    struct open_file *open_file = file->data;

    return ext2_sync(open_file->mount);
}

static void close_file(struct file *file)
{
    struct open_file *open_file = file->data;
    struct ext2_mount *mount = open_file->mount;

    mutex_lock(&mount->lock);
    node_put(mount, open_file->node);
    mutex_unlock(&mount->lock);
    free(open_file->entries);
    free(open_file);
}

/* ---- directories -------------------------------------------------------------------------------- */

static unsigned char kind_of(const struct ext2_dir_entry *dirent)
{
    int kind = ext2fs_dirent_file_type(dirent);

    return kind == EXT2_FT_DIR ? DT_DIR : kind == EXT2_FT_REG_FILE ? DT_REG : DT_UNKNOWN;
}

static int collect(ext2_ino_t directory, int entry, struct ext2_dir_entry *dirent, int offset,
                   int block_size, char *buffer, void *data)
{
    struct open_file *open_file = data;
    struct file_entry *more, *at;

    (void)directory;
    (void)offset;
    (void)block_size;
    (void)buffer;
    if (entry != DIRENT_OTHER_FILE) {
        return 0;
    }
    more = realloc(open_file->entries, (open_file->nr_entries + 1) * sizeof(*more));
    if (more == NULL) {
        return DIRENT_ABORT;
    }
    open_file->entries = more;
    at = &more[open_file->nr_entries++];
    memset(at, 0, sizeof(*at));
    at->inode = dirent->inode;
    at->type = kind_of(dirent);
    memcpy(at->name, dirent->name, (size_t)ext2fs_dirent_name_len(dirent));
    return 0;
}

static int read_directory(struct file *file, struct file_entry *entry)
{
    struct open_file *open_file = file->data;
    errcode_t code = 0;

    if (file->position == 0) {
        free(open_file->entries);
        open_file->entries = NULL;
        open_file->nr_entries = 0;
        mutex_lock(&open_file->mount->lock);
        code = ext2fs_dir_iterate2(open_file->mount->system, open_file->node->number, 0, NULL,
                                   collect, open_file);
        mutex_unlock(&open_file->mount->lock);
    }
    if (code != 0 || (size_t)file->position >= open_file->nr_entries) {
        return ext2_channel_errno(code);
    }
    *entry = open_file->entries[file->position++];
    return 1;
}

/* ---- opening ------------------------------------------------------------------------------------ */

static const struct file_operations operations = {
    .read = read_file,
    .write = write_file,
    .lseek = seek_file,
    .stat = stat_file,
    .truncate = truncate_file,
    .sync = sync_file,
    .close = close_file,
};

static const struct file_operations directory_operations = {
    .stat = stat_file,
    .sync = sync_file,
    .readdir = read_directory,
    .close = close_file,
};

static int create(struct ext2_mount *mount, const char *path, mode_t mode, ext2_ino_t *number)
{
    ext2_filsys system = mount->system;
    ext2_extent_handle_t extents;
    struct ext2_inode inode = {0};
    ext2_ino_t parent;
    const char *name;
    int result = ext2_parent(mount, path, &parent, &name);
    errcode_t code;

    if (result == 0) {
        result = ext2_begin_change(mount);
    }
    if (result == 0) {
        result = ext2_channel_errno(ext2fs_new_inode(system, parent, LINUX_S_IFREG, 0, number));
    }
    if (result == 0) {
        result = ext2_add_name(mount, parent, name, *number, EXT2_FT_REG_FILE);
    }
    if (result != 0) {
        return result;
    }
    ext2fs_inode_alloc_stats2(system, *number, 1, 0);
    inode.i_mode = (__u16)(LINUX_S_IFREG | (mode & 0777u));
    inode.i_atime = inode.i_ctime = inode.i_mtime = (__u32)time(NULL);
    inode.i_links_count = 1;
    code = ext2fs_write_new_inode(system, *number, &inode);
    if (code == 0 && ext2fs_has_feature_extents(system->super)) {
        code = ext2fs_extent_open(system, *number, &extents); /* writes an empty tree */
        if (code == 0) {
            ext2fs_extent_free(extents);
        }
    }
    return ext2_channel_errno(code);
}

/* The inode of a path, as the flags of open want it. */
static int find_or_create(struct ext2_mount *mount, const char *path, int flags, mode_t mode,
                          ext2_ino_t *number)
{
    int result = ext2_look_up(mount, path, number);

    if (result == -ENOENT && (flags & O_CREAT) != 0) {
        return mount->writable ? create(mount, path, mode, number) : -EROFS;
    }
    if (result != 0) {
        return result;
    }
    return (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0 ? -EEXIST : 0;
}

static int open_locked(struct ext2_mount *mount, const char *path, int flags, mode_t mode,
                       struct open_file *open_file, bool *directory)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
    const struct ext2_inode *inode;
    ext2_ino_t number;
    int result = find_or_create(mount, path, flags, mode, &number);

    if (result == 0) {
        result = node_get(mount, number, &open_file->node);
    }
    if (result != 0) {
        return result;
    }
    inode = ext2fs_file_get_inode(open_file->node->handle);
    *directory = LINUX_S_ISDIR(inode->i_mode);
    if (*directory && writes) {
        result = -EISDIR;
    } else if (!*directory && !LINUX_S_ISREG(inode->i_mode)) {
        result = -ENOTSUP; /* a device, a pipe */
    } else if (writes && !mount->writable) {
        result = -EROFS;
    } else if ((flags & O_TRUNC) != 0) {
        result = truncate_node(mount, open_file->node, 0);
    }
    if (result != 0) {
        node_put(mount, open_file->node);
    }
    return result;
}

int ext2_open(void *data, const char *path, int flags, mode_t mode, struct file **file)
{
    struct ext2_mount *mount = data;
    struct open_file *open_file = calloc(1, sizeof(*open_file));
    bool directory = false;
    int result;

    if (open_file == NULL) {
        return -ENOMEM;
    }
    open_file->mount = mount;
    mutex_lock(&mount->lock);
    result = open_locked(mount, path, flags, mode, open_file, &directory);
    if (result == 0) {
        *file = file_create(directory ? &directory_operations : &operations, open_file, flags);
        if (*file == NULL) {
            node_put(mount, open_file->node);
            result = -ENOMEM;
        }
    }
    /* A file that was made and is not written to settles here. */
    if (result == 0 && (flags & O_CREAT) != 0) {
        result = ext2_settle(mount);
        if (result != 0) {
            mutex_unlock(&mount->lock);
            file_put(*file);
            return result;
        }
    }
    mutex_unlock(&mount->lock);
    if (result != 0) {
        free(open_file);
    }
    return result;
}

#endif

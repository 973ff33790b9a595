/* SPDX-License-Identifier: MIT */
/*
 * Inside the ext2 file system: a mount, and the files that are open on it.
 * Owns: libext2fs's handle of a file system; one node for each open file, however often it is open.
 * Locks: libext2fs knows no threads: `lock` is held over every use of it.
 * Invariant EX1 (pvk/ext2.h). EX2: a node's handle is the only one of its inode, so that no two
 * buffers of a file differ; a name that goes while the file is open frees its blocks at the last close.
 * Read next: ext2_mount.c, ext2_names.c, ext2_file.c; ext2_channel.c is the way to the disk.
 */
#ifndef EXT2_EXT2_H
#define EXT2_EXT2_H

#if __has_include(<ext2fs/ext2fs.h>) /* else: ext2_absent.c */
#include <ext2fs/ext2fs.h>

#include <pvk/ext2.h>
#include <pvk/file.h>
#include <pvk/thread.h>

struct ext2_node {
    struct ext2_node *next;
    ext2_ino_t number;
    ext2_file_t handle;
    unsigned int nr_open;
    bool written;  /* since it was last settled */
    bool nameless; /* its last name is gone */
};

struct ext2_mount {
    ext2_filsys system;
    struct mutex lock;
    struct ext2_node *nodes;
    bool writable;
    bool changed; /* the disk says "not clean" */
};

/* ---- ext2_channel.c ----------------------------------------------------------------------------- */

extern io_manager ext2_channel_manager; /* its names are those of disks */
/* libext2fs's codes as negative errnos. */
int ext2_channel_errno(errcode_t code);

/* ---- ext2_mount.c ------------------------------------------------------------------------------- */

/* Before the first change since the disk was clean: say so on it. -EROFS, -EIO. */
int ext2_begin_change(struct ext2_mount *mount);
/* After a change: write out everything; clean again unless a file that was written to is open. */
int ext2_settle(struct ext2_mount *mount);

/* ---- ext2_names.c ------------------------------------------------------------------------------- */

/* The directory that holds `path`, and the name in it. -ENOENT, -ENOTDIR, -EINVAL (no name). */
int ext2_parent(struct ext2_mount *mount, const char *path, ext2_ino_t *parent, const char **name);
int ext2_look_up(struct ext2_mount *mount, const char *path, ext2_ino_t *number);
/* Makes a name; a directory grows when it must. */
int ext2_add_name(struct ext2_mount *mount, ext2_ino_t parent, const char *name, ext2_ino_t number,
                  int kind);
int ext2_unlink(void *mount, const char *path);
int ext2_rmdir(void *mount, const char *path);
int ext2_mkdir(void *mount, const char *path, mode_t mode);
int ext2_rename(void *mount, const char *from, const char *to);
int ext2_stat(void *mount, const char *path, struct stat *status);
/* Every block of it, its attributes and the inode itself. */
int ext2_free_inode(struct ext2_mount *mount, ext2_ino_t number);

/* ---- ext2_file.c -------------------------------------------------------------------------------- */

int ext2_open(void *mount, const char *path, int flags, mode_t mode, struct file **file);
void ext2_fill_status(const struct ext2_inode *inode, ext2_ino_t number, uint32_t block_size,
                      struct stat *status);
/* NULL: it is not open. */
struct ext2_node *ext2_node_find(struct ext2_mount *mount, ext2_ino_t number);
/* Its buffer and its times, to the disk. */
int ext2_node_write_back(struct ext2_mount *mount, struct ext2_node *node);

#endif
#endif

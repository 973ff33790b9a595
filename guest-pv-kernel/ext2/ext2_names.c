/* SPDX-License-Identifier: MIT */
/*
 * Names: looking up, making, removing and moving them.
 * Every call that changes something holds the lock, begins a change and settles it: see ext2_mount.c.
 * Read next: ext2_file.c
 */
#if __has_include(<ext2fs/ext2fs.h>)
#include "ext2.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* ---- looking up --------------------------------------------------------------------------------- */

int ext2_look_up(struct ext2_mount *mount, const char *path, ext2_ino_t *number)
{
    return ext2_channel_errno(
        ext2fs_namei_follow(mount->system, EXT2_ROOT_INO, EXT2_ROOT_INO, path, number));
}

int ext2_parent(struct ext2_mount *mount, const char *path, ext2_ino_t *parent, const char **name)
{
    char directory[1024];
    const char *slash = strrchr(path, '/');
    size_t length = (size_t)(slash - path);
    int result;

    *name = slash + 1;
    if (**name == '\0') {
        return -EINVAL; /* the root itself */
    }
    if (strlen(*name) > EXT2_NAME_LEN || length + 2 > sizeof(directory)) {
        return -ENAMETOOLONG;
    }
    memcpy(directory, path, length);
    strcpy(directory + length, length == 0 ? "/" : "");
    result = ext2_look_up(mount, directory, parent);
    if (result == 0) {
        result = ext2_channel_errno(ext2fs_check_directory(mount->system, *parent));
    }
    return result;
}

static int child(struct ext2_mount *mount, ext2_ino_t parent, const char *name, ext2_ino_t *number)
{
    return ext2_channel_errno(
        ext2fs_lookup(mount->system, parent, name, (int)strlen(name), NULL, number));
}

int ext2_stat(void *data, const char *path, struct stat *status)
{
    struct ext2_mount *mount = data;
    struct ext2_inode inode;
    ext2_ino_t number;
    int result;

    mutex_lock(&mount->lock);
    result = ext2_look_up(mount, path, &number);
    if (result == 0) {
        result = ext2_channel_errno(ext2fs_read_inode(mount->system, number, &inode));
    }
    if (result == 0) {
        ext2_fill_status(&inode, number, mount->system->blocksize, status);
    }
    mutex_unlock(&mount->lock);
    return result;
}

/* ---- names and inodes --------------------------------------------------------------------------- */

int ext2_add_name(struct ext2_mount *mount, ext2_ino_t parent, const char *name, ext2_ino_t number,
                  int kind)
{
    errcode_t code = ext2fs_link(mount->system, parent, name, number, kind);

    if (code == EXT2_ET_DIR_NO_SPACE) {
        code = ext2fs_expand_dir(mount->system, parent);
        code = code != 0 ? code : ext2fs_link(mount->system, parent, name, number, kind);
    }
    return ext2_channel_errno(code);
}

int ext2_free_inode(struct ext2_mount *mount, ext2_ino_t number)
{
    ext2_filsys system = mount->system;
    struct ext2_inode_large inode;
    struct ext2_inode *small = (struct ext2_inode *)&inode;
    errcode_t code = ext2fs_read_inode_full(system, number, small, sizeof(inode));
    bool directory = LINUX_S_ISDIR(inode.i_mode);

    if (code == 0 && ext2fs_file_acl_block(system, small) != 0) {
        code = ext2fs_free_ext_attr(system, number, &inode);
    }
    if (code == 0 && ext2fs_inode_has_valid_blocks2(system, small)) {
        code = ext2fs_punch(system, number, small, NULL, 0, ~0ull);
    }
    if (code == 0) {
        inode.i_links_count = 0;
        inode.i_dtime = (__u32)time(NULL);
        code = ext2fs_write_inode_full(system, number, small, sizeof(inode));
    }
    if (code == 0) {
        ext2fs_inode_alloc_stats2(system, number, -1, directory);
    }
    return ext2_channel_errno(code);
}

/* `by` more links, or fewer. *left may be NULL. An open file's copy of its inode goes with it. */
static int change_links(struct ext2_mount *mount, ext2_ino_t number, int by, unsigned int *left)
{
    struct ext2_node *node = ext2_node_find(mount, number);
    struct ext2_inode inode;
    errcode_t code;

    if (node != NULL) {
        int result = ext2_node_write_back(mount, node);

        if (result != 0) {
            return result;
        }
    }
    code = ext2fs_read_inode(mount->system, number, &inode);
    if (code == 0) {
        inode.i_links_count = (__u16)(inode.i_links_count + by);
        inode.i_ctime = (__u32)time(NULL);
        code = ext2fs_write_inode(mount->system, number, &inode);
    }
    if (code == 0 && node != NULL) {
        *ext2fs_file_get_inode(node->handle) = inode;
    }
    if (left != NULL) {
        *left = inode.i_links_count;
    }
    return ext2_channel_errno(code);
}

/* A file's name goes, and with its last one the file, unless it is open. */
static int remove_file_name(struct ext2_mount *mount, ext2_ino_t parent, const char *name,
                            ext2_ino_t number)
{
    int result = ext2_channel_errno(ext2fs_unlink(mount->system, parent, name, number, 0));
    struct ext2_node *node = ext2_node_find(mount, number);
    unsigned int left = 1;

    if (result == 0) {
        result = change_links(mount, number, -1, &left);
    }
    if (result != 0 || left > 0) {
        return result;
    }
    if (node != NULL) {
        node->nameless = true;
        return 0;
    }
    return ext2_free_inode(mount, number);
}

/* ---- unlink, rmdir ------------------------------------------------------------------------------ */

static int find_other_than_dots(ext2_ino_t directory, int entry, struct ext2_dir_entry *dirent,
                                int offset, int block_size, char *buffer, void *found)
{
    (void)directory;
    (void)dirent;
    (void)offset;
    (void)block_size;
    (void)buffer;
    if (entry == DIRENT_OTHER_FILE) {
        *(bool *)found = true;
        return DIRENT_ABORT;
    }
    return 0;
}

static int remove_directory_name(struct ext2_mount *mount, ext2_ino_t parent, const char *name,
                                 ext2_ino_t number)
{
    bool occupied = false;
    int result = ext2_channel_errno(
        ext2fs_dir_iterate2(mount->system, number, 0, NULL, find_other_than_dots, &occupied));

    if (result == 0 && occupied) {
        result = -ENOTEMPTY;
    }
    if (result == 0) {
        result = ext2_channel_errno(ext2fs_unlink(mount->system, parent, name, number, 0));
    }
    if (result == 0) {
        result = change_links(mount, parent, -1, NULL); /* its ".." */
    }
    return result != 0 ? result : ext2_free_inode(mount, number);
}

/* Whichever it is; `directory` 0 or 1 asks for one of them. */
static int remove_name(struct ext2_mount *mount, ext2_ino_t parent, const char *name,
                       ext2_ino_t number, int directory)
{
    bool is_directory = ext2fs_check_directory(mount->system, number) == 0;

    if (is_directory != (directory != 0)) {
        return is_directory ? -EISDIR : -ENOTDIR;
    }
    return is_directory ? remove_directory_name(mount, parent, name, number)
                        : remove_file_name(mount, parent, name, number);
}

/* Locked, begun and settled around what changes names. */
static int begin(struct ext2_mount *mount)
{
    mutex_lock(&mount->lock);
    return ext2_begin_change(mount);
}

static int end(struct ext2_mount *mount, int result)
{
    int settled = ext2_settle(mount);

    mutex_unlock(&mount->lock);
    return result != 0 ? result : settled;
}

static int remove_path(struct ext2_mount *mount, const char *path, int directory)
{
    ext2_ino_t parent, number;
    const char *name;
    int result = begin(mount);

    if (result == 0) {
        result = ext2_parent(mount, path, &parent, &name);
    }
    if (result == 0) {
        result = child(mount, parent, name, &number);
    }
    if (result == 0) {
        result = remove_name(mount, parent, name, number, directory);
    }
    return end(mount, result);
}

int ext2_unlink(void *mount, const char *path)
{
    return remove_path(mount, path, 0);
}

int ext2_rmdir(void *mount, const char *path)
{
    return remove_path(mount, path, 1);
}

/* ---- mkdir, rename ------------------------------------------------------------------------------ */

int ext2_mkdir(void *data, const char *path, mode_t mode)
{
    struct ext2_mount *mount = data;
    ext2_ino_t parent, number;
    const char *name;
    int result = begin(mount);
    errcode_t code;

    (void)mode;
    if (result == 0) {
        result = ext2_parent(mount, path, &parent, &name);
        result = result == -EINVAL ? -EEXIST : result;
    }
    if (result == 0 && child(mount, parent, name, &number) == 0) {
        result = -EEXIST;
    }
    if (result == 0) {
        code = ext2fs_mkdir(mount->system, parent, 0, name);
        if (code == EXT2_ET_DIR_NO_SPACE) {
            code = ext2fs_expand_dir(mount->system, parent);
            code = code != 0 ? code : ext2fs_mkdir(mount->system, parent, 0, name);
        }
        result = ext2_channel_errno(code);
    }
    return end(mount, result);
}

struct new_parent {
    ext2_ino_t number;
};

static int point_dots_at(ext2_ino_t directory, int entry, struct ext2_dir_entry *dirent, int offset,
                         int block_size, char *buffer, void *data)
{
    (void)directory;
    (void)offset;
    (void)block_size;
    (void)buffer;
    if (entry != DIRENT_DOT_DOT_FILE) {
        return 0;
    }
    dirent->inode = ((const struct new_parent *)data)->number;
    return DIRENT_CHANGED | DIRENT_ABORT;
}

static int move(struct ext2_mount *mount, ext2_ino_t from, const char *from_name, ext2_ino_t to,
                const char *to_name, ext2_ino_t number)
{
    bool directory = ext2fs_check_directory(mount->system, number) == 0;
    struct new_parent parent = {to};
    ext2_ino_t other;
    int result = child(mount, to, to_name, &other);

    if (result == 0 && other == number) {
        return 0;
    }
    if (result == 0) {
        result = remove_name(mount, to, to_name, other, directory);
    } else if (result == -ENOENT) {
        result = 0;
    }
    if (result == 0) {
        result =
            ext2_add_name(mount, to, to_name, number, directory ? EXT2_FT_DIR : EXT2_FT_REG_FILE);
    }
    if (result == 0) {
        result = ext2_channel_errno(ext2fs_unlink(mount->system, from, from_name, number, 0));
    }
    if (result == 0 && directory && from != to) {
        result = ext2_channel_errno(
            ext2fs_dir_iterate2(mount->system, number, 0, NULL, point_dots_at, &parent));
        result = result != 0 ? result : change_links(mount, to, 1, NULL);
        result = result != 0 ? result : change_links(mount, from, -1, NULL);
    }
    return result;
}

int ext2_rename(void *data, const char *from, const char *to)
{
    struct ext2_mount *mount = data;
    ext2_ino_t from_parent, to_parent, number;
    const char *from_name, *to_name;
    size_t length = strlen(from);
    int result = begin(mount);

    if (result == 0) {
        result = ext2_parent(mount, from, &from_parent, &from_name);
    }
    if (result == 0) {
        result = child(mount, from_parent, from_name, &number);
    }
    if (result == 0) {
        result = ext2_parent(mount, to, &to_parent, &to_name);
    }
    /* A directory cannot move into itself. */
    if (result == 0 && strncmp(from, to, length) == 0 && to[length] == '/') {
        result = -EINVAL;
    }
    if (result == 0) {
        result = move(mount, from_parent, from_name, to_parent, to_name, number);
    }
    return end(mount, result);
}

#endif

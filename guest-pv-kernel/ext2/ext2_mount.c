/* SPDX-License-Identifier: MIT */
/*
 * Mounting a file system, and keeping the disk's idea of it clean.
 * The superblock says "not clean" from the first change until everything that belongs to it is written;
 * that is after each call that changes names, and when the last written file is closed or fsync'ed.
 * Invariant EX1 (pvk/ext2.h). Read next: ext2_names.c
 */
#if __has_include(<ext2fs/ext2fs.h>)
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>

#include <pvk/block.h>
#include <pvk/console.h>

static const struct file_system_operations operations = {
    .open = ext2_open,
    .stat = ext2_stat,
    .unlink = ext2_unlink,
    .rmdir = ext2_rmdir,
    .mkdir = ext2_mkdir,
    .rename = ext2_rename,
};

int ext2_begin_change(struct ext2_mount *mount)
{
    ext2_filsys system = mount->system;
    errcode_t code;

    if (!mount->writable) {
        return -EROFS;
    }
    if (mount->changed) {
        return 0;
    }
    system->super->s_state &= (__u16)~EXT2_VALID_FS;
    ext2fs_mark_super_dirty(system);
    system->flags |= EXT2_FLAG_SUPER_ONLY;
    code = ext2fs_flush2(system, EXT2_FLAG_FLUSH_NO_SYNC);
    system->flags &= ~EXT2_FLAG_SUPER_ONLY;
    mount->changed = code == 0;
    return ext2_channel_errno(code);
}

int ext2_settle(struct ext2_mount *mount)
{
    bool clean = true;
    int result = 0;
    errcode_t code;

    if (!mount->changed) {
        return 0;
    }
    for (struct ext2_node *node = mount->nodes; node != NULL && result == 0; node = node->next) {
        result = ext2_node_write_back(mount, node);
        clean = clean && !node->nameless;
    }
    if (result == 0) {
        if (clean) {
            mount->system->super->s_state |= EXT2_VALID_FS;
        }
        ext2fs_mark_super_dirty(mount->system);
        code = ext2fs_flush2(mount->system, EXT2_FLAG_FLUSH_NO_SYNC);
        result = ext2_channel_errno(code);
        mount->changed = result != 0 || !clean;
    }
    if (mount->changed) {
        mount->system->super->s_state &= (__u16)~EXT2_VALID_FS;
    }
    return result;
}

int ext2_sync(struct ext2_mount *mount)
{
    int result;

    mutex_lock(&mount->lock);
    result = ext2_settle(mount);
    if (result == 0) {
        result = ext2_channel_errno(io_channel_flush(mount->system->io));
    }
    mutex_unlock(&mount->lock);
    return result;
}

void ext2_usage(struct ext2_mount *mount, struct ext2_usage *usage)
{
    struct ext2_super_block *super = mount->system->super;

    *usage = (struct ext2_usage){
        .block_size = mount->system->blocksize,
        .blocks = ext2fs_blocks_count(super),
        .blocks_free = ext2fs_free_blocks_count(super),
        .inodes = super->s_inodes_count,
        .inodes_free = super->s_free_inodes_count,
    };
}

/* What forbids to write to it; NULL: nothing. */
static const char *why_not_writable(ext2_filsys system)
{
    if (ext2fs_has_feature_journal_needs_recovery(system->super)) {
        return "its journal has to be replayed";
    }
    if ((system->super->s_state & EXT2_VALID_FS) == 0) {
        return "it was not left clean";
    }
    if ((system->super->s_state & EXT2_ERROR_FS) != 0) {
        return "errors were found in it";
    }
    if (ext2fs_has_feature_inline_data(system->super)) {
        return "it keeps small files in their inodes (inline_data)";
    }
    return NULL;
}

static bool longer_than_disk(ext2_filsys system)
{
    struct block_information disk;

    return block_information(system->io->private_data, &disk) != 0 ||
           ext2fs_blocks_count(system->super) > disk.nr_sectors / (system->blocksize / 512u);
}

static int open_system(struct ext2_mount *mount, const char *disk)
{
    int flags = EXT2_FLAG_64BITS | (mount->writable ? EXT2_FLAG_RW : 0);
    errcode_t code = ext2fs_open2(disk, NULL, flags, 0, 0, ext2_channel_manager, &mount->system);
    const char *why = NULL;

    if (code == 0 && mount->writable) {
        why = longer_than_disk(mount->system) ? "it is longer than its disk"
                                              : why_not_writable(mount->system);
        code = why != NULL ? EXT2_ET_RO_FILSYS : ext2fs_read_bitmaps(mount->system);
        mount->system->flags |= EXT2_FLAG_MASTER_SB_ONLY;
    }
    if (why != NULL) {
        console_printf("%s: %s: it can be mounted read-only; e2fsck may help\n", disk, why);
    }
    if (code != 0 && mount->system != NULL) {
        ext2fs_free(mount->system);
    }
    return ext2_channel_errno(code);
}

int ext2_mount(const char *disk, const char *prefix, bool writable, struct ext2_mount **handle)
{
    struct ext2_mount *mount = calloc(1, sizeof(*mount));
    int result = mount == NULL ? -ENOMEM : 0;

    if (result == 0) {
        mount->writable = writable;
        result = open_system(mount, disk);
    }
    if (result == 0) {
        result = file_mount(prefix, &operations, mount);
        if (result != 0) {
            ext2fs_free(mount->system);
        }
    }
    if (result != 0) {
        free(mount);
        return result;
    }
    if (handle != NULL) {
        *handle = mount;
    }
    return 0;
}

#endif

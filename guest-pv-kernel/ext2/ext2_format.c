/* SPDX-License-Identifier: MIT */
/*
 * A new file system: what mke2fs does, for a disk as a whole and with its defaults for ext2.
 * Read next: ext2_mount.c
 */
#if __has_include(<ext2fs/ext2fs.h>)
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pvk/block.h>
#include <pvk/time.h>

#define BLOCK_LOG_SIZE   2u /* 1024 << 2: 4 KiB */
#define BLOCK_SIZE       4096u
#define INODE_SIZE       256u
#define BYTES_PER_INODE  16384u
#define RESERVED_PERCENT 5u

/* Inode tables are read before they are written: they must not hold what was there. */
static errcode_t clear_inode_tables(ext2_filsys system)
{
    for (dgrp_t group = 0; group < system->group_desc_count; group++) {
        errcode_t code = ext2fs_zero_blocks2(system, ext2fs_inode_table_loc(system, group),
                                             (int)system->inode_blocks_per_group, NULL, NULL);

        if (code != 0) {
            return code;
        }
    }
    return ext2fs_zero_blocks2(NULL, 0, 0, NULL, NULL); /* its buffer */
}

static errcode_t make_root(ext2_filsys system)
{
    errcode_t code = ext2fs_mkdir(system, EXT2_ROOT_INO, EXT2_ROOT_INO, 0);

    system->umask = 077;
    if (code == 0) {
        code = ext2fs_mkdir(system, EXT2_ROOT_INO, 0, "lost+found");
    }
    for (ext2_ino_t i = EXT2_ROOT_INO + 1; code == 0 && i < EXT2_FIRST_INODE(system->super); i++) {
        ext2fs_inode_alloc_stats2(system, i, 1, 0);
    }
    if (code == 0) {
        ext2fs_inode_alloc_stats2(system, EXT2_BAD_INO, 1, 0);
    }
    return code;
}

static void name_it(struct ext2_super_block *super, const char *label)
{
    uint64_t seed = time_monotonic_ns() ^ (uint64_t)time(NULL) << 32;

    strncpy((char *)super->s_volume_name, label, sizeof(super->s_volume_name));
    for (size_t i = 0; i < sizeof(super->s_uuid); i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        super->s_uuid[i] = (__u8)(seed >> 56);
    }
    super->s_uuid[6] = (__u8)((super->s_uuid[6] & 0x0fu) | 0x40u); /* a random one */
    super->s_uuid[8] = (__u8)((super->s_uuid[8] & 0x3fu) | 0x80u);
}

int ext2_format(const char *disk, const char *label)
{
    struct ext2_super_block wanted = {0};
    struct block_device *device;
    struct block_information information;
    ext2_filsys system;
    errcode_t code;
    int result = block_open(disk, &device);

    result = result != 0 ? result : block_information(device, &information);
    if (result != 0) {
        return result;
    }
    wanted.s_log_block_size = BLOCK_LOG_SIZE;
    wanted.s_rev_level = EXT2_DYNAMIC_REV;
    wanted.s_inode_size = INODE_SIZE;
    wanted.s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE;
    wanted.s_feature_ro_compat =
        EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE;
    wanted.s_creator_os = EXT2_OS_LINUX;
    ext2fs_blocks_count_set(&wanted, information.nr_sectors / (BLOCK_SIZE / 512));
    ext2fs_r_blocks_count_set(&wanted, ext2fs_blocks_count(&wanted) * RESERVED_PERCENT / 100);
    wanted.s_inodes_count = (__u32)(ext2fs_blocks_count(&wanted) * BLOCK_SIZE / BYTES_PER_INODE);
    code = ext2fs_initialize(disk, EXT2_FLAG_64BITS, &wanted, ext2_channel_manager, &system);
    if (code != 0) {
        return ext2_channel_errno(code);
    }
    name_it(system->super, label);
    code = ext2fs_allocate_tables(system);
    code = code != 0 ? code : clear_inode_tables(system);
    code = code != 0 ? code : make_root(system);
    result = ext2_channel_errno(code != 0 ? code : ext2fs_flush(system));
    ext2fs_free(system);
    return result;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * File systems of the ext2 family on virtual disks, under newlib's names: libext2fs does the format.
 * What it cannot do it refuses: a file system that was not left clean, or whose journal has to be
 * replayed, is not written to before e2fsck has seen it.
 * An image links against libext2.a (guest-pv-kernel/ext2/build.mk).
 * Invariant EX1: whenever no file that was written to is open and no call is under way, the disk holds
 * a clean file system with everything in it; after fsync() of any file so does the medium.
 * Read next: ../../ext2/ext2_mount.c
 */
#ifndef PVK_EXT2_H
#define PVK_EXT2_H

#include <stdbool.h>
#include <stdint.h>

struct ext2_mount;

/* A new, empty file system on the whole of a disk ("xvda"), whatever was there. -ENODEV, -EROFS,
 * -EINVAL it is too small, -EIO, -ENOTSUP libext2fs is not in this image. */
int ext2_format(const char *disk, const char *label);

/* Its files appear below `prefix` ("/" or "/name"). *mount may be NULL. -ENODEV no such disk; -EINVAL
 * no such file system on it; -EBUSY the prefix is taken; -EROFS writable, but the disk is not, or the
 * file system may not be written (see above); -ENOTSUP as above, or it has features that libext2fs
 * does not know; -EIO, -ENOMEM. */
int ext2_mount(const char *disk, const char *prefix, bool writable, struct ext2_mount **mount);

/* Everything that was written is on the medium. */
int ext2_sync(struct ext2_mount *mount);

struct ext2_usage {
    uint32_t block_size;
    uint64_t blocks, blocks_free;
    uint64_t inodes, inodes_free;
};
void ext2_usage(struct ext2_mount *mount, struct ext2_usage *usage);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * libext2fs's way to a disk: an io_manager over the block front end.
 * Owns: struct io channel of each open file system. Nothing is cached: what was answered is the disk's.
 * Read next: ext2_mount.c
 */
#if __has_include(<ext2fs/ext2fs.h>)
#include "ext2.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/block.h>
#include <pvk/console.h>

#define SECTOR 512u

static errcode_t code_of(int result)
{
    return -result;
}

static errcode_t channel_open(const char *name, int flags, io_channel *channel)
{
    struct block_device *device;
    struct block_information disk;
    int result = block_open(name, &device);

    if (result == 0) {
        result = block_information(device, &disk);
    }
    if (result == 0 && (flags & IO_FLAG_RW) != 0 && disk.read_only) {
        result = -EROFS;
    }
    if (result != 0) {
        return code_of(result);
    }
    *channel = calloc(1, sizeof(**channel));
    if (*channel == NULL) {
        return EXT2_ET_NO_MEMORY;
    }
    (*channel)->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    (*channel)->manager = ext2_channel_manager;
    (*channel)->name = strdup(name);
    (*channel)->block_size = 1024;
    (*channel)->refcount = 1;
    (*channel)->flags = CHANNEL_FLAGS_BLOCK_DEVICE;
    (*channel)->private_data = device;
    return 0;
}

static errcode_t channel_close(io_channel channel)
{
    if (--channel->refcount == 0) {
        free(channel->name);
        free(channel);
    }
    return 0;
}

static errcode_t channel_set_block_size(io_channel channel, int block_size)
{
    channel->block_size = block_size;
    return 0;
}

/* A negative count is one of bytes; the format reads and writes whole sectors only. */
static size_t bytes_of(io_channel channel, int count)
{
    return count < 0 ? (size_t) - (long)count : (size_t)count * (size_t)channel->block_size;
}

static uint64_t sector_of(io_channel channel, unsigned long long block)
{
    return block * ((uint64_t)channel->block_size / SECTOR);
}

static errcode_t channel_read(io_channel channel, unsigned long long block, int count, void *data)
{
    return code_of(block_read(channel->private_data, sector_of(channel, block), data,
                              bytes_of(channel, count)));
}

static errcode_t channel_write(io_channel channel, unsigned long long block, int count,
                               const void *data)
{
    return code_of(block_write(channel->private_data, sector_of(channel, block), data,
                               bytes_of(channel, count)));
}

static errcode_t channel_read_32(io_channel channel, unsigned long block, int count, void *data)
{
    return channel_read(channel, block, count, data);
}

static errcode_t channel_write_32(io_channel channel, unsigned long block, int count,
                                  const void *data)
{
    return channel_write(channel, block, count, data);
}

static errcode_t channel_flush(io_channel channel)
{
    return code_of(block_flush(channel->private_data));
}

static struct struct_io_manager manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "virtual disks",
    .open = channel_open,
    .close = channel_close,
    .set_blksize = channel_set_block_size,
    .read_blk = channel_read_32,
    .write_blk = channel_write_32,
    .flush = channel_flush,
    .read_blk64 = channel_read,
    .write_blk64 = channel_write,
};

io_manager ext2_channel_manager = &manager;

/* libext2fs calls this when it finds its own bookkeeping wrong, beside returning a code. */
void com_err(const char *who, errcode_t code, const char *format, ...)
{
    char text[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    console_printf("ext2: %s: %s (code %lx)\n", who != NULL ? who : "libext2fs", text,
                   (unsigned long)code);
}

int ext2_channel_errno(errcode_t code)
{
    static const struct {
        errcode_t code;
        int error;
    } table[] = {
        {EXT2_ET_FILE_NOT_FOUND, ENOENT},
        {EXT2_ET_NO_DIRECTORY, ENOTDIR},
        {EXT2_ET_DIR_EXISTS, EEXIST},
        {EXT2_ET_FILE_EXISTS, EEXIST},
        {EXT2_ET_BLOCK_ALLOC_FAIL, ENOSPC},
        {EXT2_ET_INODE_ALLOC_FAIL, ENOSPC},
        {EXT2_ET_NO_MEMORY, ENOMEM},
        {EXT2_ET_SYMLINK_LOOP, ELOOP},
        {EXT2_ET_FILE_TOO_BIG, EFBIG},
        {EXT2_ET_RO_FILSYS, EROFS},
        {EXT2_ET_FILE_RO, EBADF},
        {EXT2_ET_BAD_MAGIC, EINVAL},
        {EXT2_ET_TOOSMALL, EINVAL},
        {EXT2_ET_INVALID_ARGUMENT, EINVAL},
        {EXT2_ET_CORRUPT_SUPERBLOCK, EINVAL},
        {EXT2_ET_SB_CSUM_INVALID, EINVAL},
        {EXT2_ET_UNSUPP_FEATURE, ENOTSUP},
        {EXT2_ET_RO_UNSUPP_FEATURE, ENOTSUP},
        {EXT2_ET_EXTERNAL_JOURNAL_NOSUPP, ENOTSUP},
    };

    if (code >= 0 && code < EXT2_ET_BASE && code < 1024) {
        return -(int)code; /* what a disk answered */
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].code == code) {
            return -table[i].error;
        }
    }
    return -EIO;
}

#endif

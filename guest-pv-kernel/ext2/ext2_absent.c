/* SPDX-License-Identifier: MIT */
/*
 * What an image has instead when libext2fs's source could not be had: calls that say so.
 * Read next: build.mk
 */
#if !__has_include(<ext2fs/ext2fs.h>)
#include <errno.h>
#include <string.h>

#include <pvk/console.h>
#include <pvk/ext2.h>

static int absent(void)
{
    console_printf("ext2: this image was built without libext2fs (`make fetch` gets its source)\n");
    return -ENOTSUP;
}

int ext2_format(const char *disk, const char *label)
{
    (void)disk;
    (void)label;
    return absent();
}

int ext2_mount(const char *disk, const char *prefix, bool writable, struct ext2_mount **mount)
{
    (void)disk;
    (void)prefix;
    (void)writable;
    (void)mount;
    return absent();
}

int ext2_sync(struct ext2_mount *mount)
{
    (void)mount;
    return absent();
}

void ext2_usage(struct ext2_mount *mount, struct ext2_usage *usage)
{
    (void)mount;
    memset(usage, 0, sizeof(*usage));
}

#endif

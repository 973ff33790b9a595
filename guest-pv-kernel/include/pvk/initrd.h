/* SPDX-License-Identifier: MIT */
/*
 * The initial RAM disk: a cpio archive (newc) in memory, mounted read-only at "/".
 */
#ifndef PVK_INITRD_H
#define PVK_INITRD_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Mounts an archive; the memory stays in use. 0; -EINVAL: not a newc archive; -ENOMEM. */
int initrd_mount(const void *archive, size_t length);

/* The bytes of a regular file in it, without a copy; NULL: no such file. */
const void *initrd_find(const char *path, size_t *length);

#ifdef __cplusplus
}
#endif

#endif

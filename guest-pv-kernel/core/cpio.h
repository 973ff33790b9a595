/* SPDX-License-Identifier: MIT */
/*
 * Reading a cpio archive in the "newc" format from memory, trusting nothing in it.
 */
#ifndef CPIO_H
#define CPIO_H

#include <stddef.h>
#include <stdint.h>

struct cpio_entry {
    const char *name; /* as stored, NUL-terminated */
    const char *data;
    size_t length;
    uint32_t mode;     /* S_IF* and permissions */
    uint32_t modified; /* seconds since 1970 */
};

/* Reads the entry at *offset and moves it to the next. Archives may be joined, each with its trailer.
 * 1: an entry; 0: the end; -1: damaged. */
int cpio_next(const void *archive, size_t length, size_t *offset, struct cpio_entry *entry);

#endif

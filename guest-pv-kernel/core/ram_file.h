/* SPDX-License-Identifier: MIT */
/*
 * Files in memory: what is written to the initrd's file system. A file of the archive is copied when it is
 * first opened for writing, so the archive stays as it was loaded.
 * Owns: the files, until the domain ends. Read next: initrd.c
 */
#ifndef CORE_RAM_FILE_H
#define CORE_RAM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct file;

/* A file of that name that was written before; `name` has no slash in front. */
bool ram_file_exists(const char *name);

/* Opens it. 0; -ENOENT. */
int ram_file_open(const char *name, int flags, struct file **file);

/* Makes it with that content. 0; -ENOMEM. */
int ram_file_create(const char *name, const void *bytes, size_t length);

/* 0; -ENOENT. */
int ram_file_stat(const char *name, struct stat *status);

#endif

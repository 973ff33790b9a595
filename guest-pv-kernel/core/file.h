/* SPDX-License-Identifier: MIT */
/*
 * Inside the file layer.
 */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <pvk/file.h>

struct file_mount;

/* Absolute path (no "." or "..", no double slash) of `path` from the current directory, in
 * PROCESS_PATH_MAX bytes. -ENAMETOOLONG. */
int file_absolute_path(const char *path, char *absolute);

/* The mount that holds an absolute path, and the rest of the path in it ("/..."). */
const struct file_mount *file_find_mount(const char *absolute, const char **rest);

struct file_mount {
    struct file_mount *next;
    const struct file_system_operations *operations;
    void *file_system;
    size_t prefix_length;
    char prefix[];
};

/* Names of the mounts right below a directory: index counts; NULL: no more. */
const char *file_mount_below(const char *absolute, size_t index);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Paths: which file system holds one.
 * Owns: the mount table. Read next: initrd.c
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/console.h>
#include <pvk/process.h>
#include "file.h"
#include "process_threads.h"

static struct file_mount *mounts; /* longest prefix first */

int file_mount(const char *prefix, const struct file_system_operations *operations,
               void *file_system)
{
    size_t length = strcmp(prefix, "/") == 0 ? 0 : strlen(prefix);
    struct file_mount **link = &mounts;
    struct file_mount *mount;

    while (*link != NULL && (*link)->prefix_length >= length) {
        if ((*link)->prefix_length == length && memcmp((*link)->prefix, prefix, length) == 0) {
            return -EBUSY;
        }
        link = &(*link)->next;
    }
    mount = malloc(sizeof(*mount) + length + 1);
    if (mount == NULL) {
        return -ENOMEM;
    }
    mount->next = *link;
    mount->operations = operations;
    mount->file_system = file_system;
    mount->prefix_length = length;
    memcpy(mount->prefix, prefix, length);
    mount->prefix[length] = '\0';
    *link = mount;
    return 0;
}

/* Appends the components of `path` to an absolute path, "." and ".." resolved. */
static int append(char *absolute, size_t *length, const char *path)
{
    while (*path != '\0') {
        size_t count;

        path += strspn(path, "/");
        count = strcspn(path, "/");
        if (count == 2 && path[0] == '.' && path[1] == '.') {
            while (*length > 0 && absolute[--*length] != '/') {
            }
        } else if (count > 0 && !(count == 1 && path[0] == '.')) {
            if (*length + count + 2 > PROCESS_PATH_MAX) {
                return -ENAMETOOLONG;
            }
            absolute[(*length)++] = '/';
            memcpy(absolute + *length, path, count);
            *length += count;
        }
        path += count;
    }
    return 0;
}

int file_absolute_path(const char *path, char *absolute)
{
    size_t length = 0;
    int error = 0;

    if (path[0] != '/') {
        error = append(absolute, &length, process_directory(process_current()));
    }
    if (error == 0) {
        error = append(absolute, &length, path);
    }
    if (length == 0) {
        absolute[length++] = '/';
    }
    absolute[length] = '\0';
    return error;
}

const struct file_mount *file_find_mount(const char *absolute, const char **rest)
{
    for (const struct file_mount *mount = mounts; mount != NULL; mount = mount->next) {
        const char *behind = absolute + mount->prefix_length;

        if (strncmp(absolute, mount->prefix, mount->prefix_length) == 0 &&
            (*behind == '/' || *behind == '\0')) {
            *rest = *behind == '\0' ? "/" : behind;
            return mount;
        }
    }
    return NULL;
}

const char *file_mount_below(const char *absolute, size_t index)
{
    size_t length = strcmp(absolute, "/") == 0 ? 0 : strlen(absolute);

    for (const struct file_mount *mount = mounts; mount != NULL; mount = mount->next) {
        if (mount->prefix_length > length + 1 && strncmp(mount->prefix, absolute, length) == 0 &&
            mount->prefix[length] == '/' && strchr(mount->prefix + length + 1, '/') == NULL &&
            index-- == 0) {
            return mount->prefix + length + 1;
        }
    }
    return NULL;
}

/* /dev/console and /dev/null exist in every process, whatever is mounted. */
static struct file *open_device(const char *absolute)
{
    if (strcmp(absolute, "/dev/console") == 0) {
        return console_file();
    }
    if (strcmp(absolute, "/dev/null") == 0) {
        return file_null();
    }
    return NULL;
}

int file_open(const char *path, int flags, mode_t mode, struct file **file)
{
    char absolute[PROCESS_PATH_MAX];
    int error = file_absolute_path(path, absolute);
    const struct file_mount *mount;
    const char *rest;

    if (error != 0) {
        return error;
    }
    *file = open_device(absolute);
    if (*file != NULL) {
        return 0;
    }
    mount = file_find_mount(absolute, &rest);
    if (mount == NULL || mount->operations->open == NULL) {
        return -ENOENT;
    }
    return mount->operations->open(mount->file_system, rest, flags, mode, file);
}

int file_stat(const char *path, struct stat *status)
{
    char absolute[PROCESS_PATH_MAX];
    int error = file_absolute_path(path, absolute);
    const struct file_mount *mount;
    const char *rest;

    if (error != 0) {
        return error;
    }
    mount = file_find_mount(absolute, &rest);
    memset(status, 0, sizeof(*status));
    if (mount == NULL || mount->operations->stat == NULL) {
        return -ENOENT;
    }
    return mount->operations->stat(mount->file_system, rest, status);
}

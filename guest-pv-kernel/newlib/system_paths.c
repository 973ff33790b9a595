/* SPDX-License-Identifier: MIT */
/*
 * What newlib asks of a system: names in directories.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <pvk/file.h>
#include <pvk/process.h>
#include "../core/file.h"
#include "../core/process_threads.h"

struct directory_stream {
    struct file *file;
    size_t nr_mounts; /* mount points listed so far */
    char path[PROCESS_PATH_MAX];
    struct dirent entry;
};

static int answer(int result)
{
    if (result < 0) {
        errno = -result;
        return -1;
    }
    return result;
}

/* Finds the file system; its rest of the path. -ENOENT. */
static const struct file_mount *mount_of(const char *path, char *absolute, const char **rest)
{
    int error = file_absolute_path(path, absolute);
    const struct file_mount *mount = error == 0 ? file_find_mount(absolute, rest) : NULL;

    if (mount == NULL) {
        errno = error == 0 ? ENOENT : -error;
    }
    return mount;
}

int unlink(const char *path)
{
    char absolute[PROCESS_PATH_MAX];
    const char *rest;
    const struct file_mount *mount = mount_of(path, absolute, &rest);

    if (mount == NULL) {
        return -1;
    }
    return answer(mount->operations->unlink == NULL
                      ? -EROFS
                      : mount->operations->unlink(mount->file_system, rest));
}

int rmdir(const char *path)
{
    char absolute[PROCESS_PATH_MAX];
    const char *rest;
    const struct file_mount *mount = mount_of(path, absolute, &rest);

    if (mount == NULL) {
        return -1;
    }
    return answer(mount->operations->rmdir == NULL
                      ? -EROFS
                      : mount->operations->rmdir(mount->file_system, rest));
}

int mkdir(const char *path, mode_t mode)
{
    char absolute[PROCESS_PATH_MAX];
    const char *rest;
    const struct file_mount *mount = mount_of(path, absolute, &rest);

    if (mount == NULL) {
        return -1;
    }
    return answer(mount->operations->mkdir == NULL
                      ? -EROFS
                      : mount->operations->mkdir(mount->file_system, rest, mode));
}

int rename(const char *from, const char *to)
{
    char absolute_from[PROCESS_PATH_MAX], absolute_to[PROCESS_PATH_MAX];
    const char *rest_from, *rest_to;
    const struct file_mount *mount = mount_of(from, absolute_from, &rest_from);
    const struct file_mount *target = mount_of(to, absolute_to, &rest_to);

    if (mount == NULL || target == NULL) {
        return -1;
    }
    if (mount != target) {
        return answer(-EXDEV);
    }
    return answer(mount->operations->rename == NULL
                      ? -EROFS
                      : mount->operations->rename(mount->file_system, rest_from, rest_to));
}

/* newlib's stdio renames by link and unlink unless this exists. */
int _rename(const char *from, const char *to);
int _rename(const char *from, const char *to)
{
    return rename(from, to);
}

int link(const char *from, const char *to)
{
    (void)from;
    (void)to;
    return answer(-EPERM);
}

int chdir(const char *path)
{
    char absolute[PROCESS_PATH_MAX];
    struct stat status;
    int error = file_absolute_path(path, absolute);

    if (error == 0) {
        error = file_stat(absolute, &status);
    }
    if (error == 0 && !S_ISDIR(status.st_mode)) {
        error = -ENOTDIR;
    }
    if (error == 0) {
        strcpy(process_directory(process_current()), absolute);
    }
    return answer(error);
}

char *getcwd(char *buffer, size_t size)
{
    const char *directory = process_directory(process_current());

    if (strlen(directory) >= size) {
        errno = ERANGE;
        return NULL;
    }
    return strcpy(buffer, directory);
}

DIR *opendir(const char *path)
{
    DIR *stream = calloc(1, sizeof(*stream));
    int error = stream == NULL ? -ENOMEM : file_absolute_path(path, stream->path);

    if (error == 0) {
        error = file_open(stream->path, O_RDONLY | O_DIRECTORY, 0, &stream->file);
    }
    if (error == 0 && stream->file->operations->readdir == NULL) {
        file_put(stream->file);
        error = -ENOTDIR;
    }
    if (error != 0) {
        free(stream);
        errno = -error;
        return NULL;
    }
    return stream;
}

/* The file system's entries, then the mount points below this directory. */
struct dirent *readdir(DIR *stream)
{
    struct file_entry entry;
    int result = stream->file->operations->readdir(stream->file, &entry);
    const char *mount;

    if (result > 0) {
        stream->entry.d_ino = (ino_t)entry.inode;
        stream->entry.d_type = entry.type;
        memcpy(stream->entry.d_name, entry.name, sizeof(entry.name));
        return &stream->entry;
    }
    mount = result == 0 ? file_mount_below(stream->path, stream->nr_mounts++) : NULL;
    if (mount == NULL) {
        if (result < 0) {
            errno = -result;
        }
        return NULL;
    }
    stream->entry.d_ino = 0;
    stream->entry.d_type = DT_DIR;
    strncpy(stream->entry.d_name, mount, sizeof(stream->entry.d_name) - 1);
    return &stream->entry;
}

void rewinddir(DIR *stream)
{
    stream->file->position = 0;
    stream->nr_mounts = 0;
}

int closedir(DIR *stream)
{
    file_put(stream->file);
    free(stream);
    return 0;
}

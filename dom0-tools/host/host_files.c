/* SPDX-License-Identifier: MIT */
/*
 * The files a command may open in dom0. See host_files.h.
 * Invariant: HF1, HF2. QEMU's 9p server refuses to follow links out of the share; they are resolved
 * here, so that a link that stays inside works and one that leaves is reported by name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host_files.h"
#include "settings.h"

/* The part of `real` below `share` without its leading slash, or NULL when it is outside. */
static const char *below(const char *share, const char *real)
{
    size_t length = strlen(share);

    if (strcmp(share, "/") == 0) {
        return real + 1;
    }
    if (strncmp(real, share, length) != 0) {
        return NULL;
    }
    return real[length] == '\0' ? "" : real[length] == '/' ? real + length + 1 : NULL;
}

/* realpath for a file that does not exist: its directory's, and its name. */
static char *real_absent(const char *path)
{
    char directory[SETTINGS_PATH_MAX], joined[SETTINGS_PATH_MAX];
    const char *slash = strrchr(path, '/');
    char *real;
    bool fits;

    if (strlen(path) >= sizeof(directory)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    snprintf(directory, sizeof(directory), "%.*s", slash != NULL ? (int)(slash - path + 1) : 1,
             slash != NULL ? path : ".");
    real = realpath(directory, NULL);
    if (real == NULL) {
        return NULL;
    }
    fits = settings_join(joined, sizeof(joined), real, slash != NULL ? slash + 1 : path);
    free(real);
    if (!fits) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return strdup(joined);
}

int host_files_add(struct channel_exec *exec, const char *share, const char *path, bool writable)
{
    struct channel_file *file = &exec->files[exec->nr_files];
    uint16_t flags = writable ? CHANNEL_FILE_WRITABLE : 0;
    char *real = realpath(path, NULL);
    const char *share_path;

    for (unsigned int i = 0; i < exec->nr_files; i++) {
        if (strcmp(exec->files[i].name, path) == 0) {
            exec->files[i].flags |= flags;
            free(real);
            return 0;
        }
    }
    if (exec->nr_files == CHANNEL_FILES_MAX) {
        free(real);
        return -ENOSPC;
    }
    if (real == NULL && errno == ENOENT) {
        flags |= CHANNEL_FILE_ABSENT;
        real = real_absent(path);
    }
    if (real == NULL) {
        return -errno;
    }
    share_path = below(share, real);
    if (share_path == NULL) {
        free(real);
        return -EXDEV;
    }
    file->name = strdup(path);
    file->share_path = strdup(share_path);
    file->flags = flags;
    free(real);
    if (file->name == NULL || file->share_path == NULL) {
        return -ENOMEM;
    }
    exec->nr_files++;
    return 0;
}

void host_files_set_directory(struct channel_exec *exec, const char *share)
{
    char *current = realpath(".", NULL);
    const char *inside = current != NULL ? below(share, current) : NULL;

    exec->directory = current != NULL ? current : "/";
    exec->share_directory = inside != NULL ? inside : "";
}

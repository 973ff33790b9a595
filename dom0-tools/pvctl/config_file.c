/* SPDX-License-Identifier: MIT */
/*
 * config_file.c: reading a configuration file, on the host or in dom0.
 * Owns: the file's text while the configuration is open.
 * Invariant CFG4 (config_file.h).
 * Read next: config.c.
 */
#include "dom0-tools/pvctl/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PVCTL_HOST
#include "dom0-tools/libpv/seam.h"
#endif

static int open_file(const char *path)
{
#ifdef PVCTL_HOST
    int descriptor = open(path, O_RDONLY);

    return descriptor >= 0 ? descriptor : -errno;
#else
    return seam_file_open(path);
#endif
}

int config_file_read(const char *path, char **text, size_t *size, struct error *error)
{
    int descriptor = open_file(path);
    size_t capacity = 4096;
    ssize_t done = 0;

    *text = NULL;
    *size = 0;
    if (descriptor < 0) {
        char reason[96];

        error_describe_errno(descriptor, reason, sizeof(reason));
        error_set(error, ERROR_CONFIG_UNREADABLE, "cannot open the configuration '%s'", path);
        return error_why(error, "%s", reason);
    }
    do {
        char *grown = realloc(*text, capacity);

        if (grown == NULL) {
            done = -1;
            break;
        }
        *text = grown;
        done = read(descriptor, *text + *size, capacity - *size);
        *size += done > 0 ? (size_t)done : 0;
        capacity = *size == capacity ? capacity * 2 : capacity;
    } while (done > 0 && *size <= CONFIG_MAX_BYTES);
    close(descriptor);
    if (done < 0) {
        free(*text);
        *text = NULL;
        return error_set(error, ERROR_CONFIG_UNREADABLE, "cannot read the configuration '%s'",
                         path);
    }
    return 0;
}

int config_file_load(const char *name, char *text, size_t size, char *const *words,
                     struct config_file *file, struct error *error)
{
    struct config_problems *problems = calloc(1, sizeof(*problems));
    int result;

    memset(file, 0, sizeof(*file));
    if (problems == NULL) {
        free(text);
        return error_set(error, ERROR_TOOL_MEMORY, "no memory to read '%s'", name);
    }
    file->file.name = name;
    file->file.text = text;
    file->file.size = size;
    result = config_load(&file->file, words, &file->words, &file->config, problems);
    if (result < 0) {
        config_problem_print_all(problems, stderr);
        error_set(error, ERROR_CONFIG, "the configuration '%s' has %zu error%s", name,
                  problems->count + problems->dropped, problems->count == 1 ? "" : "s");
        config_file_close(file);
    }
    free(problems);
    return result;
}

int config_file_open(const char *path, char *const *words, struct config_file *file,
                     struct error *error)
{
    char *text;
    size_t size;

    memset(file, 0, sizeof(*file));
    if (config_file_read(path, &text, &size, error) < 0) {
        return -1;
    }
    return config_file_load(path, text, size, words, file, error);
}

void config_file_close(struct config_file *file)
{
    config_free(&file->config, &file->words);
    free((void *)(uintptr_t)file->file.text);
    memset(file, 0, sizeof(*file));
}

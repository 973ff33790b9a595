/* SPDX-License-Identifier: MIT */
/*
 * config_file.h: a configuration from a file: read, load, report; and what it names.
 * Invariant CFG4: config_file_open leaves nothing behind when it fails.
 * Read next: config.h.
 */
#ifndef PVCTL_CONFIG_FILE_H
#define PVCTL_CONFIG_FILE_H

#include "dom0-tools/libpv/error.h"
#include "dom0-tools/pvctl/config.h"

struct config_file {
    struct config_source file, words;
    struct config config;
};

/*
 * Read PATH, merge the key=value words (NULL-terminated). -1 with ERROR_CONFIG_UNREADABLE, or with
 * ERROR_CONFIG after all problems were printed to stderr.
 */
int config_file_open(const char *path, char *const *words, struct config_file *file,
                     struct error *error);
/* Like it, of a text that was read already; it is malloc'ed, and belongs to the file from now on. */
int config_file_load(const char *name, char *text, size_t size, char *const *words,
                     struct config_file *file, struct error *error);
void config_file_close(struct config_file *file);

/* The text of a file of the user's, malloc'ed; -1 with the error set. */
int config_file_read(const char *path, char **text, size_t *size, struct error *error);

#endif

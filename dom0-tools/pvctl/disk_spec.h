/* SPDX-License-Identifier: MIT */
/*
 * disk_spec.h: a disk described on a command line, in the words of a configuration's `disk'.
 * Compiled for the host too, which has to know the file that the words name.
 * Owns: the texts inside struct disk_spec. Read next: config_devices.c for the grammar.
 */
#ifndef PVCTL_DISK_SPEC_H
#define PVCTL_DISK_SPEC_H

#include "dom0-tools/libpv/error.h"
#include "dom0-tools/pvctl/config.h"

struct disk_spec {
    struct config_source source;
    char *text;
    struct config_disk disk;
};

/* The words (NULL-terminated) joined by commas. -1 with ERROR_CONFIG after the problems were printed
 * to stderr, or ERROR_TOOL_MEMORY. Call disk_spec_free only after success. */
int disk_spec_parse(char *const *words, struct disk_spec *spec, struct error *error);
void disk_spec_free(struct disk_spec *spec);

#endif

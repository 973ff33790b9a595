/* SPDX-License-Identifier: MIT */
/*
 * cmd_check.c: check a configuration without making anything; needs no machine.
 * Read next: config.h.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>

#include "dom0-tools/pvctl/config_file.h"

int cmd_check(const struct command_call *call, struct error *error)
{
    struct config_file *file = calloc(1, sizeof(*file));
    const struct config *config;

    if (file == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    if (config_file_open(call->argv[0], call->argv + 1, file, error) < 0) {
        free(file);
        return -1;
    }
    config = &file->config;
    printf("%s: '%s', %llu MiB, %llu vCPU%s, kernel %s: no errors\n", call->argv[0], config->name,
           (unsigned long long)(config->memory_kib / 1024), (unsigned long long)config->nr_vcpus,
           config->nr_vcpus == 1 ? "" : "s", config->kernel);
    config_file_close(file);
    free(file);
    return EXIT_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * named_files.c: the files behind a command line: a configuration and what it names.
 * Read next: named_files.h.
 */
#include "dom0-tools/pvctl/named_files.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/pvctl/commands.h"
#include "dom0-tools/pvctl/config_file.h"
#include "dom0-tools/pvctl/disk_spec.h"

static int config_collect(const char *path, char **words, named_file_add_t add, void *context,
                          struct error *error)
{
    struct config_file *file = calloc(1, sizeof(*file));
    const char *names[CONFIG_MAX_FILES];
    char core[CONFIG_CORE_NAME_SIZE];
    int result;
    size_t count;

    if (file == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    result = config_file_open(path, words, file, error);
    if (result < 0) {
        free(file);
        return result;
    }
    result = add(path, false, context);
    count = config_files(&file->config, names);
    for (size_t i = 0; result >= 0 && i < count; i++) {
        bool writable = false;

        for (size_t j = 0; j < file->config.nr_disks; j++) {
            writable = writable ||
                       (names[i] == file->config.disks[j].target && file->config.disks[j].writable);
        }
        result = add(names[i], writable, context);
    }
    if (result >= 0 && config_core_name(&file->config, core, sizeof(core))) {
        result = add(core, true, context);
    }
    config_file_close(file);
    free(file);
    return result < 0 ? -1 : 0;
}

static int disk_collect(char *const *words, named_file_add_t add, void *context,
                        struct error *error)
{
    struct disk_spec spec;
    int result = disk_spec_parse(words, &spec, error);

    if (result == 0) {
        result = spec.disk.target != NULL && !spec.disk.of_machine
                     ? add(spec.disk.target, spec.disk.writable, context)
                     : 0;
        disk_spec_free(&spec);
    }
    return result < 0 ? -1 : 0;
}

int named_files_collect(int argc, char **argv, named_file_add_t add, void *context,
                        struct error *error)
{
    const struct command *command = argc > 1 ? commands_find(argv[1], error) : NULL;
    struct command_call call;
    char **positionals;
    const char *path;
    int result = 0;

    if (command == NULL) {
        return argc > 1 ? -1 : 0;
    }
    positionals = calloc((size_t)argc + 1, sizeof(*positionals));
    if (positionals == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    result = commands_parse(command, argc, argv, positionals, &call, error);
    if (result == 0 && strcmp(command->name, "create") == 0) {
        char **words = call.argv;

        path = commands_option(&call, "defconfig");
        if (path == NULL) {
            path = call.argc > 0 ? *words++ : NULL;
        }
        if (path == NULL) {
            error_set(error, ERROR_USAGE, "create: a configuration is missing");
            result = error_hint(error, "usage: pvctl create %s", command->usage);
        } else {
            result = config_collect(path, words, add, context, error);
        }
    }
    if (result == 0 && strcmp(command->name, "block-attach") == 0) {
        result = disk_collect(call.argv + 1, add, context, error);
    }
    free(positionals);
    return result;
}

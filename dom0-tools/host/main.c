/* SPDX-License-Identifier: MIT */
/*
 * pvctl on the host: runs the machine's own commands here, sends the others to dom0.
 * Owns: the decision which is which: in the host's build of dom0-tools/pvctl's table, a command
 * without a handler needs dom0.
 * Read next: host_commands.c, client_session.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "build_id.h"
#include "client.h"
#include "dom0-tools/pvctl/commands.h"
#include "dom0-tools/pvctl/named_files.h"
#include "dom0-tools/pvctl/pvctl.h"
#include "host_files.h"
#include "host_run.h"
#include "message.h"
#include "terminal.h"

/* What of the user's environment a command in dom0 should see. */
static const char *const forwarded_environment[] = {"TERM", "NO_COLOR", "COLUMNS"};

static void fill_environment(struct channel_exec *exec)
{
    for (size_t i = 0; i < sizeof(forwarded_environment) / sizeof(forwarded_environment[0]); i++) {
        const char *name = forwarded_environment[i];
        const char *value = getenv(name);
        size_t length = strlen(name);
        char *entry = value != NULL ? malloc(length + strlen(value) + 2) : NULL;

        if (entry != NULL) {
            memcpy(entry, name, length);
            entry[length] = '=';
            memcpy(entry + length + 1, value, strlen(value) + 1);
            exec->environment[exec->nr_environment++] = entry;
        }
    }
}

static int fill_arguments(struct channel_exec *exec, int argc, char **argv)
{
    if (argc > (int)CHANNEL_ARGUMENTS_MAX) {
        message_error("more than %u arguments", CHANNEL_ARGUMENTS_MAX);
        return EXIT_USAGE;
    }
    exec->arguments[0] = message_program();
    for (int i = 1; i < argc; i++) {
        exec->arguments[i] = argv[i];
    }
    exec->nr_arguments = (uint16_t)argc;
    for (int i = 0; i < 3; i++) {
        if (isatty(i)) {
            exec->terminals |= (uint16_t)(1u << i);
        }
    }
    terminal_size(&exec->columns, &exec->rows);
    return EXIT_OK;
}

/* The names that a command line names, kept until the machine's share is known. */
struct named_list {
    struct {
        char *path;
        bool writable;
    } entries[CHANNEL_FILES_MAX];
    size_t count;
};

static int remember_file(const char *path, bool writable, void *context)
{
    struct named_list *list = context;

    if (list->count == CHANNEL_FILES_MAX) {
        message_error("more than %u files are named", CHANNEL_FILES_MAX);
        return -1;
    }
    list->entries[list->count].path = strdup(path);
    list->entries[list->count].writable = writable;
    return list->entries[list->count++].path != NULL ? 0 : -1;
}

static int fill_files(struct channel_exec *exec, const struct named_list *list, const char *share,
                      const char *command)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *path = list->entries[i].path;
        int status = host_files_add(exec, share, path, list->entries[i].writable);

        if (status == -EXDEV) {
            message_error("%s: %s lies outside of what the machine can see, %s", command, path,
                          share);
            message_hint("`pvctl down`, then `pvctl up --share DIR` with a directory that holds "
                         "all of its files");
            return EXIT_CONFIG;
        }
        if (status != 0) {
            message_error("%s: %s: %s", command, path, strerror(-status));
            return EXIT_CONFIG;
        }
    }
    return EXIT_OK;
}

/* Sends a command line that fits its row in the table to dom0. */
int host_run_in_dom0(const char *command, int argc, char **argv)
{
    static struct connection connection;
    static struct channel_exec exec;
    static struct named_list list;
    struct settings *settings = settings_get();
    struct client_status status;
    struct error error = {.code = ERROR_NONE};
    bool is_new;
    int code;

    if (settings == NULL) {
        return EXIT_FAILED;
    }
    if (named_files_collect(argc, argv, remember_file, &list, &error) != 0) {
        return error.code != ERROR_NONE ? commands_report(&error) : (int)EXIT_FAILED;
    }
    code = client_open_machine(&connection, settings, &status, &is_new);
    if (code == EXIT_OK) {
        code = fill_arguments(&exec, argc, argv);
    }
    if (code == EXIT_OK) {
        code = fill_files(&exec, &list, status.share, command);
    }
    if (code != EXIT_OK) {
        return code;
    }
    client_compare_builds(&status);
    fill_environment(&exec);
    host_files_set_directory(&exec, status.share);
    return client_run_session(&connection, settings, &exec);
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    struct error error = {.code = ERROR_NONE};
    const struct command *command = NULL;

    message_set_program(slash != NULL ? slash + 1 : argv[0]);
    settings_set_program(argv[0]);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("pvctl %s\n", BUILD_ID);
        return EXIT_OK;
    }
    if (argc > 1 && argv[1][0] != '-') {
        command = commands_find(argv[1], &error);
        if (command == NULL) {
            return commands_report(&error);
        }
    }
    if (command == NULL || command->handler != NULL || commands_wants_help(argc, argv)) {
        return pvctl_main(argc, argv);
    }
    return host_run_in_dom0(command->name, argc, argv);
}

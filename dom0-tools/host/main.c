/* SPDX-License-Identifier: MIT */
/*
 * pvctl on the host: runs the machine's own commands here, sends the others to dom0.
 * Owns: the decision which is which. The commands themselves are dom0-tools/pvctl's table; the
 * machine's are host_commands.c.
 * Read next: host_commands.c, client_session.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "build_id.h"
#include "client.h"
#include "host_commands.h"
#include "host_files.h"
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
        return STATUS_USAGE;
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
    return STATUS_OK;
}

static int forward(struct settings *settings, int argc, char **argv)
{
    static struct connection connection;
    static struct channel_exec exec;
    struct client_status status;
    bool is_new;
    int code = client_open_machine(&connection, settings, &status, &is_new);

    if (code == STATUS_OK) {
        code = fill_arguments(&exec, argc, argv);
    }
    if (code != STATUS_OK) {
        return code;
    }
    host_commands_compare_builds(&status);
    fill_environment(&exec);
    host_files_set_directory(&exec, status.share);
    for (int i = 2; i < argc; i++) {
        if (access(argv[i], F_OK) == 0) {
            host_files_add(&exec, status.share, argv[i], false);
        }
    }
    return client_run_session(&connection, settings, &exec);
}

static const struct host_command *find_host_command(const char *name)
{
    for (const struct host_command *command = host_commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct settings settings;
    const char *name = strrchr(argv[0], '/');
    const struct host_command *command;

    message_set_program(name != NULL ? name + 1 : argv[0]);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("pvctl %s\n", BUILD_ID);
        return STATUS_OK;
    }
    if (argc < 2) {
        message_error("no command");
        message_hint("`pvctl help` lists them");
        return STATUS_USAGE;
    }
    if (settings_load(&settings, argv[0]) != 0 || settings_choose_share(&settings, NULL) != 0) {
        return STATUS_FAILURE;
    }
    command = find_host_command(argv[1]);
    if (command != NULL) {
        return command->handler(&settings, argc - 1, argv + 1);
    }
    return forward(&settings, argc, argv);
}

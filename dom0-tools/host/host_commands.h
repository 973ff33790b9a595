/* SPDX-License-Identifier: MIT */
/*
 * The commands that act on the machine itself and so run on the host: up, down, status.
 * Owns: nothing. Each returns pvctl's exit code; argv[0] is the command's name.
 */
#ifndef HOST_COMMANDS_H
#define HOST_COMMANDS_H

#include "settings.h"

struct host_command {
    const char *name;
    int (*handler)(struct settings *settings, int argc, char **argv);
    const char *usage;
    const char *summary;
};

/* Ends with an entry whose name is NULL. */
extern const struct host_command host_commands[];

/* Warns when dom0 was built from other sources than this program. */
struct client_status;
void host_commands_compare_builds(const struct client_status *status);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * commands.h: the table of commands, finding one by name or prefix, and reading its options.
 * The same table is compiled for the host (PVCTL_HOST), where commands that need the machine have
 * no handler and are forwarded.
 * Invariant CMD1: a command line is checked against its row before any handler runs.
 * Read next: main.c.
 */
#ifndef PVCTL_COMMANDS_H
#define PVCTL_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "dom0-tools/libpv/error.h"

#define COMMANDS_MAX_OPTIONS 16u

struct command_option {
    char letter;       /* 0: long form only */
    const char *name;  /* without the dashes */
    const char *value; /* what its value is called; NULL: a flag */
    const char *summary;
};

struct command_call;

/* Returns the exit status; on failure it has filled the error, or printed by itself and left it. */
typedef int (*command_handler_t)(const struct command_call *call, struct error *error);

struct command {
    const char *name;
    command_handler_t handler; /* NULL in the host's table: needs the machine */
    const char *usage;         /* the arguments */
    const char *summary;
    const struct command_option *options; /* ends with name NULL; or NULL */
    int least, most;                      /* positional arguments; most < 0: any number */
};

/* A command line that fits its row. */
struct command_call {
    const struct command *command;
    const char *program; /* argv[0]'s last part */
    int argc;            /* positional arguments */
    char **argv;         /* NULL-terminated */
    struct {
        const struct command_option *option;
        const char *value;
    } given[COMMANDS_MAX_OPTIONS];
    size_t nr_given;
};

/* In the order in which help shows them; ends with name NULL (main.c). */
extern const struct command commands_table[];

/* By name, or by an unambiguous beginning. NULL with ERROR_UNKNOWN_COMMAND or _AMBIGUOUS_. */
const struct command *commands_find(const char *name, struct error *error);

/*
 * Read argv (argv[0] the program, argv[1] the command) into a call. The positional arguments are
 * gathered in `positionals`, room for argc + 1 pointers. -1 with ERROR_USAGE.
 */
int commands_parse(const struct command *command, int argc, char **argv, char **positionals,
                   struct command_call *call, struct error *error);

/* Whether --help or -h stands among the arguments of a command, before any "--". */
bool commands_wants_help(int argc, char **argv);

/* An option's value ("" for a flag), or NULL when it was not given. */
const char *commands_option(const struct command_call *call, const char *name);

/* The exit status of an error, printing it. */
int commands_report(const struct error *error);

#endif

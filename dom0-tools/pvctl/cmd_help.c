/* SPDX-License-Identifier: MIT */
/*
 * cmd_help.c: help and explain; from tables, with no machine.
 * Read next: main.c.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#define NAME_WIDTH 12

void cmd_help_show(const struct command *command)
{
    const struct command_option *option = command->options;

    printf("usage: pvctl %s %s\n\n%s.\n", command->name, command->usage, command->summary);
    if (option != NULL) {
        putchar('\n');
    }
    for (; option != NULL && option->name != NULL; option++) {
        char left[48];

        snprintf(left, sizeof(left), "%s--%s%s%s",
                 option->letter != 0 ? (char[]){'-', option->letter, ',', ' ', 0} : "    ",
                 option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
        printf("  %-24s %s\n", left, option->summary);
    }
}

int cmd_help(const struct command_call *call, struct error *error)
{
    if (call->argc == 1) {
        const struct command *command = commands_find(call->argv[0], error);

        if (command == NULL) {
            return -1;
        }
        cmd_help_show(command);
        return EXIT_OK;
    }
    printf("usage: pvctl COMMAND [ARGUMENTS]\n\n");
    for (const struct command *command = commands_table; command->name != NULL; command++) {
        printf("  %-*s %s\n", NAME_WIDTH, command->name, command->summary);
    }
    printf("\nA command may be shortened while it stays unambiguous; a domain is a name or an id.\n"
           "`pvctl help COMMAND` shows its options.\n");
    return EXIT_OK;
}

static void explain_one(const struct error_kind *kind)
{
    printf("PV-E%04d: %s (exit status %d)\n\n%s\n\nWhat to do: %s.\n", (int)kind->code, kind->title,
           (int)kind->status, kind->explanation, kind->hint);
}

int cmd_help_explain(const struct command_call *call, struct error *error)
{
    const struct error_kind *kind;
    const char *digits;

    if (call->argc == 0) {
        for (size_t i = 0; (kind = error_kind_at(i)) != NULL; i++) {
            printf("PV-E%04d  %s\n", (int)kind->code, kind->title);
        }
        return EXIT_OK;
    }
    digits = call->argv[0] + strcspn(call->argv[0], "0123456789");
    kind = digits[0] != '\0' ? error_kind_find((enum error_code)strtol(digits, NULL, 10)) : NULL;
    if (kind == NULL) {
        error_set(error, ERROR_USAGE, "there is no error code '%.20s'", call->argv[0]);
        return error_hint(error, "`pvctl explain` lists them");
    }
    explain_one(kind);
    return EXIT_OK;
}

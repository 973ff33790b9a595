/* SPDX-License-Identifier: MIT */
/*
 * completion: scripts for shells, made from the table of commands.
 * Commands and options come from the table; a configuration completes as a file, anything else as a
 * domain's name, asked of the machine only while it is up, so that a tab never starts it.
 */
#include <stdio.h>
#include <string.h>
#include "dom0-tools/pvctl/handlers.h"

/* What a command's arguments are: files for create and check, commands for help, else domains. */
static bool takes_files(const struct command *command)
{
    return strcmp(command->name, "create") == 0 || strcmp(command->name, "check") == 0;
}

static bool takes_domains(const struct command *command)
{
    return strstr(command->usage, "DOMAIN") != NULL;
}

static const char domains[] =
    "$(pvctl status >/dev/null 2>&1 && pvctl list 2>/dev/null | sed '1d;s/ .*//')";

static void print_options(const struct command *command)
{
    const struct command_option *option = command->options;

    for (; option != NULL && option->name != NULL; option++) {
        printf("%s--%s", option == command->options ? "" : " ", option->name);
    }
}

static void print_names(void)
{
    for (const struct command *command = commands_table; command->name != NULL; command++) {
        printf("%s%s", command == commands_table ? "" : " ", command->name);
    }
}

static void print_bash(void)
{
    printf("_pvctl()\n{\n    local word=${COMP_WORDS[COMP_CWORD]} words= files=no\n"
           "    if [ \"$COMP_CWORD\" = 1 ]; then\n        words=\"");
    print_names();
    printf("\"\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (const struct command *command = commands_table; command->name != NULL; command++) {
        printf("        %s) words=\"", command->name);
        print_options(command);
        printf("%s\"%s ;;\n", takes_domains(command) ? " $domains" : "",
               takes_files(command) ? "; files=yes" : "");
    }
    printf("        esac\n"
           "        case $words in *'$domains'*) words=${words%%'$domains'}\"%s\" ;; esac\n"
           "    fi\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "    [ $files = no ] || COMPREPLY+=($(compgen -f -- \"$word\"))\n"
           "}\ncomplete -o filenames -F _pvctl pvctl\n",
           domains);
}

static void print_zsh(void)
{
    printf("autoload -U +X bashcompinit && bashcompinit\n");
    print_bash();
}

static void print_fish(void)
{
    printf("complete -c pvctl -f\n");
    for (const struct command *command = commands_table; command->name != NULL; command++) {
        printf("complete -c pvctl -n __fish_use_subcommand -a %s -d '", command->name);
        for (const char *c = command->summary; *c != '\0'; c++) {
            printf(*c == '\'' ? "\\%c" : "%c", *c);
        }
        printf("'\n");
        if (takes_files(command)) {
            printf("complete -c pvctl -n '__fish_seen_subcommand_from %s' -F\n", command->name);
        }
    }
}

int cmd_completion(const struct command_call *call, struct error *error)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(call->argv[0], shells[i].shell) == 0) {
            shells[i].print();
            return EXIT_OK;
        }
    }
    error_set(error, ERROR_USAGE, "completion: there is none for '%.20s'", call->argv[0]);
    return error_hint(error, "bash, zsh or fish");
}

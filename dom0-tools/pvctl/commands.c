/* SPDX-License-Identifier: MIT */
/*
 * commands.c: finding a command by its name or the beginning of it, and reading its options.
 * Owns: nothing.
 * Invariant CMD1 (commands.h).
 * Read next: main.c.
 */
#include "dom0-tools/pvctl/commands.h"

#include <string.h>

#include "dom0-tools/pvctl/config_problem.h"

static int unknown_command(const char *name, struct error *error)
{
    const char *names[64];
    const char *near;
    size_t count = 0;

    while (commands_table[count].name != NULL && count + 1 < sizeof(names) / sizeof(names[0])) {
        names[count] = commands_table[count].name;
        count++;
    }
    names[count] = NULL;
    error_set(error, ERROR_UNKNOWN_COMMAND, "there is no command '%.40s'", name);
    near = config_problem_nearest(name, names);
    return near != NULL ? error_hint(error, "did you mean `%s'?", near) : -1;
}

const struct command *commands_find(const char *name, struct error *error)
{
    const struct command *found = NULL;
    size_t length = strlen(name);

    for (const struct command *command = commands_table; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
        if (length > 0 && strncmp(command->name, name, length) == 0) {
            if (found != NULL) {
                error_set(error, ERROR_AMBIGUOUS_COMMAND, "'%.40s' is ambiguous", name);
                error_why(error, "it could be %s or %s, among others", found->name, command->name);
                found = NULL;
                /* An exact name may still follow. */
                for (command++; command->name != NULL; command++) {
                    if (strcmp(command->name, name) == 0) {
                        error->code = ERROR_NONE;
                        return command;
                    }
                }
                return NULL;
            }
            found = command;
        }
    }
    if (found == NULL) {
        unknown_command(name, error);
    }
    return found;
}

static int usage_error(const struct command *command, struct error *error, const char *why,
                       const char *object)
{
    error_set(error, ERROR_USAGE, "%s: %s%s%s", command->name, why, object != NULL ? " " : "",
              object != NULL ? object : "");
    return error_hint(error, "usage: pvctl %s %s", command->name, command->usage);
}

static const struct command_option *option_find(const struct command *command, const char *name,
                                                size_t length, char letter)
{
    const struct command_option *option = command->options;

    for (; option != NULL && option->name != NULL; option++) {
        if (letter != 0
                ? option->letter == letter
                : strlen(option->name) == length && strncmp(option->name, name, length) == 0) {
            return option;
        }
    }
    return NULL;
}

/* The state of one pass over argv. */
struct scan {
    const struct command *command;
    int argc;
    char **argv;
    int at;
    struct command_call *call;
    struct error *error;
};

static int option_take(struct scan *scan, const struct command_option *option, const char *value)
{
    struct command_call *call = scan->call;

    if (option->value == NULL) {
        value = "";
    } else if (value == NULL || value[0] == '\0') {
        if (scan->at + 1 >= scan->argc) {
            return usage_error(scan->command, scan->error, "a value is missing behind",
                               scan->argv[scan->at]);
        }
        value = scan->argv[++scan->at];
    }
    if (call->nr_given == COMMANDS_MAX_OPTIONS) {
        return usage_error(scan->command, scan->error, "too many options", NULL);
    }
    call->given[call->nr_given].option = option;
    call->given[call->nr_given].value = value;
    call->nr_given++;
    return 0;
}

static int scan_long(struct scan *scan, const char *word)
{
    const char *equals = strchr(word + 2, '=');
    size_t length = equals != NULL ? (size_t)(equals - word - 2) : strlen(word + 2);
    const struct command_option *option = option_find(scan->command, word + 2, length, 0);

    if (option == NULL) {
        return usage_error(scan->command, scan->error, "there is no option", word);
    }
    if (equals != NULL && option->value == NULL) {
        return usage_error(scan->command, scan->error, "this option takes no value:", word);
    }
    return option_take(scan, option, equals != NULL ? equals + 1 : NULL);
}

/* Letters may be joined; one that takes a value ends the word. */
static int scan_short(struct scan *scan, const char *word)
{
    for (size_t i = 1; word[i] != '\0'; i++) {
        const struct command_option *option = option_find(scan->command, NULL, 0, word[i]);

        if (option == NULL) {
            return usage_error(scan->command, scan->error, "there is no option", word);
        }
        if (option_take(scan, option, word[i + 1] != '\0' ? word + i + 1 : NULL) < 0) {
            return -1;
        }
        if (option->value != NULL) {
            break;
        }
    }
    return 0;
}

int commands_parse(const struct command *command, int argc, char **argv, char **positionals,
                   struct command_call *call, struct error *error)
{
    struct scan scan = {command, argc, argv, 2, call, error};
    const char *slash = strrchr(argv[0], '/');
    bool options_ended = false;

    memset(call, 0, sizeof(*call));
    call->command = command;
    call->program = slash != NULL ? slash + 1 : argv[0];
    call->argv = positionals;
    for (; scan.at < argc; scan.at++) {
        const char *word = argv[scan.at];
        int result = 0;

        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && strncmp(word, "--", 2) == 0) {
            result = scan_long(&scan, word);
        } else if (!options_ended && word[0] == '-' && word[1] != '\0') {
            result = scan_short(&scan, word);
        } else {
            positionals[call->argc++] = argv[scan.at];
        }
        if (result < 0) {
            return -1;
        }
    }
    positionals[call->argc] = NULL;
    if (call->argc < command->least) {
        return usage_error(command, error, "an argument is missing", NULL);
    }
    if (command->most >= 0 && call->argc > command->most) {
        return usage_error(command, error, "one argument too many:", positionals[command->most]);
    }
    return 0;
}

bool commands_wants_help(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

const char *commands_option(const struct command_call *call, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < call->nr_given; i++) {
        if (strcmp(call->given[i].option->name, name) == 0) {
            value = call->given[i].value;
        }
    }
    return value;
}

int commands_report(const struct error *error)
{
    fflush(stdout);
    return (int)error_print(error, stderr);
}

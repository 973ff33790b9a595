/* SPDX-License-Identifier: MIT */
/* The table of commands: every row is sound, prefixes work, options are read as getopt's users expect. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/pvctl/commands.h"
#include "dom0-tools/pvctl/cpu_list.h"
#include "dom0-tools/pvctl/handlers.h"
#include "dom0-tools/pvctl/named_files.h"
#include "dom0-tools/pvctl/pvctl.h"

/* The host's own handlers are not linked here: the table needs them to exist. */
#define NOT_LINKED(name)                                                    \
    int name(const struct command_call *unused, struct error *unused_error) \
    {                                                                       \
        (void)unused;                                                       \
        (void)unused_error;                                                 \
        return EXIT_FAILED;                                                 \
    }

NOT_LINKED(cmd_machine_up)
NOT_LINKED(cmd_machine_down)
NOT_LINKED(cmd_machine_status)
NOT_LINKED(cmd_gdb)
NOT_LINKED(cmd_capture)
NOT_LINKED(cmd_dump_core)
NOT_LINKED(cmd_forward)
NOT_LINKED(cmd_completion)

static struct error error;
static struct command_call call;
static char *positionals[16];

static int parse(int argc, const char *const *argv)
{
    memset(&error, 0, sizeof(error));
    return commands_parse(commands_find(argv[1], &error), argc, (char **)(uintptr_t)argv,
                          positionals, &call, &error);
}

#define PARSE(...)                                                                \
    parse((int)(sizeof((const char *[]){"pvctl", __VA_ARGS__}) / sizeof(char *)), \
          (const char *[]){"pvctl", __VA_ARGS__, NULL})

Test(commands, every_row_has_words_for_its_user)
{
    for (const struct command *command = commands_table; command->name != NULL; command++) {
        cr_assert_not_null(command->usage);
        cr_assert_gt(strlen(command->summary), 5);
        cr_assert(command->most < 0 || command->most >= command->least);
        memset(&error, 0, sizeof(error));
        cr_assert_eq(commands_find(command->name, &error), command);
    }
}

Test(commands, an_unambiguous_beginning_is_enough)
{
    memset(&error, 0, sizeof(error));
    cr_assert_str_eq(commands_find("cre", &error)->name, "create");
    cr_assert_str_eq(commands_find("lis", &error)->name, "list");
    cr_assert_str_eq(commands_find("domi", &error)->name, "domid");
    cr_assert_null(commands_find("dom", &error));
    cr_assert_eq(error.code, ERROR_AMBIGUOUS_COMMAND);
    memset(&error, 0, sizeof(error));
    cr_assert_null(commands_find("lsit", &error));
    cr_assert_eq(error.code, ERROR_UNKNOWN_COMMAND);
    cr_assert_str_eq(error.hint, "did you mean `list'?");
}

Test(commands, options_and_arguments_mix)
{
    cr_assert_eq(PARSE("create", "a.cfg", "-cp", "memory=4", "--timing"), 0);
    cr_assert_eq(call.argc, 2);
    cr_assert_str_eq(call.argv[0], "a.cfg");
    cr_assert_str_eq(call.argv[1], "memory=4");
    cr_assert_not_null(commands_option(&call, "console"));
    cr_assert_not_null(commands_option(&call, "paused"));
    cr_assert_not_null(commands_option(&call, "timing"));
    cr_assert_null(commands_option(&call, "quiet"));
    cr_assert_eq(PARSE("console", "-ex", "a"), 0);
    cr_assert_str_eq(commands_option(&call, "escape"), "x");
    cr_assert_eq(PARSE("console", "--escape=y", "--", "-a"), 0);
    cr_assert_str_eq(commands_option(&call, "escape"), "y");
    cr_assert_str_eq(call.argv[0], "-a");
}

Test(commands, help_is_asked_for_anywhere_before_the_end_of_options)
{
    char *asks[] = {(char *)"pvctl", (char *)"create", (char *)"x", (char *)"--help", NULL};
    char *hides[] = {(char *)"pvctl", (char *)"create", (char *)"--", (char *)"--help", NULL};

    cr_assert(commands_wants_help(4, asks));
    cr_assert(!commands_wants_help(4, hides));
    cr_assert_eq(pvctl_main(4, asks), EXIT_OK);
}

Test(commands, CMD1_a_line_that_does_not_fit_is_a_usage_error)
{
    cr_assert_eq(PARSE("list", "--frob"), -1);
    cr_assert_eq(error.code, ERROR_USAGE);
    cr_assert_eq(PARSE("list", "-x"), -1);
    cr_assert_eq(PARSE("destroy"), -1);
    cr_assert_eq(PARSE("destroy", "a", "b"), -1);
    cr_assert_eq(PARSE("console", "a", "-e"), -1);
    cr_assert_eq(PARSE("list", "--json=yes"), -1);
}

Test(commands, every_error_code_is_explained_and_has_a_status)
{
    const struct error_kind *kind;

    for (size_t i = 0; (kind = error_kind_at(i)) != NULL; i++) {
        cr_assert_eq(error_kind_find(kind->code), kind, "code %d twice", (int)kind->code);
        cr_assert_gt(strlen(kind->explanation), 20);
        cr_assert_neq(kind->status, EXIT_OK);
    }
}

static int count_file(const char *path, bool writable, void *context)
{
    (void)path;
    *(int *)context += writable ? 100 : 1;
    return 0;
}

Test(named_files, a_create_names_its_configuration_and_what_that_names)
{
    char path[] = "/tmp/xenlike-test-XXXXXX";
    char *argv[] = {(char *)"pvctl", (char *)"create", path, (char *)"ramdisk=r", NULL};
    int descriptor = mkstemp(path), count = 0;
    FILE *file = fdopen(descriptor, "w");

    fprintf(file, "name='a'\nkernel='k'\ndisk=['d,raw,xvda,w','e,raw,xvdb,r']\n");
    fclose(file);
    memset(&error, 0, sizeof(error));
    cr_assert_eq(named_files_collect(4, argv, count_file, &count, &error), 0);
    cr_assert_eq(count, 104);
    unlink(path);
    cr_assert_eq(named_files_collect(4, argv, count_file, &count, &error), -1);
    cr_assert_eq(error.code, ERROR_CONFIG_UNREADABLE);
}

Test(cpu_list, reads_what_people_write)
{
    static const struct {
        const char *text;
        uint64_t cpus;
    } good[] = {
        {"all", ~UINT64_C(0)}, {"0", 1},           {"0-3", 0xf},         {"0,2", 5},
        {"0-7,^5", 0xdf},      {"63", 1ull << 63}, {"^0", ~UINT64_C(1)}, {"all,^1", ~UINT64_C(2)},
    };
    static const char *const bad[] = {"",  "x",  "64",  "3-1",   "0,",   "0-",
                                      "-", ",0", "0 1", "^0-63", "allx", "0-3^1"};
    uint64_t cpus;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_expect_eq(cpu_list_parse(good[i].text, &cpus), 0, "%s", good[i].text);
        cr_expect_eq(cpus, good[i].cpus, "%s", good[i].text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_eq(cpu_list_parse(bad[i], &cpus), -1, "%s", bad[i]);
    }
}

Test(cpu_list, prints_what_people_read)
{
    char text[200];

    cpu_list_print(~UINT64_C(0), 64, text, sizeof(text));
    cr_expect_str_eq(text, "all");
    cpu_list_print(1, 1, text, sizeof(text));
    cr_expect_str_eq(text, "all", "all there are");
    cpu_list_print(0xd1, 8, text, sizeof(text));
    cr_expect_str_eq(text, "0,4,6-7");
    cpu_list_print(UINT64_C(0x5555555555555555), 64, text, sizeof(text));
    cr_expect(strlen(text) < sizeof(text));
}

/* SPDX-License-Identifier: MIT */
/*
 * Runs a file of commands (see script.h).
 * Read next: command.c.
 */
#include "script.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <pvk/console.h>
#include <pvk/file.h>

#include "command.h"
#include "command_line.h"

#define LINE_SIZE       1024
#define STATUS_USAGE    2
#define STATUS_RESOURCE 5

static int run_words(int argc, char **argv)
{
    struct command command = {0};
    struct file *console = console_file();
    struct file *const files[3] = {file_null(), console, console};
    int status = STATUS_RESOURCE;

    if (files[0] != NULL && command_start(&command, argc, argv, files) == 0) {
        status = command_wait(&command);
    }
    if (files[0] != NULL) {
        file_put(files[0]);
    }
    file_put(console);
    return status;
}

static int run_line(const char *path, unsigned int number, char *line)
{
    char *argv[COMMAND_LINE_WORDS + 1];
    bool may_fail = line[0] == '-';
    int argc = command_line_split(line + (may_fail ? 1 : 0), argv);

    if (argc < 0) {
        printf("%s:%u: a quote is not closed, or too many words\n", path, number);
        return STATUS_USAGE;
    }
    if (argc == 0) {
        return 0;
    }
    int status = run_words(argc, argv);
    if (status != 0) {
        printf("%s:%u: status %d\n", path, number, status);
    }
    return may_fail ? 0 : status;
}

int script_run(const char *path)
{
    char line[LINE_SIZE];
    int status = 0;
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        printf("%s: no such script\n", path);
        return STATUS_USAGE;
    }
    for (unsigned int number = 1; status == 0 && fgets(line, sizeof(line), file) != NULL;
         number++) {
        status = run_line(path, number, line);
    }
    fclose(file);
    return status;
}

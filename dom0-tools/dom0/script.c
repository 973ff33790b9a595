/* SPDX-License-Identifier: MIT */
/*
 * Runs a file of commands (see script.h).
 * Owns: where in the script we are, for the thread that watches the limit.
 * Read next: command.c.
 */
#include "script.h"

#include <stdio.h>
#include <string.h>

#include <build_id.h>
#include <pvk/console.h>
#include <pvk/file.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>

#include "command.h"
#include "command_line.h"
#include "script_report.h"

#define LINE_SIZE       1024
#define LIMIT_STACK     16384u
#define STATUS_USAGE    2
#define STATUS_RESOURCE 5
#define STATUS_TIMEOUT  7

static const char *seed;
static unsigned int line_number;

static int run_words(int argc, char **argv)
{
    struct command command = {0};
    struct file *output = script_report_output();
    struct file *const files[3] = {file_null(), output, output};
    int status = STATUS_RESOURCE;

    if (files[0] != NULL && output != NULL && command_start(&command, argc, argv, files) == 0) {
        status = command_wait(&command);
    }
    file_put(files[0]);
    file_put(output);
    return status;
}

static int run_line(const char *path, const char *line)
{
    char text[LINE_SIZE];
    char *argv[COMMAND_LINE_WORDS + 1];
    bool may_fail = line[0] == '-';
    int argc = -1;

    if (command_line_expand(line + (may_fail ? 1 : 0), seed, text, sizeof(text))) {
        argc = command_line_split(text, argv);
    }
    if (argc < 0) {
        printf("%s:%u: a quote is not closed, or too many words\n", path, line_number);
        return STATUS_USAGE;
    }
    if (argc == 0) {
        return 0;
    }
    int status = run_words(argc, argv);
    script_report_command(line_number, line, status);
    if (status != 0) {
        printf("%s:%u: status %d\n", path, line_number, status);
    }
    return may_fail ? 0 : status;
}

static void watch_limit(void *limit_ns)
{
    thread_sleep(*(const uint64_t *)limit_ns);
    console_printf("dom0: the script's time is over, in its line %u\n", line_number);
    script_report_end("limit", line_number, STATUS_TIMEOUT);
    shutdown_poweroff(STATUS_TIMEOUT);
}

static void begin(const struct script_options *options)
{
    static uint64_t limit_ns;
    int result;

    seed = options->seed != NULL ? options->seed : "0";
    limit_ns = options->limit_ns;
    result = script_report_begin(options->report_port, BUILD_ID, seed);
    if (result < 0) {
        printf("dom0: no report: %s\n", strerror(-result));
    }
    if (limit_ns != 0 &&
        thread_create_in(NULL, "limit", watch_limit, &limit_ns, LIMIT_STACK) == NULL) {
        printf("dom0: no memory to watch the script's time\n");
    }
}

int script_run(const struct script_options *options)
{
    char line[LINE_SIZE];
    int status = 0;
    FILE *file = fopen(options->path, "r");

    begin(options);
    if (file == NULL) {
        printf("%s: no such script\n", options->path);
        status = STATUS_USAGE;
    }
    while (file != NULL && status == 0 && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        line_number++;
        status = run_line(options->path, line);
    }
    if (file != NULL) {
        fclose(file);
    }
    script_report_end(status == 0 ? "end" : "failed", line_number, status);
    return status;
}

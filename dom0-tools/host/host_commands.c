/* SPDX-License-Identifier: MIT */
/*
 * up, down, status: the commands that act on the machine itself, not on what runs in it. Their rows
 * are in dom0-tools/pvctl/main.c like all others'.
 * Read next: client.c, supervisor.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "client.h"
#include "dom0-tools/pvctl/handlers.h"
#include "forward.h"
#include "local_protocol.h"
#include "message.h"
#include "script_machine.h"
#include "state.h"

static int usage_error(const char *command, const char *what, const char *argument)
{
    message_error("%s: %s %s", command, what, argument);
    message_hint("`pvctl help %s` lists what it takes", command);
    return EXIT_USAGE;
}

struct up_options {
    const char *share;
    const char *disks;
    const char *memory;
    const char *accelerator;
};

static int apply_up(struct settings *settings, const struct up_options *options)
{
    if (options->memory != NULL) {
        char *end;
        unsigned long memory = strtoul(options->memory, &end, 10);

        if (*end != '\0' || memory < 128 || memory > 65536) {
            return usage_error("up", "--memory takes MiB from 128 to 65536, not", options->memory);
        }
        settings->memory_mib = (unsigned int)memory;
    }
    if (options->accelerator != NULL) {
        if (strlen(options->accelerator) >= sizeof(settings->accelerator)) {
            return usage_error("up", "unknown accelerator", options->accelerator);
        }
        snprintf(settings->accelerator, sizeof(settings->accelerator), "%s", options->accelerator);
    }
    if (options->share != NULL && settings_choose_share(settings, options->share) != 0) {
        return EXIT_USAGE;
    }
    if (options->disks != NULL && settings_choose_disks(settings, options->disks) != 0) {
        return EXIT_USAGE;
    }
    return EXIT_OK;
}

/* The machine was up before: is it the one that was asked for? */
static int compare_wishes(const struct settings *settings, const struct up_options *options,
                          const struct client_status *status)
{
    if (options->share != NULL && strcmp(status->share, settings->share) != 0) {
        message_error("the machine is already up and shares %s, not %s", status->share,
                      settings->share);
    } else if (options->memory != NULL && status->memory_mib != settings->memory_mib) {
        message_error("the machine is already up with %u MiB, not %u", status->memory_mib,
                      settings->memory_mib);
    } else if (options->disks != NULL) {
        message_error("the machine is already up: its disks cannot change");
    } else {
        message_note("the machine is already up: %s, %u MiB, files from %s", status->accelerator,
                     status->memory_mib, status->share);
        return EXIT_OK;
    }
    message_hint("`pvctl down` ends it and all its guests; then `pvctl up` as you like it");
    return EXIT_REFUSED;
}

/* --forward, once the machine is up. */
static int apply_forward(const struct settings *settings, const struct command_call *call)
{
    const char *wanted = commands_option(call, "forward");
    struct forward_rule rule;

    if (wanted == NULL) {
        return EXIT_OK;
    }
    return forward_parse(wanted, &rule) != 0 ? (int)EXIT_USAGE
                                             : forward_add(settings, &rule, FORWARD_FIRST_GUEST);
}

/* up --script: a machine of its own. */
static int run_script(const struct command_call *call, struct settings *settings)
{
    struct script_run run = {.script = commands_option(call, "script"),
                             .report = commands_option(call, "report"),
                             .seed = commands_option(call, "seed"),
                             .exact = commands_option(call, "icount") != NULL,
                             .memory_is_wanted = commands_option(call, "memory") != NULL};
    const char *limit = commands_option(call, "timeout");
    char *end;
    unsigned long seconds = limit != NULL ? strtoul(limit, &end, 10) : 60;

    if (run.seed == NULL) {
        run.seed = "0";
    }
    if (strspn(run.seed, "0123456789") != strlen(run.seed) || run.seed[0] == '\0' ||
        strlen(run.seed) > 18 || (run.seed[0] == '0' && run.seed[1] != '\0')) {
        return usage_error("up", "--seed takes a number of up to 18 digits, not", run.seed);
    }
    if (limit != NULL && (*end != '\0' || seconds == 0 || seconds > 86400)) {
        return usage_error("up", "--timeout takes seconds from 1 to 86400, not", limit);
    }
    run.limit_s = (unsigned int)seconds;
    if (commands_option(call, "share") != NULL || commands_option(call, "forward") != NULL ||
        commands_option(call, "accel") != NULL || commands_option(call, "disk") != NULL) {
        return usage_error("up", "a script's machine takes nothing from outside:",
                           "no --share, --disk, --forward, --accel with --script");
    }
    return script_machine_run(settings, &run);
}

/* Options that mean something for a script only. */
static int check_script_options(const struct command_call *call)
{
    static const char *const names[] = {"icount", "seed", "report", "timeout"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (commands_option(call, names[i]) != NULL) {
            return usage_error("up", "only together with --script FILE:", names[i]);
        }
    }
    return EXIT_OK;
}

int cmd_machine_up(const struct command_call *call, struct error *error)
{
    static struct connection connection;
    struct settings *settings = settings_get();
    struct client_status status;
    struct up_options options = {.share = commands_option(call, "share"),
                                 .disks = commands_option(call, "disk"),
                                 .memory = commands_option(call, "memory"),
                                 .accelerator = commands_option(call, "accel")};
    bool is_new;
    int code = settings != NULL ? apply_up(settings, &options) : EXIT_FAILED;

    (void)error;
    if (code == EXIT_OK && commands_option(call, "script") != NULL) {
        return run_script(call, settings);
    }
    if (code == EXIT_OK) {
        code = check_script_options(call);
    }
    if (code == EXIT_OK) {
        code = client_open_machine(&connection, settings, &status, &is_new);
    }
    if (code != EXIT_OK) {
        return code;
    }
    connection_close(&connection);
    client_compare_builds(&status);
    if (!is_new) {
        code = compare_wishes(settings, &options, &status);
        return code == EXIT_OK ? apply_forward(settings, call) : code;
    }
    message_note("the machine is up (%lld.%lld s): %s, %u MiB, files from %s",
                 status.boot_ms / 1000, status.boot_ms % 1000 / 100, status.accelerator,
                 status.memory_mib, status.share);
    return apply_forward(settings, call);
}

int cmd_machine_down(const struct command_call *call, struct error *error)
{
    static struct connection connection;
    const struct settings *settings = settings_get();
    struct channel_frame frame;

    (void)call;
    (void)error;
    if (settings == NULL) {
        return EXIT_FAILED;
    }
    if (client_connect(&connection, settings) != 0) {
        message_note("the machine is down already");
        return EXIT_OK;
    }
    connection_send(&connection, LOCAL_DOWN, 0, 0, NULL, 0);
    while (client_next_frame(&connection, &frame) == 1) {
        if (frame.type == LOCAL_DOWN) {
            message_note("the machine is down");
            return EXIT_OK;
        }
    }
    message_error("the machine's supervisor went away before it said that the machine is down");
    message_hint("`pvctl up` cleans up what may be left, and starts it again");
    return EXIT_FAILED;
}

static void print_status(const struct settings *settings, const struct client_status *status)
{
    printf("machine        : %s\n", strcmp(status->phase, "ready") == 0 ? "up" : status->phase);
    printf("up_seconds     : %lld\n", (long long)time(NULL) - status->started);
    printf("boot_ms        : %lld\n", status->boot_ms);
    printf("dom0_restarts  : %u\n", status->dom0_restarts);
    printf("accelerator    : %s\n", status->accelerator);
    printf("memory_mib     : %u\n", status->memory_mib);
    printf("share          : %s\n", status->share);
    printf("qemu_pid       : %ld\n", status->qemu_pid);
    printf("supervisor_pid : %ld\n", status->supervisor_pid);
    printf("build          : %s\n", status->build);
    printf("logs           : %s\n", settings->state);
}

static void print_json_string(const char *string)
{
    putchar('"');
    for (; *string != '\0'; string++) {
        unsigned char c = (unsigned char)*string;

        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < 0x20) {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

static void print_status_json(const struct settings *settings, const struct client_status *status)
{
    printf("{\"schema\": 1, \"machine\": ");
    print_json_string(strcmp(status->phase, "ready") == 0 ? "up" : status->phase);
    printf(", \"up_seconds\": %lld, \"boot_ms\": %lld, \"dom0_restarts\": %u, \"accelerator\": ",
           (long long)time(NULL) - status->started, status->boot_ms, status->dom0_restarts);
    print_json_string(status->accelerator);
    printf(", \"memory_mib\": %u, \"qemu_pid\": %ld, \"supervisor_pid\": %ld, \"share\": ",
           status->memory_mib, status->qemu_pid, status->supervisor_pid);
    print_json_string(status->share);
    printf(", \"build\": ");
    print_json_string(status->build);
    printf(", \"logs\": ");
    print_json_string(settings->state);
    printf("}\n");
}

int cmd_machine_status(const struct command_call *call, struct error *error)
{
    static struct connection connection;
    const struct settings *settings = settings_get();
    struct client_status status;
    bool as_json = commands_option(call, "json") != NULL;

    (void)error;
    if (settings == NULL) {
        return EXIT_FAILED;
    }
    if (client_connect(&connection, settings) != 0 ||
        client_ask_status(&connection, &status) != 0) {
        printf(as_json ? "{\"schema\": 1, \"machine\": \"down\"}\n" : "machine        : down\n");
        return EXIT_FAILED;
    }
    connection_close(&connection);
    if (as_json) {
        print_status_json(settings, &status);
    } else {
        print_status(settings, &status);
    }
    return EXIT_OK;
}

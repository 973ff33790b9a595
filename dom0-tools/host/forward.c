/* SPDX-License-Identifier: MIT */
/*
 * forward.c: `forward`, and `up --forward`. A guest's address is asked of dom0, which saw it in what
 * the guest sent; the rule is QEMU's, set over its monitor. Only the loopback listens.
 * Read next: machine.c, ../pvctl/cmd_network.c
 */
#include "forward.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "dom0-tools/libpv/error.h"
#include "dom0-tools/pvctl/handlers.h"
#include "host_run.h"
#include "message.h"
#include "state.h"

#define REPLY_BYTES      8192u
#define PATIENCE_SECONDS 15
#define ADDRESS_SIZE     48u

int forward_parse(const char *text, struct forward_rule *rule)
{
    char rest[8] = "";
    int count = sscanf(text, "%5u:%5u%7s", &rule->host_port, &rule->guest_port, rest);

    rule->protocol = strcmp(rest, "/udp") == 0 ? "udp" : "tcp";
    if (count < 2 || rule->host_port == 0 || rule->host_port > 65535 || rule->guest_port == 0 ||
        rule->guest_port > 65535 ||
        (rest[0] != '\0' && strcmp(rest, "/udp") != 0 && strcmp(rest, "/tcp") != 0)) {
        message_error("'%s' is no pair of ports", text);
        message_hint("HOST:GUEST, for example 8080:80 or 5353:53/udp");
        return -1;
    }
    return 0;
}

/* Reads until the monitor's prompt has come `prompts` times. */
static void read_reply(int monitor, char *reply, unsigned int prompts)
{
    static const char prompt[] = "(qemu) ";
    size_t length = 0;
    ssize_t count = 1;

    reply[0] = '\0';
    while (prompts > 0 && count > 0 && length + 1 < REPLY_BYTES) {
        count = read(monitor, reply + length, 1);
        length += count > 0 ? 1 : 0;
        reply[length] = '\0';
        if (length >= sizeof(prompt) - 1 &&
            strcmp(reply + length - (sizeof(prompt) - 1), prompt) == 0) {
            prompts--;
        }
    }
}

/* One command of QEMU's monitor; `reply` gets what it printed. -1: there is no monitor. */
static int monitor_command(const struct settings *settings, const char *command, char *reply)
{
    int monitor = state_connect(settings, SETTINGS_MONITOR_SOCKET);
    size_t length = strlen(command);

    if (monitor < 0) {
        return -1;
    }
    read_reply(monitor, reply, 1); /* its greeting */
    if (write(monitor, command, length) != (ssize_t)length) {
        close(monitor);
        return -1;
    }
    read_reply(monitor, reply, 1); /* the command's echo redraws the prompt only at the end */
    close(monitor);
    return 0;
}

int forward_add(const struct settings *settings, const struct forward_rule *rule,
                const char *address)
{
    static char reply[REPLY_BYTES];
    char command[128];

    /* A rule that this port had before makes room: its guest may be gone. */
    snprintf(command, sizeof(command), "hostfwd_remove net %s:127.0.0.1:%u\n", rule->protocol,
             rule->host_port);
    monitor_command(settings, command, reply);
    snprintf(command, sizeof(command), "hostfwd_add net %s:127.0.0.1:%u-%s:%u\n", rule->protocol,
             rule->host_port, address, rule->guest_port);
    if (monitor_command(settings, command, reply) != 0) {
        message_error("QEMU's monitor does not answer");
        return EXIT_FAILED;
    }
    if (strstr(reply, "ould not") != NULL || strstr(reply, "nvalid") != NULL ||
        strstr(reply, "rror") != NULL) {
        message_error("port %u of 127.0.0.1 cannot be forwarded", rule->host_port);
        message_hint("another program may have it: choose another port; below 1024 takes "
                     "privileges");
        return EXIT_REFUSED;
    }
    message_note("127.0.0.1:%u leads to %s:%u (%s)", rule->host_port, address, rule->guest_port,
                 rule->protocol);
    return EXIT_OK;
}

/* What `network-list --json` in dom0 prints of a domain. Its exit code. */
static int ask_dom0(const char *domain, char *text, size_t size)
{
    char name[] = "pvctl", command[] = "network-list", json[] = "--json";
    char *words[] = {name, command, json, strdup(domain), NULL};
    int ends[2], status = 0;
    size_t length = 0;
    ssize_t count;
    pid_t child;

    if (words[3] == NULL || pipe(ends) != 0) {
        return EXIT_FAILED;
    }
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        _exit(host_run_in_dom0(command, 4, words));
    }
    close(ends[1]);
    while (length + 1 < size && (count = read(ends[0], text + length, size - 1 - length)) > 0) {
        length += (size_t)count;
    }
    text[length] = '\0';
    close(ends[0]);
    free(words[3]);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)
               ? WEXITSTATUS(status)
               : (int)EXIT_FAILED;
}

/* The guest's address, waiting for it while the guest starts. An exit code. */
static int find_address(const char *domain, char address[ADDRESS_SIZE])
{
    static const char key[] = "\"seen_ip\": \"";
    const struct timespec pause = {0, 250000000};
    static char text[4096];
    time_t deadline = time(NULL) + PATIENCE_SECONDS;

    do {
        int code = ask_dom0(domain, text, sizeof(text));

        if (code != EXIT_OK) {
            return code;
        }
        for (const char *at = strstr(text, key); at != NULL; at = strstr(at + 1, key)) {
            if (sscanf(at + sizeof(key) - 1, "%47[0-9.]", address) == 1) {
                return EXIT_OK;
            }
        }
        if (strstr(text, key) == NULL) {
            message_error("domain '%s' has no network interface", domain);
            message_hint("`vif = ['']' in its configuration gives it one");
            return EXIT_REFUSED;
        }
        nanosleep(&pause, NULL);
    } while (time(NULL) < deadline);
    message_error("domain '%s' has not said its address within %d s", domain, PATIENCE_SECONDS);
    message_hint("`pvctl logs %s' shows what it does", domain);
    return EXIT_TIMEOUT;
}

int cmd_forward(const struct command_call *call, struct error *error)
{
    const struct settings *settings = settings_get();
    struct forward_rule rules[COMMANDS_MAX_OPTIONS];
    char address[ADDRESS_SIZE];
    int code;

    (void)error;
    if (settings == NULL) {
        return EXIT_FAILED;
    }
    if (call->argc - 1 > (int)COMMANDS_MAX_OPTIONS) {
        message_error("at most %u pairs of ports at once", COMMANDS_MAX_OPTIONS);
        return EXIT_USAGE;
    }
    for (int i = 1; i < call->argc; i++) {
        if (forward_parse(call->argv[i], &rules[i - 1]) != 0) {
            return EXIT_USAGE;
        }
    }
    code = find_address(call->argv[0], address);
    for (int i = 1; i < call->argc && code == EXIT_OK; i++) {
        code = forward_add(settings, &rules[i - 1], address);
    }
    return code;
}

/* SPDX-License-Identifier: MIT */
/*
 * Connecting to the supervisor and hearing how the machine is. See client.h.
 * Owns: nothing that outlives a call but the caller's connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "build_id.h"
#include "client.h"
#include "local_protocol.h"
#include "message.h"
#include "state.h"
#include "supervisor.h"

#define LOG_TAIL_LINES 6
#define PROGRESS_MS    1000

int client_connect(struct connection *connection, const struct settings *settings)
{
    int descriptor = state_connect(settings, SETTINGS_CLIENT_SOCKET);

    if (descriptor < 0) {
        return -1;
    }
    connection_open(connection, descriptor);
    return 0;
}

static void sleep_ms(long milliseconds)
{
    struct timespec pause = {.tv_nsec = milliseconds * 1000000};

    nanosleep(&pause, NULL);
}

static int connect_or_start(struct connection *connection, const struct settings *settings,
                            bool *is_new)
{
    char why[256];

    *is_new = false;
    if (client_connect(connection, settings) == 0) {
        return EXIT_OK;
    }
    if (settings_check_machine(settings) != 0) {
        return EXIT_RESOURCES;
    }
    if (settings_make_state(settings) != 0) {
        return EXIT_FAILED;
    }
    /* Another pvctl may be between lock and listen, or a `down` between its last two steps. */
    for (int attempt = 0; attempt < 200; attempt++) {
        if (supervisor_ensure(settings, is_new) != 0) {
            return EXIT_FAILED;
        }
        if (*is_new && state_take_end(settings, why, sizeof(why))) {
            message_note("the last machine ended unasked, and its guests with it: %s\n"
                         "  its logs are in %s; a new machine is started",
                         why, settings->state);
        }
        if (client_connect(connection, settings) == 0) {
            return EXIT_OK;
        }
        sleep_ms(25);
    }
    message_error("a supervisor (process %ld) holds %s but does not answer",
                  state_lock_holder(settings), settings->state);
    message_hint("end that process, then try again");
    return EXIT_TIMEOUT;
}

int client_next_frame(struct connection *connection, struct channel_frame *frame)
{
    for (;;) {
        int status = channel_reader_next(&connection->reader, frame);

        if (status == 1) {
            return 1;
        }
        if (status < 0 || connection_flush(connection) != 0) {
            return 0;
        }
        if (connection_fill(connection) < 0) {
            return 0;
        }
    }
}

static void parse_status_line(struct client_status *status, const char *key, const char *value)
{
    const struct {
        const char *key;
        char *text;
        size_t size;
    } texts[] = {
        {"phase", status->phase, sizeof(status->phase)},
        {"accelerator", status->accelerator, sizeof(status->accelerator)},
        {"share", status->share, sizeof(status->share)},
        {"build", status->build, sizeof(status->build)},
        {"dom0_build", status->dom0_build, sizeof(status->dom0_build)},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(key, texts[i].key) == 0) {
            snprintf(texts[i].text, texts[i].size, "%s", value);
        }
    }
    if (strcmp(key, "supervisor_pid") == 0) {
        status->supervisor_pid = strtol(value, NULL, 10);
    } else if (strcmp(key, "qemu_pid") == 0) {
        status->qemu_pid = strtol(value, NULL, 10);
    } else if (strcmp(key, "memory_mib") == 0) {
        status->memory_mib = (unsigned int)strtoul(value, NULL, 10);
    } else if (strcmp(key, "started") == 0) {
        status->started = strtoll(value, NULL, 10);
    } else if (strcmp(key, "boot_ms") == 0) {
        status->boot_ms = strtoll(value, NULL, 10);
    } else if (strcmp(key, "dom0_restarts") == 0) {
        status->dom0_restarts = (unsigned int)strtoul(value, NULL, 10);
    }
}

static void parse_status(struct client_status *status, const struct channel_frame *frame)
{
    char *text = malloc(frame->length + 1);
    char *line = text;

    memset(status, 0, sizeof(*status));
    if (text == NULL) {
        return;
    }
    memcpy(text, frame->payload, frame->length);
    text[frame->length] = '\0';
    while (*line != '\0') {
        char *end = line + strcspn(line, "\n");
        char *space = memchr(line, ' ', (size_t)(end - line));

        if (*end == '\n') {
            *end++ = '\0';
        }
        if (space != NULL) {
            *space = '\0';
            parse_status_line(status, line, space + 1);
        }
        line = end;
    }
    free(text);
}

static void print_log_tail(const struct settings *settings, const char *name)
{
    char path[SETTINGS_PATH_MAX];
    char lines[LOG_TAIL_LINES][160];
    unsigned int count = 0;
    FILE *file;

    if (!settings_join(path, sizeof(path), settings->state, name)) {
        return;
    }
    file = fopen(path, "r");
    if (file == NULL) {
        return;
    }
    while (fgets(lines[count % LOG_TAIL_LINES], sizeof(lines[0]), file) != NULL) {
        char *line = lines[count % LOG_TAIL_LINES];

        line[strcspn(line, "\r\n")] = '\0';
        count += line[0] != '\0';
    }
    fclose(file);
    if (count != 0) {
        message_hint("the end of %s:", path);
    }
    for (unsigned int i = count > LOG_TAIL_LINES ? count - LOG_TAIL_LINES : 0; i < count; i++) {
        message_hint("  | %s", lines[i % LOG_TAIL_LINES]);
    }
}

int client_report_refusal(const struct channel_frame *frame)
{
    struct channel_frame code = {.length = 4, .payload = frame->payload};
    uint32_t status = EXIT_FAILED;

    if (frame->length < 5 || frame->payload[frame->length - 1] != '\0') {
        message_error("the machine failed");
        return EXIT_FAILED;
    }
    channel_decode_u32(&code, &status);
    message_error("%s", (const char *)frame->payload + 4);
    return status > 0 && status < 256 ? (int)status : EXIT_FAILED;
}

int client_report_failure(struct connection *connection, const struct channel_frame *frame,
                          const struct settings *settings)
{
    int status = client_report_refusal(frame);

    print_log_tail(settings, SETTINGS_QEMU_LOG);
    print_log_tail(settings, SETTINGS_HYPERVISOR_LOG);
    print_log_tail(settings, SETTINGS_CONSOLE_LOG);
    message_hint("the next command starts the machine again; `pvctl up` alone shows whether it "
                 "comes up");
    while (connection_fill(connection) >= 0) {
        channel_reader_reset(&connection->reader);
    }
    return status;
}

/* On a terminal, a start that takes longer than a second is announced. */
static void announce_wait(struct connection *connection)
{
    fd_set readable;
    struct timeval patience = {.tv_sec = PROGRESS_MS / 1000};

    if (!isatty(STDERR_FILENO) || connection->reader.end != connection->reader.begin) {
        return;
    }
    FD_ZERO(&readable);
    FD_SET(connection->descriptor, &readable);
    if (select(connection->descriptor + 1, &readable, NULL, NULL, &patience) == 0) {
        message_note("starting the machine ...");
    }
}

/* 0, an exit code after a message, or -1: the supervisor was about to end. */
static int wait_ready(struct connection *connection, const struct settings *settings,
                      struct client_status *status)
{
    struct channel_frame frame;

    announce_wait(connection);
    while (client_next_frame(connection, &frame) == 1) {
        if (frame.type == LOCAL_FAILED) {
            return client_report_failure(connection, &frame, settings);
        }
        if (frame.type == LOCAL_REFUSED) {
            return client_report_refusal(&frame);
        }
        if (frame.type == LOCAL_STATUS) {
            parse_status(status, &frame);
        }
        if (frame.type == CHANNEL_HELLO) {
            return EXIT_OK;
        }
    }
    return -1;
}

int client_open_machine(struct connection *connection, const struct settings *settings,
                        struct client_status *status, bool *is_new)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        int code = connect_or_start(connection, settings, is_new);

        if (code == EXIT_OK) {
            code = wait_ready(connection, settings, status);
        }
        if (code >= 0) {
            return code;
        }
        connection_close(connection);
    }
    message_error("the machine was stopped before it was ready");
    message_hint("`pvctl up` tries again");
    return EXIT_FAILED;
}

void client_compare_builds(const struct client_status *status)
{
    if (strcmp(status->build, BUILD_ID) != 0) {
        message_note("note: the running machine was started by another build (%s, this is %s); "
                     "`pvctl down` ends it",
                     status->build, BUILD_ID);
    }
}

int client_ask_status(struct connection *connection, struct client_status *status)
{
    struct channel_frame frame;

    if (connection_send(connection, LOCAL_STATUS, 0, 0, NULL, 0) != 0) {
        return -1;
    }
    while (client_next_frame(connection, &frame) == 1) {
        if (frame.type == LOCAL_STATUS) {
            parse_status(status, &frame);
            return 0;
        }
    }
    return -1;
}

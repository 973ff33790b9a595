/* SPDX-License-Identifier: MIT */
/*
 * cmd_console.c: console and logs: a guest's console now, and as it was kept.
 * Read next: ../backends/console_backend.h for the requests.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/pvctl/console_follow.h"
#include "dom0-tools/pvctl/fate.h"
#include "dom0-tools/pvctl/session.h"

/* "x", "^x" or a number name a control character. */
static int escape_of(const char *text, char *escape, struct error *error)
{
    if (text[0] == '^' && text[1] != '\0') {
        text++;
    }
    if (strlen(text) != 1 || text[0] < 0x40) {
        error_set(error, ERROR_USAGE, "console: '%.20s' is no escape character", text);
        return error_hint(error, "give a letter or one of ] \\ ^ _ for its control character");
    }
    *escape = (char)(text[0] & 0x1f);
    return 0;
}

int cmd_console(const struct command_call *call, struct error *error)
{
    const char *option = commands_option(call, "escape");
    const char *number = commands_option(call, "num");
    const char *type = commands_option(call, "type");
    char escape = TERMINAL_SESSION_ESCAPE;
    char request[128], answer[CONSOLE_FOLLOW_ANSWER];
    enum terminal_end end;
    int stream;

    if ((number != NULL && strcmp(number, "0") != 0) || (type != NULL && strcmp(type, "pv") != 0)) {
        return error_set(error, ERROR_NO_CONSOLE, "a domain has one console: pv, number 0");
    }
    if (option != NULL && escape_of(option, &escape, error) < 0) {
        return -1;
    }
    snprintf(request, sizeof(request), "attach %.64s", call->argv[0]);
    stream = session_console(request, answer, sizeof(answer), error);
    if (stream < 0) {
        return -1;
    }
    end = console_follow(stream, answer, escape);
    if (end == TERMINAL_ENDED) {
        return fate_report(call->argv[0], stderr, error);
    }
    return end == TERMINAL_LEFT ? EXIT_OK : EXIT_FAILED;
}

int cmd_console_logs(const struct command_call *call, struct error *error)
{
    bool follow = commands_option(call, "follow") != NULL;
    char request[128], answer[64];
    char *bytes = malloc(4096);
    ssize_t count;
    int stream;

    if (bytes == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    snprintf(request, sizeof(request), "%s %.64s", follow ? "follow" : "logs", call->argv[0]);
    stream = session_console(request, answer, sizeof(answer), error);
    if (stream < 0) {
        free(bytes);
        return -1;
    }
    while ((count = read(stream, bytes, 4096)) > 0) {
        fwrite(bytes, 1, (size_t)count, stdout);
        fflush(stdout);
    }
    close(stream);
    free(bytes);
    return EXIT_OK;
}

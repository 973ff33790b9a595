/* SPDX-License-Identifier: MIT */
/*
 * console_follow.c: from one life of a domain to the next (see console_follow.h).
 * Owns: nothing. Read next: ../backends/domain_watch.c, which knows whether there is a next one.
 */
#include "dom0-tools/pvctl/console_follow.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/session.h"

#define LOOK_AGAIN_MS 50
#define PATIENCE_MS   15000

/* The name under which the domain with that number is made again; false: it is not. */
static bool successor_of(const char *number, char *name, size_t size)
{
    struct error unknown = {.code = ERROR_NONE};
    char request[CONSOLE_FOLLOW_ANSWER + 16];

    snprintf(request, sizeof(request), "successor %s", number);
    return session_console_simple(request, name, size, &unknown) == 0 && name[0] != '\0';
}

/* The successor's console, as soon as there is one; negative: it did not come, or the user left. */
static int attach_to(const char *name, char number[CONSOLE_FOLLOW_ANSWER])
{
    char request[128];

    snprintf(request, sizeof(request), "attach %.64s", name);
    for (int waited = 0; waited < PATIENCE_MS && seam_cancelled() == 0; waited += LOOK_AGAIN_MS) {
        struct error unknown = {.code = ERROR_NONE};
        int stream = session_console(request, number, CONSOLE_FOLLOW_ANSWER, &unknown);

        if (stream >= 0) {
            return stream;
        }
        seam_wait_any(NULL, 0, LOOK_AGAIN_MS);
    }
    return -1;
}

enum terminal_end console_follow(int stream, const char *answer, char escape)
{
    char number[CONSOLE_FOLLOW_ANSWER], name[128];
    enum terminal_end end = TERMINAL_ENDED;

    snprintf(number, sizeof(number), "%s", answer);
    while (stream >= 0) {
        end = terminal_session_run(stream, escape);
        close(stream);
        stream = -1;
        if (end == TERMINAL_ENDED && successor_of(number, name, sizeof(name))) {
            fprintf(stderr, "[pvctl: '%s' ended and is made again]\n", name);
            stream = attach_to(name, number);
        }
    }
    return seam_cancelled() != 0 ? TERMINAL_CANCELLED : end;
}

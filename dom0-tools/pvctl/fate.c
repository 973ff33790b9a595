/* SPDX-License-Identifier: MIT */
/*
 * fate.c: asks the console back end how a domain ended.
 * Read next: fate.h.
 */
#include "dom0-tools/pvctl/fate.h"

#include <string.h>

#include "dom0-tools/pvctl/session.h"

int fate_report(const char *name, FILE *stream, struct error *error)
{
    struct error unknown = {.code = ERROR_NONE};
    char request[128], answer[160];
    const char *why;

    snprintf(request, sizeof(request), "fate %.64s", name);
    if (session_console_simple(request, answer, sizeof(answer), &unknown) < 0) {
        return EXIT_OK;
    }
    /* "crash TEXT" or one word. */
    if (strncmp(answer, "crash", 5) == 0 || strncmp(answer, "watchdog", 8) == 0) {
        error_set(error, ERROR_GUEST_CRASHED, "domain '%.64s' crashed", name);
        why = strchr(answer, ' ');
        return why != NULL ? error_why(error, "%s", why + 1) : -1;
    }
    fprintf(stream, "domain '%.64s' ended: %s\n", name, answer);
    return EXIT_OK;
}

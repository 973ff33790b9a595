/* SPDX-License-Identifier: MIT */
/*
 * cmd_crashlog.c: crashlog, what the hypervisor said before its last panic, from the record that a reset left
 * in memory. The debug key 'c' makes the hypervisor print it into its log, behind "crash| ".
 * Read next: ../../xenlike/observe/crash_record.c.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/sched.h>
#include <public/xen.h>

#include "dom0-tools/libpv/keep.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/libpv/sysctl.h"

#define LOG_BYTES 65536
#define BEGIN     "crash record: "
#define PREFIX    "crash| "

/* The text behind the prefix; NULL on a line that is none of a record. */
static const char *record_line(const char *line)
{
    const char *text = strstr(line, PREFIX);

    return text != NULL ? text + strlen(PREFIX) : NULL;
}

/* The last record in the log, which may itself speak of records; false when there is none. */
static bool print_record(char *log)
{
    char *line, *next = log, *begin = NULL;
    bool any = false;

    while ((line = strsep(&next, "\n")) != NULL) {
        if (record_line(line) == NULL && strstr(line, BEGIN) != NULL) {
            begin = next;
        }
    }
    for (line = begin; line != NULL && line[0] != '\0'; line += strlen(line) + 1) {
        if (record_line(line) == NULL) {
            break;
        }
        printf("%s\n", record_line(line));
        any = true;
    }
    return any;
}

int cmd_crashlog(const struct command_call *call, struct error *error)
{
    char *log = calloc(1, LOG_BYTES + 2);
    int length, result = sysctl_debug_keys("c");

    (void)call;
    if (log == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    length = result < 0 ? result : sysctl_read_console(log, LOG_BYTES, 0);
    if (length < 0) {
        error_hypercall(error, length, "cannot ask the hypervisor for its crash record");
    } else {
        log[length] = '\0';
        if (!print_record(log)) {
            fprintf(stderr, "the hypervisor has not crashed since the machine was switched on\n");
        }
    }
    free(log);
    return length < 0 ? -1 : EXIT_OK;
}

int cmd_debug_keys(const struct command_call *call, struct error *error)
{
    int result = sysctl_debug_keys(call->argv[0]);

    return result < 0 ? error_hypercall(error, result, "cannot send keys to the hypervisor")
                      : EXIT_OK;
}

int cmd_crash_dom0(const struct command_call *call, struct error *error)
{
    static struct sched_shutdown end = {SHUTDOWN_crash};

    if (!keep_is_open()) {
        error_set(error, ERROR_DOMAIN_STATE, "dom0 would not come back from a crash here");
        return error_hint(
            error, "start xenlike with dom0-restart on its command line, as `pvctl up` does");
    }
    if (commands_option(call, "yes") == NULL) {
        error_set(error, ERROR_USAGE, "crash-dom0 makes dom0 crash");
        error_why(error, "its guests wait meanwhile; commands that run now end with an error");
        return error_hint(error, "say `crash-dom0 --yes' when that is what you want");
    }
    return error_hypercall(
        error,
        (int)seam_hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&end, 0, 0, 0),
        "dom0 cannot crash itself");
}

/* SPDX-License-Identifier: MIT */
/*
 * cmd_strace.c: strace, the hypercalls of a domain as they happen, one line each.
 * Owns: the trace reader while it runs.
 * Read next: hypercall_names.c; ../libpv/trace_reader.h.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/trace.h>

#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/libpv/sysctl.h"
#include "dom0-tools/libpv/trace_reader.h"
#include "dom0-tools/pvctl/hypercall_names.h"
#include "dom0-tools/pvctl/session.h"

/* xenlike/observe/trace.h says what their words are. */
#define TRACE_CALL        0x00201081u
#define TRACE_CALL_MORE   0x00201082u
#define TRACE_CALL_RESULT 0x00201083u

#define MAX_VCPUS 128u
#define POLL_MS   10

struct strace {
    struct domain_info info;
    struct trace_reader *reader;
    struct machine_info machine;
    uint64_t first_ticks;
    long left; /* calls to show; negative: no limit */
    /* The call that each vCPU is in. */
    struct {
        bool called;
        uint32_t number;
        uint64_t ticks;
        uint64_t arguments[4];
    } vcpus[MAX_VCPUS];
};

static uint64_t pair(const uint32_t *words)
{
    return words[0] | (uint64_t)words[1] << 32;
}

static void print_call(struct strace *strace, uint32_t vcpu, const char *result)
{
    char text[200];
    uint64_t khz = strace->machine.cpu_khz != 0 ? strace->machine.cpu_khz : 1;
    uint64_t us = (strace->vcpus[vcpu].ticks - strace->first_ticks) * 1000 / khz;

    hypercall_names_call(strace->vcpus[vcpu].number, strace->vcpus[vcpu].arguments, text,
                         sizeof(text));
    printf("[%5llu.%06llu] vcpu %u  %s = %s\n", (unsigned long long)(us / 1000000),
           (unsigned long long)(us % 1000000), vcpu, text, result);
    strace->vcpus[vcpu].called = false;
    strace->left -= strace->left > 0 ? 1 : 0;
}

static void take_call(struct strace *strace, uint32_t vcpu, const struct trace_record *record)
{
    if (strace->vcpus[vcpu].called) {
        print_call(strace, vcpu, "?"); /* it goes on as another call, or never returns */
    }
    strace->first_ticks = strace->first_ticks != 0 ? strace->first_ticks : record->ticks;
    strace->vcpus[vcpu].called = true;
    strace->vcpus[vcpu].number = record->words[1];
    strace->vcpus[vcpu].ticks = record->ticks;
    strace->vcpus[vcpu].arguments[0] = pair(record->words + 2);
    strace->vcpus[vcpu].arguments[1] = pair(record->words + 4);
    strace->vcpus[vcpu].arguments[2] = strace->vcpus[vcpu].arguments[3] = 0;
}

static void take_record(struct strace *strace, const struct trace_record *record)
{
    uint32_t vcpu = record->words[0] >> 16;
    char result[120];

    if (record->event == TRC_LOST_RECORDS) {
        printf("(%u records were lost)\n", record->words[0]);
        return;
    }
    if ((record->words[0] & 0xffff) != strace->info.domid || vcpu >= MAX_VCPUS) {
        return;
    }
    if (record->event == TRACE_CALL) {
        take_call(strace, vcpu, record);
    } else if (record->event == TRACE_CALL_MORE) {
        strace->vcpus[vcpu].arguments[2] = pair(record->words + 1);
        strace->vcpus[vcpu].arguments[3] = pair(record->words + 3);
    } else if (record->event == TRACE_CALL_RESULT && strace->vcpus[vcpu].called) {
        hypercall_names_result((int64_t)pair(record->words + 2), result, sizeof(result));
        print_call(strace, vcpu, result);
    }
}

/* Until the domain ends, the user has enough, or that many calls were shown. */
static void follow(struct strace *strace)
{
    bool last = false;

    for (;;) {
        struct trace_record record;
        struct domain_info info;

        while (strace->left != 0 && trace_reader_next(strace->reader, &record)) {
            take_record(strace, &record);
        }
        fflush(stdout);
        if (last || strace->left == 0 || seam_cancelled() != 0) {
            break;
        }
        last = domctl_info(strace->info.domid, &info) < 0 || info.shutdown || info.dying;
        seam_wait_any(NULL, 0, POLL_MS);
    }
    for (uint32_t vcpu = 0; vcpu < MAX_VCPUS && strace->left != 0; vcpu++) {
        if (strace->vcpus[vcpu].called) {
            print_call(strace, vcpu, "?");
        }
    }
}

static int run(struct strace *strace, const struct command_call *call, struct error *error)
{
    const char *count = commands_option(call, "count");
    int result;

    if (session_domain(NULL, call->argv[0], &strace->info, error) < 0) {
        return -1;
    }
    if (strace->info.domid == 0) {
        error_set(error, ERROR_DOMAIN_STATE, "cannot trace domain 0");
        return error_why(error, "its calls, which read the trace, are not recorded");
    }
    strace->left = count != NULL ? strtol(count, NULL, 10) : -1;
    sysctl_machine(&strace->machine);
    strace->reader = trace_reader_open(&result);
    if (strace->reader == NULL) {
        return error_hypercall(error, result, "cannot trace domain '%s'", call->argv[0]);
    }
    follow(strace);
    trace_reader_close(strace->reader);
    return EXIT_OK;
}

int cmd_strace(const struct command_call *call, struct error *error)
{
    struct strace *strace = calloc(1, sizeof(*strace));
    int result = strace != NULL ? run(strace, call, error)
                                : error_set(error, ERROR_TOOL_MEMORY, "out of memory");

    free(strace);
    return result;
}

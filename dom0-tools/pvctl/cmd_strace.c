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
#define TRACE_CALL_MEMORY 0x00201084u
#define TRACE_INNER       0x80u

#define MAX_VCPUS 128u
#define POLL_MS   10

struct strace {
    struct domain_info info;
    struct trace_reader *reader;
    struct machine_info machine;
    uint64_t first_ticks;
    long left; /* calls to show; negative: no limit */
    /* The call that each vCPU is in, and the one inside of it when that is a multicall. */
    struct traced_call {
        bool called;
        uint32_t number;
        uint64_t ticks;
        uint64_t arguments[4];
        struct hypercall_memory memory;
    } vcpus[MAX_VCPUS][2];
    unsigned int inner[MAX_VCPUS]; /* which of the two the next record is about */
};

static uint64_t pair(const uint32_t *words)
{
    return words[0] | (uint64_t)words[1] << 32;
}

static void print_call(struct strace *strace, uint32_t vcpu, struct traced_call *call,
                       const char *result)
{
    char text[900];
    uint64_t khz = strace->machine.cpu_khz != 0 ? strace->machine.cpu_khz : 1;
    uint64_t us = (call->ticks - strace->first_ticks) * 1000 / khz;
    bool inner = call == &strace->vcpus[vcpu][1];

    hypercall_names_call(call->number, call->arguments, &call->memory, text, sizeof(text));
    printf("[%5llu.%06llu] vcpu %u  %s%s = %s\n", (unsigned long long)(us / 1000000),
           (unsigned long long)(us % 1000000), vcpu, inner ? "  in multicall: " : "", text, result);
    call->called = false;
    strace->left -= strace->left > 0 && !inner ? 1 : 0;
}

static void take_call(struct strace *strace, uint32_t vcpu, const struct trace_record *record)
{
    unsigned int inner = (record->words[1] & TRACE_INNER) != 0 ? 1 : 0;
    struct traced_call *call = &strace->vcpus[vcpu][inner];

    strace->inner[vcpu] = inner;
    if (call->called) {
        print_call(strace, vcpu, call, "?"); /* it goes on as another call, or never returns */
    }
    strace->first_ticks = strace->first_ticks != 0 ? strace->first_ticks : record->ticks;
    memset(call, 0, sizeof(*call));
    call->called = true;
    call->number = record->words[1] & ~TRACE_INNER;
    call->ticks = record->ticks;
    call->arguments[0] = pair(record->words + 2);
    call->arguments[1] = pair(record->words + 4);
}

static void take_memory(struct traced_call *call, const struct trace_record *record)
{
    size_t element = record->words[1] >> 8 & 0xff, at = (record->words[1] >> 16) * 4;
    size_t size = record->nr_words > 2 ? (record->nr_words - 2) * sizeof(uint32_t) : 0;

    if (element < HYPERCALL_ELEMENTS && size != 0 && at + size <= HYPERCALL_ELEMENT_SIZE) {
        memcpy(call->memory.elements[element] + at, record->words + 2, size);
        call->memory.nr_elements = element + 1;
    }
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
    struct traced_call *call = &strace->vcpus[vcpu][strace->inner[vcpu]];
    if (record->event == TRACE_CALL) {
        take_call(strace, vcpu, record);
    } else if (record->event == TRACE_CALL_MORE) {
        call->arguments[2] = pair(record->words + 1);
        call->arguments[3] = pair(record->words + 3);
    } else if (record->event == TRACE_CALL_MEMORY) {
        take_memory(call, record);
    } else if (record->event == TRACE_CALL_RESULT) {
        call = &strace->vcpus[vcpu][(record->words[1] & TRACE_INNER) != 0];
        hypercall_names_result((int64_t)pair(record->words + 2), result, sizeof(result));
        if (call->called) {
            print_call(strace, vcpu, call, result);
        }
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
        if (strace->vcpus[vcpu][0].called) {
            print_call(strace, vcpu, &strace->vcpus[vcpu][0], "?");
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

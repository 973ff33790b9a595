/* SPDX-License-Identifier: MIT */
/*
 * trace_reader.h: the hypervisor's trace rings, mapped and read record by record.
 * Owns: the mappings; whoever opens a reader closes it. Tracing is the machine's: the last reader to close ends it.
 * Guest ABI: sysctl (tbuf_op), public/trace.h. Read next: ../pvctl/cmd_strace.c.
 */
#ifndef LIBPV_TRACE_READER_H
#define LIBPV_TRACE_READER_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_READER_WORDS 7u

struct trace_record {
    uint32_t event;
    uint64_t ticks; /* TSC; 0: the record has none */
    uint32_t nr_words;
    uint32_t words[TRACE_READER_WORDS];
};

struct trace_reader;

/* Makes the rings if there are none, and starts tracing. NULL and a negative Xen errno in *result. */
struct trace_reader *trace_reader_open(int *result);
void trace_reader_close(struct trace_reader *reader);
/* Tracing ends, whoever began it: a dom0 that crashed, for instance. */
void trace_reader_stop(void);
/* The next record of any CPU; false: there is none now. */
bool trace_reader_next(struct trace_reader *reader, struct trace_record *record);

#endif

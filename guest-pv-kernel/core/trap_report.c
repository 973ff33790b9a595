/* SPDX-License-Identifier: MIT */
/*
 * The report of a trap that nobody expected: every exception is a bug of ours.
 * Read next: panic.c
 */
#include <stdbool.h>
#include <stddef.h>
#include <pvk/console.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>
#include "trap_report.h"

#define PAGE_FAULT 14u

#define TRAP_NAME(vector, entry, name) [vector] = name,
static const char *const trap_names[] = {TRAP_ENTRIES(TRAP_NAME)};

static const char *name_of(uint64_t vector)
{
    if (vector < sizeof(trap_names) / sizeof(trap_names[0]) && trap_names[vector] != NULL) {
        return trap_names[vector];
    }
    return "unknown trap";
}

void trap_report(const struct trap_frame *frame, uint64_t address, const char *name)
{
    static bool reporting;

    if (reporting) {
        console_printf("\ntrap %lu inside the report of another, at %lx\n", frame->vector,
                       frame->rip);
        shutdown_crash();
    }
    reporting = true;
    console_printf("\n%s: vector %lu, error code %lx", name != NULL ? name : name_of(frame->vector),
                   frame->vector, frame->error_code);
    if (frame->vector == PAGE_FAULT) {
        console_printf(", address %lx (%s, %s)", address,
                       (frame->error_code & 1) != 0 ? "protection" : "not mapped",
                       (frame->error_code & 16) != 0  ? "execute"
                       : (frame->error_code & 2) != 0 ? "write"
                                                      : "read");
    }
    console_printf("\nrip %lx  rsp %lx  rflags %lx  cs %lx  ss %lx\n", frame->rip, frame->rsp,
                   frame->rflags, frame->cs & 0xffff, frame->ss & 0xffff);
    console_printf("rax %lx  rbx %lx  rcx %lx  rdx %lx\n", frame->rax, frame->rbx, frame->rcx,
                   frame->rdx);
    console_printf("rsi %lx  rdi %lx  rbp %lx  r8 %lx  r9 %lx\n", frame->rsi, frame->rdi,
                   frame->rbp, frame->r8, frame->r9);
    console_printf("r10 %lx  r11 %lx  r12 %lx  r13 %lx  r14 %lx  r15 %lx\n", frame->r10, frame->r11,
                   frame->r12, frame->r13, frame->r14, frame->r15);
    if (thread_current() != NULL) {
        console_printf("in thread %s\n", thread_name(thread_current()));
    }
    panic_backtrace(frame->rip, (const void *)frame->rbp);
    shutdown_crash();
}

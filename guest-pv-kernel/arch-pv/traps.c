/* SPDX-License-Identifier: MIT */
/*
 * Traps: every exception is a bug of ours, so each prints what it knows and ends the domain. The
 * event upcall is the one entry that returns.
 * Guest ABI: set_trap_table, set_callbacks; cr2 is in vcpu_info, the control register is not ours.
 * Read next: event.c
 */
#include <stddef.h>
#include <public/xen.h>
#include <pvk/console.h>
#include <pvk/event.h>
#include <pvk/hypercall.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include <pvk/thread.h>
#include "traps.h"

void trap_handle(struct trap_frame *frame);

#define TRAP_ENTRIES(X)                                \
    X(0, trap_divide, "divide error")                  \
    X(1, trap_debug, "debug trap")                     \
    X(2, trap_nmi, "NMI")                              \
    X(3, trap_breakpoint, "breakpoint")                \
    X(4, trap_overflow, "overflow")                    \
    X(5, trap_bounds, "bound range")                   \
    X(6, trap_invalid_opcode, "invalid opcode")        \
    X(7, trap_no_device, "device not available")       \
    X(8, trap_double_fault, "double fault")            \
    X(10, trap_invalid_tss, "invalid TSS")             \
    X(11, trap_no_segment, "segment not present")      \
    X(12, trap_stack, "stack fault")                   \
    X(13, trap_protection, "general protection fault") \
    X(14, trap_page_fault, "page fault")               \
    X(16, trap_floating_point, "x87 error")            \
    X(17, trap_alignment, "alignment check")           \
    X(18, trap_machine_check, "machine check")         \
    X(19, trap_simd, "SIMD error")

#define TRAP_DECLARE(vector, entry, name) void entry(void);
TRAP_ENTRIES(TRAP_DECLARE)
void trap_event_callback(void);
void trap_failsafe_callback(void);

#define TRAP_NAME(vector, entry, name) [vector] = name,
static const char *const trap_names[] = {TRAP_ENTRIES(TRAP_NAME)};

#define TRAP_INT3_DPL  3
#define TRAP_MASK_FLAG 4 /* mask events on entry, so that a report is not interleaved */

#define TRAP_TABLE(vector, entry, name) \
    {vector, (vector) == 3 ? TRAP_INT3_DPL : TRAP_MASK_FLAG, FLAT_KERNEL_CS, (unsigned long)entry},

void traps_init(void)
{
    static const struct trap_info table[] = {TRAP_ENTRIES(TRAP_TABLE){0, 0, 0, 0}};

    if (hypercall_set_trap_table(table) != 0) {
        panic("the hypervisor refuses our trap table");
    }
    if (hypercall_set_callbacks((unsigned long)trap_event_callback,
                                (unsigned long)trap_failsafe_callback, 0) != 0) {
        panic("the hypervisor refuses our event callback");
    }
}

static const char *trap_name(uint64_t vector)
{
    if (vector == TRAP_VECTOR_FAILSAFE) {
        return "failsafe callback";
    }
    if (vector < sizeof(trap_names) / sizeof(trap_names[0]) && trap_names[vector] != NULL) {
        return trap_names[vector];
    }
    return "unknown trap";
}

static _Noreturn void trap_report(const struct trap_frame *frame)
{
    static bool reporting;
    uint64_t address = start_shared_info()->vcpu_info[0].arch.cr2;

    if (reporting) {
        console_printf("\ntrap %lu inside the report of another, at %lx\n", frame->vector,
                       frame->rip);
        shutdown_crash();
    }
    reporting = true;
    console_printf("\n%s: vector %lu, error code %lx", trap_name(frame->vector), frame->vector,
                   frame->error_code);
    if (frame->vector == 14) {
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

void trap_handle(struct trap_frame *frame)
{
    if (frame->vector == TRAP_VECTOR_EVENT) {
        event_dispatch();
        return;
    }
    trap_report(frame);
}

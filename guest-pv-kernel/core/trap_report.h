/* SPDX-License-Identifier: MIT */
/*
 * A trap's registers as an architecture folder's entry.S leaves them, and the words about them. Who
 * brings a trap here differs (a hypervisor's trap table, an IDT); what is said of it does not.
 */
#ifndef TRAP_REPORT_H
#define TRAP_REPORT_H

#include <stdint.h>

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rdi, rsi, rdx, rax;
    uint64_t vector;
    uint64_t rcx, r11, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* vector, assembly entry, name */
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

/* Says what happened, where and who called, then ends the domain. `address` is what a page fault
 * touched; `name` replaces the vector's own unless NULL. */
_Noreturn void trap_report(const struct trap_frame *frame, uint64_t address, const char *name);

#endif

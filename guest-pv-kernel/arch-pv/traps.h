/* SPDX-License-Identifier: MIT */
/*
 * Traps and the event upcall, as the assembly in entry.S lays them out.
 */
#ifndef TRAPS_H
#define TRAPS_H

#include <stdint.h>

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rdi, rsi, rdx, rax;
    uint64_t vector;
    uint64_t rcx, r11, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

#define TRAP_VECTOR_EVENT    256u /* not the processor's: the event callback */
#define TRAP_VECTOR_FAILSAFE 257u

/* Registers the trap table and the callbacks. From here on faults are reported. */
void traps_init(void);

#endif

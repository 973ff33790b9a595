/* SPDX-License-Identifier: MIT */
/* What entry.S gives to C, and what it calls. */
#pragma once

#include "../lib/compiler.h"

struct vcpu;
struct cpu_user_regs;
struct cpu_local;

/* Selectors in the hypervisor's part of the GDT (entry.S uses offsets.h's copies). */
#define HV_CS         0xe008
#define HV_SS         0xe010
#define HV_TSS        0xe040
#define HV_LDT        0xe050
#define STAR_USER     0xe023
#define GDT_HV_OFFSET 0xe000

/* The two entry stubs copied to each CPU's own page, and the target they jump to. */
extern const uint8_t entry_stubs[];
extern const uint64_t entry_stubs_size;
extern const uint64_t entry_stub_compat; /* offset of the 32-bit one */
void entry_syscall(void);
void entry_syscall_compat(void);

/* Gate targets, one each for 256 vectors, ENTRY_GATE_SIZE bytes apart. */
#define ENTRY_GATE_SIZE 16
extern const uint8_t entry_gates[];

NORETURN void entry_on_stack(struct cpu_local *top, void (*function)(void));

/* Called by entry.S. */
void traps_from_guest(struct vcpu *v);
void traps_from_hypervisor(struct cpu_user_regs *regs);
void traps_iret_faulted(struct vcpu *v);
void traps_frame_lost(struct vcpu *v);
void traps_nmi(struct cpu_user_regs *regs);
void traps_syscall_compat(struct vcpu *v);

/* Places where a fault is expected: {instruction, where to go on}, both relative to their own address. */
struct exception_fixup {
    int32_t instruction;
    int32_t continuation;
};
extern const struct exception_fixup exception_table_start[], exception_table_end[];

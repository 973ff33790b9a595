/* SPDX-License-Identifier: MIT */
/*
 * What each CPU has for itself, found from the stack pointer.
 *
 * Owns: struct cpu_local, which ends the CPU's 64 KiB stack block; its address is the main stack's top, so that entry.S
 * reaches it through rsp alone, on the emergency (IST) stacks of the same block, too: no swapgs, no unsafe window.
 * Locks: written by its own CPU only, except work (atomic). Read next: percpu.c, entry.S.
 */
#pragma once

#include "../lib/compiler.h"
#include "../mm/addr.h"
#include "../mm/layout.h"

struct vcpu;

/* The stack block: pages, from below. A page left out is a guard. */
#define CPU_BLOCK_SIZE      0x10000
#define CPU_STACK_NMI       1
#define CPU_STACK_MCE       3
#define CPU_STACK_FAULT     5 /* double faults */
#define CPU_STACK_DEBUG     7
#define CPU_STACK_MAIN      9 /* to page 15 */
#define CPU_STACK_MAIN_LAST 15

/* Bits of cpu_local.work: what the exit path must look at before it enters a guest. */
#define WORK_SCHEDULE (1u << 0)
#define WORK_NMI      (1u << 1) /* one came; told of later, since locks may have been held then */

/* Intel SDM 3A, 8.7. */
struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} __attribute__((packed));
_Static_assert(sizeof(struct task_state) == 104, "task state segment");

#define GDT_WINDOW_PAGES 14
#define LDT_WINDOW_PAGES 16

/* Where guest frames of descriptors are shown to the processor. */
struct descriptor_window {
    pte_t *entries; /* the L1 entries of its pages */
    uint32_t used;  /* bit n: page n shows a guest frame */
    mfn_t shown[LDT_WINDOW_PAGES];
};

struct cpu_local {
    struct vcpu *current;
    uint64_t register_end;   /* &current->regs.es: where entries push */
    uint64_t guest_rsp;      /* between two instructions of the syscall stub */
    uint64_t syscall_target; /* entry_syscall; far from the stub, hence a pointer */
    uint64_t compat_target;  /* entry_syscall_compat */
    const void *call_table;  /* hypercall_table, or trace_table */
    uint32_t work;           /* WORK_*; atomic */
    uint32_t id;
    struct vcpu *idle;
    struct vcpu *fpu_owner; /* whose FPU state the registers hold unchanged; NULL: nobody's */
    uint64_t cr4;           /* as loaded */
    uint64_t xcr0;          /* as loaded */
    uint64_t deadline_ns;   /* of the one-shot timer; UINT64_MAX: off */
    uint64_t deadline_ticks;
    uint64_t debug_control; /* DR7 as loaded */
    uint32_t task_switched; /* CR0.TS as loaded */
    uint32_t apic_id;
    uint32_t full_flush_time; /* the flush clock at the last full flush */
    uint32_t ldt_loaded;      /* LDTR is not null */
    struct descriptor_window gdt, ldt;
    struct task_state tss;
    uint8_t end[8];
} __attribute__((aligned(16)));

#if !__STDC_HOSTED__
static inline struct cpu_local *cpu_local(void)
{
    uint64_t stack;

    __asm__("mov %%rsp, %0" : "=r"(stack));
    return (struct cpu_local *)((stack | (CPU_BLOCK_SIZE - 1)) + 1 - sizeof(struct cpu_local));
}
static inline struct vcpu *current_vcpu(void)
{
    return cpu_local()->current;
}
#endif

/* Another CPU's, by its fixed address. */
static inline struct cpu_local *cpu_local_of(unsigned int cpu)
{
    return (struct cpu_local *)(PERCPU_START + (uint64_t)cpu * PERCPU_STRIDE + PERCPU_STACK +
                                CPU_BLOCK_SIZE - sizeof(struct cpu_local));
}

/* Maps the CPU's stacks, descriptor window and syscall stub. */
void percpu_create(unsigned int cpu);
/* Moves to the CPU's own stack for good. */
NORETURN void percpu_enter(unsigned int cpu, void (*function)(void));
/* What is to be done; cleared. An NMI is told of on the way. */
uint32_t percpu_take_work(void);
/* From entry.S, work pending: does it. */
void percpu_do_work(void);
/* Enters `current` from the top of the stack (entry.S). */
NORETURN void exit_to_guest(void);

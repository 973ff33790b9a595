/* SPDX-License-Identifier: MIT */
/*
 * The fake machine: xenlike/cpu/machine.h for host tests, with memory, faults, clock, TLBs and preemption at a test's command.
 *
 *   fake_machine.c  RAM, frame table, CPUs, clock, TLB model
 *   fake_memory.c   the running guest's memory: through its page tables, or flat
 *   fake_vcpu.c     current_vcpu(), vCPUs for tests
 *   fake_domain.c   domains without domain.c; leave it out when the real one is linked
 *   fake_weak.c     weak answers for what a suite does not link
 *   checker.c       the independent invariant checker
 * Criterion runs each test in a process of its own, so nothing has to be torn down. Start with fake_machine_init().
 */
#ifndef TESTS_FAKE_FAKE_H
#define TESTS_FAKE_FAKE_H

#include <stdbool.h>
#include <stdio.h>

#include "xenlike/domain/domain.h"
#include "xenlike/mm/frame_alloc.h"
#include "xenlike/mm/frame_table.h"

#define FAKE_CPUS 4

/* RAM of so many frames; frame 0 and the last eight are not in the heap (the eight are the hypervisor's). */
void fake_machine_init(unsigned int nr_frames);

/* --- Who runs --------------------------------------------------------------------------------- */

/* A domain with one vCPU, max_frames as given, in guest-kernel mode; no memory yet. Made without domain.c. */
struct domain *fake_domain_create(domid_t id, unsigned int max_frames, bool privileged);
struct vcpu *fake_vcpu_create(struct domain *d, uint32_t id);
/* From now on current_vcpu(); its CPU is the current one, its domain's dirty masks get the CPU. */
void fake_run(struct vcpu *v);
void fake_run_on(struct vcpu *v, unsigned int cpu);
/* The reason of the last domain_crash (fake_domain.c), "" if none. */
extern char fake_crash_reason[256];
/* The call (number, six arguments) of the last hypercall_continue, unless the real one is linked. */
extern int64_t fake_continuation[7];

/* --- The running guest's memory ----------------------------------------------------------------- */

/* Flat: [start, start + size) of guest addresses is this buffer of zeros; several may exist. Without any, page tables are walked. */
void *fake_flat(uint64_t start, size_t size);
void fake_flat_readonly(uint64_t start, bool readonly);
/* The n-th access from now on fails (1: the next); 0: none. An access is one copy or clear. */
extern unsigned int fake_fail_access;
extern unsigned int fake_nr_accesses;
/* Called after each read of guest memory: another vCPU may now change it. */
extern void (*fake_after_read)(gva_t source, size_t size);

/* --- Preemption, time, CPUs --------------------------------------------------------------------- */

/* machine_preempt_wanted() is true at the n-th question from now on (1: the next), and then again every n; 0: never. */
extern unsigned int fake_preempt_every;
extern unsigned int fake_nr_preempt_questions;
extern uint64_t fake_now_ns;
extern uint64_t fake_deadline_ns;
/* What machine_relax() does, as another CPU would; NULL: nobody else runs, so whoever waits waits for ever, and the test fails. */
extern void (*fake_relax)(void);
extern cpumask_t fake_kicked; /* CPUs kicked since the test cleared it */
extern unsigned int fake_cpu; /* the CPU that the test runs on */
extern cpumask_t fake_online;

/* What was asked of the processor, counted. */
extern struct fake_counts {
    unsigned int cr3_loads, full_flushes, page_flushes, mask_flushes;
    unsigned int segment_loads, gdt_loads, ldt_loads, debug_loads, cr4_loads, xcr0_loads;
} fake_counts;

/* --- TLB model ------------------------------------------------------------------------------------ */

/* The guest (v, on v's CPU) touches an address: the tables are walked, A and D set, and the translation cached with its G bit; a cached one
 * is used first, however old. True: allowed; *mfn: the frame reached. A write to or a read of a frame that the invariant PT7 forbids
 * (fake_tlb_violation) ends the test. */
bool fake_touch(struct vcpu *v, uint64_t address, bool write, mfn_t *mfn);
/* NULL, or what is wrong: a cached translation that reaches a frame of another owner, a writable one of a table or descriptor page, or
 * a cached table pointer to a frame that is no longer such a table. */
const char *fake_tlb_violation(void);
/* Forgets everything that CPU cached, without counting as a flush of the hypervisor's. */
void fake_tlb_forget(unsigned int cpu);

/* --- Checker (checker.c) ---------------------------------------------------------------------------- */

/* NULL, or the first violation of PT1..PT7 in the whole machine, recomputed from page tables, pins and bases alone. Suites that hold
 * references of their own in C code announce them with fake_checker_hold (general) and _hold_type. */
const char *fake_check(void);
void fake_checker_hold(mfn_t mfn, int references, int type_references);

#endif

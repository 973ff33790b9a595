/* SPDX-License-Identifier: MIT */
/*
 * What a thread is made of; thread.c and process.c look inside.
 */
#ifndef THREAD_LAYOUT_H
#define THREAD_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <pvk/thread.h>

struct _reent;

struct thread {
    struct thread *next;         /* on the run queue, or on the wait queue `waits_on` */
    struct thread *timeout_next; /* on the timeout list while deadline_ns is not THREAD_FOREVER */
    struct wait_queue *waits_on;
    uint64_t deadline_ns;
    bool waiting;
    bool woken;          /* how the last wait ended */
    bool ignores_cancel; /* waits go on in a cancelled process */
    void *saved_stack;   /* while it does not run */
    void *stack;         /* NULL: the boot stack */
    unsigned int stack_order;
    struct _reent *reent;
    struct process *process;
    struct thread *process_next;
    char name[24];
};

/* What thread_switch_stacks pops first from a new thread's stack. The end keeps the stack aligned
 * as after a call. */
struct thread_start_frame {
    uint32_t mxcsr;
    uint32_t fpu_control;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t rip;
    uint64_t end[2];
};

/* Ends a thread's wait because its process was cancelled. */
void thread_interrupt(struct thread *thread);

#endif

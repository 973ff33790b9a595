/* SPDX-License-Identifier: MIT */
/*
 * Threads. They are those of <pvk/thread.h> (not to be included beside this), which do not preempt each
 * other; handlers run between them.
 * A thread that waits says so with block() first and calls schedule() then: a wake() in between is not lost.
 */
#ifndef MINI_OS_SCHED_H
#define MINI_OS_SCHED_H

#include <mini-os/list.h>
#include <mini-os/time.h>
#include <mini-os/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mini_os_sleeper;

struct thread {
    char *name;
    uint32_t flags;
    s_time_t wakeup_time; /* schedule() returns then, at the latest; 0: never by itself */
    struct thread *next;
    const void *core; /* the kernel's own thread */
    struct mini_os_sleeper *sleeper;
};

#define RUNNABLE_FLAG          0x00000001
#define is_runnable(thread)    ((thread)->flags & RUNNABLE_FLAG)
#define set_runnable(thread)   ((thread)->flags |= RUNNABLE_FLAG)
#define clear_runnable(thread) ((thread)->flags &= ~(uint32_t)RUNNABLE_FLAG)

/* NULL: out of memory. */
struct thread *create_thread(const char *name, void (*function)(void *), void *data);
void exit_thread(void) __attribute__((noreturn));
struct thread *get_current(void);
#define current get_current()

/* Lets others run: until this thread was woken when it is blocked, else at least once. */
void schedule(void);
void block(struct thread *thread);
void wake(struct thread *thread);
void msleep(uint32_t milliseconds);

#ifdef __cplusplus
}
#endif

#endif

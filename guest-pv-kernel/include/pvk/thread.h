/* SPDX-License-Identifier: MIT */
/*
 * Cooperative threads: one runs until it waits, yields or ends. Each has a stack, its own newlib
 * state (errno, stdio buffers) and its FPU control words.
 * Owns: the run queue, the timeout queue.
 * Invariant TH1: no thread is on two queues. TH2: when none can run, the domain blocks until an
 * event or the earliest timeout; there is no tick.
 * Read next: event.h for what may run between threads (handlers), file.h for processes.
 */
#ifndef PVK_THREAD_H
#define PVK_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define THREAD_FOREVER       UINT64_MAX
#define THREAD_DEFAULT_STACK (32u * 1024u)

struct thread;
struct process;

/* Threads that wait for something. Zero-initialised is empty. */
struct wait_queue {
    struct thread *first;
};
#define WAIT_QUEUE_INIT \
    {                   \
        NULL            \
    }

/* A thread of the caller's process, runnable at once. stack_size 0: the default.
 * NULL: out of memory. It is freed when `entry` returns or thread_exit() is called. */
struct thread *thread_create(const char *name, void (*entry)(void *argument), void *argument,
                             size_t stack_size);
/* The same, in another process (NULL: the kernel's). */
struct thread *thread_create_in(struct process *process, const char *name,
                                void (*entry)(void *argument), void *argument, size_t stack_size);
struct thread *thread_current(void);
const char *thread_name(const struct thread *thread);
struct process *thread_process(const struct thread *thread);
__attribute__((noreturn)) void thread_exit(void);

/* Lets handlers and other threads run. */
void thread_yield(void);
/* Sleeps until time_monotonic_ns() reaches the deadline, or for a duration. */
void thread_sleep_until(uint64_t deadline_ns);
void thread_sleep(uint64_t duration_ns);

/* Waits until woken: true; or until the deadline (absolute ns, THREAD_FOREVER): false. Because
 * nothing runs between the caller's check of its condition and this call, no wake-up is lost.
 * Woken does not mean that the condition holds: check again, in a loop.
 * A cancelled process's thread returns false at once: see process_cancelled(). */
bool wait_queue_wait(struct wait_queue *queue, uint64_t deadline_ns);
/* The same for waits that must end by themselves (a device owns our memory): no deadline, and a
 * cancelled process's thread waits too. */
void wait_queue_wait_always(struct wait_queue *queue);
/* These may be called from event handlers. */
void wait_queue_wake_one(struct wait_queue *queue);
void wait_queue_wake_all(struct wait_queue *queue);

/* Mutual exclusion over something that waits; not recursive. Zero-initialised is free. */
struct mutex {
    struct thread *owner;
    struct wait_queue waiters;
};
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

struct semaphore {
    unsigned int count;
    struct wait_queue waiters;
};
/* false: the deadline passed first. */
bool semaphore_down(struct semaphore *semaphore, uint64_t deadline_ns);
void semaphore_up(struct semaphore *semaphore);

#ifdef __cplusplus
}
#endif

#endif

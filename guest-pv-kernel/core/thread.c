/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: one run queue, one list of timeouts, and a block when both have nothing to do.
 * Owns: every struct thread. Invariants: TH1, TH2 (thread.h); EV1 (event.h) is why there are no
 * locks. Read next: event.h, process.c
 */
#include <_newlib_version.h>
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/event.h>
#include <pvk/memory.h>
#include <pvk/process.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>
#include <pvk/time.h>
#include "arch.h"
#include "core.h"
#include "process_threads.h"
#include "thread_layout.h"

#define STACK_CANARY 0x7865616e61634b50ul

void thread_switch_stacks(void **save_here, void *load_from);
void thread_trampoline(void);

static struct thread *current;
static struct thread *run_first, **run_tail = &run_first;
static struct thread *timeouts; /* by deadline */
static struct thread *zombie;   /* ended, its stack still in use until the next switch */

static struct thread boot_thread = {.name = "boot", .deadline_ns = THREAD_FOREVER};

struct thread *thread_current(void)
{
    return current;
}

const char *thread_name(const struct thread *thread)
{
    return thread->name;
}

struct process *thread_process(const struct thread *thread)
{
    return thread->process;
}

static void share_streams(void);

void thread_init(void)
{
    boot_thread.reent = _GLOBAL_REENT;
    current = &boot_thread;
    share_streams();
}

static void make_runnable(struct thread *thread)
{
    thread->next = NULL;
    *run_tail = thread;
    run_tail = &thread->next;
}

static void timeout_insert(struct thread *thread)
{
    struct thread **link = &timeouts;

    while (*link != NULL && (*link)->deadline_ns <= thread->deadline_ns) {
        link = &(*link)->timeout_next;
    }
    thread->timeout_next = *link;
    *link = thread;
}

static void timeout_remove(struct thread *thread)
{
    for (struct thread **link = &timeouts; *link != NULL; link = &(*link)->timeout_next) {
        if (*link == thread) {
            *link = thread->timeout_next;
            return;
        }
    }
}

static void queue_remove(struct wait_queue *queue, struct thread *thread)
{
    for (struct thread **link = &queue->first; *link != NULL; link = &(*link)->next) {
        if (*link == thread) {
            *link = thread->next;
            return;
        }
    }
}

/* Ends a wait: off both lists, onto the run queue. */
static void wake(struct thread *thread, bool woken)
{
    if (thread->waits_on != NULL) {
        queue_remove(thread->waits_on, thread);
        thread->waits_on = NULL;
    }
    if (thread->deadline_ns != THREAD_FOREVER) {
        timeout_remove(thread);
        thread->deadline_ns = THREAD_FOREVER;
    }
    thread->waiting = false;
    thread->woken = woken;
    make_runnable(thread);
}

static void expire_timeouts(void)
{
    uint64_t now;

    if (timeouts == NULL) {
        return;
    }
    now = time_monotonic_ns();
    while (timeouts != NULL && timeouts->deadline_ns <= now) {
        wake(timeouts, false);
    }
}

static void free_zombie(void)
{
    struct thread *dead = zombie;

    if (dead != NULL) {
        zombie = NULL;
        _reclaim_reent(dead->reent);
        free(dead->reent);
        memory_free_pages(dead->stack, dead->stack_order);
        free(dead);
    }
}

static void switch_to(struct thread *next)
{
    struct thread *previous = current;

    if (previous->stack != NULL && *(unsigned long *)previous->stack != STACK_CANARY) {
        panic("stack overflow in thread %s", previous->name);
    }
    if (next == previous) {
        return;
    }
    current = next;
    _impure_ptr = next->reent;
    thread_switch_stacks(&previous->saved_stack, next->saved_stack);
    free_zombie();
}

/* Runs something else; the current thread is on whatever list its caller put it. */
static void schedule(void)
{
    struct thread *next;

    for (;;) {
        if (event_pending()) {
            event_dispatch();
        }
        expire_timeouts();
        if (run_first != NULL) {
            break;
        }
        event_idle(timeouts == NULL ? THREAD_FOREVER : timeouts->deadline_ns);
    }
    next = run_first;
    run_first = next->next;
    if (run_first == NULL) {
        run_tail = &run_first;
    }
    next->next = NULL;
    switch_to(next);
}

static unsigned int order_of(size_t bytes)
{
    unsigned int order = 0;

    while ((MEMORY_PAGE_SIZE << order) < bytes) {
        order++;
    }
    return order;
}

struct thread *thread_create_in(struct process *process, const char *name,
                                void (*entry)(void *argument), void *argument, size_t stack_size)
{
    struct thread *thread = calloc(1, sizeof(*thread));
    struct _reent *reent = calloc(1, sizeof(*reent));
    unsigned int order = order_of(stack_size == 0 ? THREAD_DEFAULT_STACK : stack_size);
    char *stack = memory_alloc_pages(order);
    struct thread_start_frame *frame;

    if (thread == NULL || reent == NULL || stack == NULL) {
        free(thread);
        free(reent);
        memory_free_pages(stack, order);
        return NULL;
    }
    _REENT_INIT_PTR(reent);
    strncpy(thread->name, name, sizeof(thread->name) - 1);
    thread->process = process;
    thread->reent = reent;
    thread->stack = stack;
    thread->stack_order = order;
    thread->deadline_ns = THREAD_FOREVER;
    *(unsigned long *)(void *)stack = STACK_CANARY;
    frame = (void *)(stack + (MEMORY_PAGE_SIZE << order) - sizeof(*frame));
    *frame = (struct thread_start_frame){
        .mxcsr = 0x1f80,
        .fpu_control = 0x37f,
        .r12 = (unsigned long)argument,
        .rbx = (unsigned long)entry,
        .rip = (unsigned long)thread_trampoline,
    };
    thread->saved_stack = frame;
    process_thread_begins(process, thread);
    make_runnable(thread);
    return thread;
}

struct thread *thread_create(const char *name, void (*entry)(void *argument), void *argument,
                             size_t stack_size)
{
    return thread_create_in(current->process, name, entry, argument, stack_size);
}

#if __NEWLIB__ >= 4
/* From version 4 on, newlib has one stdin, stdout and stderr for all threads. Without buffers nothing of
 * one process waits in them while another runs. */
static void share_streams(void)
{
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IONBF, 0);
}

static void drop_streams(struct _reent *reent)
{
    (void)reent;
}
#else
static void share_streams(void)
{
}

/* Flushes the thread's own stdin, stdout and stderr while its process still has descriptors. newlib
 * would close those descriptors, which other threads use. */
static void drop_streams(struct _reent *reent)
{
    FILE *streams[] = {reent->_stdin, reent->_stdout, reent->_stderr};

    if (reent == _GLOBAL_REENT || !reent->__sdidinit) {
        return;
    }
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        (void)_fflush_r(reent, streams[i]);
        if ((streams[i]->_flags & __SMBF) != 0) {
            free(streams[i]->_bf._base);
        }
    }
    reent->__sdidinit = 0; /* nothing left to clean up */
}
#endif

void thread_exit(void)
{
    drop_streams(current->reent);
    process_thread_ends(current->process, current);
    if (current->stack != NULL) {
        free_zombie(); /* a new thread does not come through switch_to, so one may be left */
        zombie = current;
    }
    schedule();
    panic("an ended thread runs");
}

void thread_yield(void)
{
    make_runnable(current);
    schedule();
}

static bool wait_until(struct wait_queue *queue, uint64_t deadline_ns)
{
    struct thread **link;

    if (process_cancelled() && !current->ignores_cancel) {
        thread_yield(); /* a loop that does not look for it must not stop the others */
        return false;
    }
    current->next = NULL;
    current->waiting = true;
    current->waits_on = queue;
    current->deadline_ns = deadline_ns;
    if (queue != NULL) {
        for (link = &queue->first; *link != NULL; link = &(*link)->next) {
        }
        *link = current;
    }
    if (deadline_ns != THREAD_FOREVER) {
        timeout_insert(current);
    }
    schedule();
    return current->woken;
}

bool wait_queue_wait(struct wait_queue *queue, uint64_t deadline_ns)
{
    return wait_until(queue, deadline_ns);
}

void wait_queue_wait_always(struct wait_queue *queue)
{
    bool ignored = current->ignores_cancel;

    current->ignores_cancel = true;
    (void)wait_until(queue, THREAD_FOREVER);
    current->ignores_cancel = ignored;
}

void wait_queue_wake_one(struct wait_queue *queue)
{
    if (queue->first != NULL) {
        wake(queue->first, true);
    }
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    while (queue->first != NULL) {
        wake(queue->first, true);
    }
}

void thread_sleep_until(uint64_t deadline_ns)
{
    (void)wait_until(NULL, deadline_ns);
}

void thread_sleep(uint64_t duration_ns)
{
    thread_sleep_until(time_monotonic_ns() + duration_ns);
}

void thread_interrupt(struct thread *thread)
{
    if (thread->waiting && !thread->ignores_cancel) {
        wake(thread, false);
    }
}

void mutex_lock(struct mutex *mutex)
{
    while (mutex->owner != NULL) {
        wait_queue_wait_always(&mutex->waiters);
    }
    mutex->owner = current;
}

void mutex_unlock(struct mutex *mutex)
{
    mutex->owner = NULL;
    wait_queue_wake_one(&mutex->waiters);
}

bool semaphore_down(struct semaphore *semaphore, uint64_t deadline_ns)
{
    while (semaphore->count == 0) {
        if (!wait_until(&semaphore->waiters, deadline_ns) && semaphore->count == 0) {
            return false;
        }
    }
    semaphore->count--;
    return true;
}

void semaphore_up(struct semaphore *semaphore)
{
    semaphore->count++;
    wait_queue_wake_one(&semaphore->waiters);
}

/* SPDX-License-Identifier: MIT */
/*
 * Threads by Mini-OS's names: block() marks, schedule() waits while the mark is there.
 * Owns: a struct thread for each of the kernel's threads that ever asked who it is.
 * Read next: port.h
 */
#include <mini-os/sched.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mini-os/os.h>
#include <pvk/time.h>

#include "port.h"

struct start {
    struct thread *thread;
    void (*function)(void *);
    void *data;
};

static struct thread *threads;

static struct thread *thread_new(const char *name)
{
    struct thread *thread = calloc(1, sizeof(*thread));

    if (thread != NULL) {
        thread->name = strdup(name);
        thread->sleeper = port_sleeper_new();
        thread->flags = RUNNABLE_FLAG;
    }
    if (thread == NULL || thread->name == NULL || thread->sleeper == NULL) {
        if (thread != NULL) {
            free(thread->name);
            free(thread->sleeper);
        }
        free(thread);
        return NULL;
    }
    thread->next = threads;
    threads = thread;
    return thread;
}

static void thread_forget(struct thread *thread)
{
    struct thread **link = &threads;

    while (*link != thread) {
        link = &(*link)->next;
    }
    *link = thread->next;
    free(thread->name);
    free(thread->sleeper);
    free(thread);
}

struct thread *get_current(void)
{
    const void *core = port_current();
    struct thread *thread = threads;

    while (thread != NULL && thread->core != core) {
        thread = thread->next;
    }
    if (thread == NULL) {
        thread = thread_new("kernel"); /* main, or one that was not made here */
        if (thread == NULL) {
            BUG(); /* no memory to know who asks */
        }
        thread->core = core;
    }
    return thread;
}

static void run(void *argument)
{
    struct start start = *(struct start *)argument;

    free(argument);
    start.thread->core = port_current();
    start.function(start.data);
    exit_thread();
}

struct thread *create_thread(const char *name, void (*function)(void *), void *data)
{
    struct start *start = malloc(sizeof(*start));
    struct thread *thread = start == NULL ? NULL : thread_new(name);

    if (thread == NULL) {
        free(start);
        return NULL;
    }
    *start = (struct start){thread, function, data};
    if (port_thread(name, run, start) != 0) {
        thread_forget(thread);
        free(start);
        return NULL;
    }
    return thread;
}

void exit_thread(void)
{
    thread_forget(get_current());
    port_thread_exit();
}

void schedule(void)
{
    struct thread *me = get_current();

    if (is_runnable(me)) {
        port_yield();
        return;
    }
    while (!is_runnable(me)) {
        if (me->wakeup_time != 0 && NOW() >= me->wakeup_time) {
            wake(me);
        } else {
            port_sleep(me->sleeper, me->wakeup_time != 0 ? (uint64_t)me->wakeup_time : UINT64_MAX);
        }
    }
}

void block(struct thread *thread)
{
    thread->wakeup_time = 0;
    clear_runnable(thread);
}

void wake(struct thread *thread)
{
    thread->wakeup_time = 0;
    set_runnable(thread);
    port_wake(thread->sleeper);
}

void msleep(uint32_t milliseconds)
{
    struct thread *me = get_current();

    block(me);
    me->wakeup_time = NOW() + MILLISECS(milliseconds);
    schedule();
}

u64 monotonic_clock(void)
{
    return time_monotonic_ns();
}

void block_domain(s_time_t until)
{
    while (NOW() < until) {
        msleep((uint32_t)((until - NOW()) / 1000000) + 1);
    }
}

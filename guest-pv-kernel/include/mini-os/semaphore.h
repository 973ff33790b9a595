/* SPDX-License-Identifier: MIT */
/*
 * Semaphores, and mutual exclusion as one of them.
 */
#ifndef MINI_OS_SEMAPHORE_H
#define MINI_OS_SEMAPHORE_H

#include <mini-os/spinlock.h>
#include <mini-os/wait.h>

#ifdef __cplusplus
extern "C" {
#endif

struct semaphore {
    int count;
    struct wait_queue_head wait;
};

#define __SEMAPHORE_INITIALIZER(name, n)                \
    {                                                   \
        (n), __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) \
    }
#define __MUTEX_INITIALIZER(name)  __SEMAPHORE_INITIALIZER(name, 1)
#define DECLARE_MUTEX(name)        struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
#define DECLARE_MUTEX_LOCKED(name) struct semaphore name = __SEMAPHORE_INITIALIZER(name, 0)

static inline void init_SEMAPHORE(struct semaphore *semaphore, int count)
{
    semaphore->count = count;
    init_waitqueue_head(&semaphore->wait);
}
#define init_MUTEX(semaphore) init_SEMAPHORE(semaphore, 1)

/* 1: taken. */
static inline int trydown(struct semaphore *semaphore)
{
    return semaphore->count > 0 ? semaphore->count--, 1 : 0;
}

static inline void down(struct semaphore *semaphore)
{
    wait_event(semaphore->wait, semaphore->count > 0);
    semaphore->count--;
}

static inline void up(struct semaphore *semaphore)
{
    semaphore->count++;
    wake_up(&semaphore->wait);
}

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * sys_arch.c: lwIP's semaphores, mailboxes and threads, over ours. Nothing here polls: a thread that
 * waits sleeps until it is woken or its time is up.
 * Owns: struct sys_mailbox. Locks: none; EV1 (<pvk/event.h>).
 * Read next: interface.c
 */
#include <stdlib.h>
#include <string.h>

#include <lwip/opt.h>
#include <lwip/sys.h>

#include <pvk/thread.h>
#include <pvk/time.h>

void sys_init(void)
{
}

u32_t sys_now(void)
{
    return (u32_t)(time_monotonic_ns() / TIME_MILLISECOND_NS);
}

/* ---- semaphores and mutexes --------------------------------------------------------------------- */

err_t sys_sem_new(sys_sem_t *sem, u8_t count)
{
    memset(sem, 0, sizeof(*sem));
    sem->semaphore.count = count;
    sem->valid = true;
    return ERR_OK;
}

void sys_sem_free(sys_sem_t *sem)
{
    sem->valid = false;
}

void sys_sem_signal(sys_sem_t *sem)
{
    semaphore_up(&sem->semaphore);
}

/* lwIP's 0 means for ever. */
static uint64_t deadline_of(u32_t timeout_ms)
{
    return timeout_ms == 0 ? THREAD_FOREVER
                           : time_monotonic_ns() + timeout_ms * TIME_MILLISECOND_NS;
}

u32_t sys_arch_sem_wait(sys_sem_t *sem, u32_t timeout_ms)
{
    u32_t began = sys_now();

    while (!semaphore_down(&sem->semaphore, deadline_of(timeout_ms))) {
        if (timeout_ms != 0) {
            return SYS_ARCH_TIMEOUT;
        }
        thread_yield(); /* a cancelled process's: lwIP has to have its answer all the same */
    }
    return sys_now() - began;
}

err_t sys_mutex_new(sys_mutex_t *mutex)
{
    memset(mutex, 0, sizeof(*mutex));
    mutex->valid = true;
    return ERR_OK;
}

void sys_mutex_free(sys_mutex_t *mutex)
{
    mutex->valid = false;
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
    mutex_lock(&mutex->mutex);
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
    mutex_unlock(&mutex->mutex);
}

/* ---- mailboxes ---------------------------------------------------------------------------------- */

struct sys_mailbox {
    struct wait_queue readers, writers;
    size_t size, first, count;
    void *messages[];
};

err_t sys_mbox_new(sys_mbox_t *mbox, int size)
{
    size_t entries = size > 0 ? (size_t)size : 32;

    *mbox = calloc(1, sizeof(**mbox) + entries * sizeof(void *));
    if (*mbox == NULL) {
        return ERR_MEM;
    }
    (*mbox)->size = entries;
    return ERR_OK;
}

void sys_mbox_free(sys_mbox_t *mbox)
{
    free(*mbox);
}

err_t sys_mbox_trypost(sys_mbox_t *mbox, void *message)
{
    struct sys_mailbox *box = *mbox;

    if (box->count == box->size) {
        return ERR_MEM;
    }
    box->messages[(box->first + box->count++) % box->size] = message;
    wait_queue_wake_one(&box->readers);
    return ERR_OK;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *mbox, void *message)
{
    return sys_mbox_trypost(mbox, message);
}

void sys_mbox_post(sys_mbox_t *mbox, void *message)
{
    while (sys_mbox_trypost(mbox, message) != ERR_OK) {
        wait_queue_wait_always(&(*mbox)->writers);
    }
}

u32_t sys_arch_mbox_tryfetch(sys_mbox_t *mbox, void **message)
{
    struct sys_mailbox *box = *mbox;

    if (box->count == 0) {
        return SYS_MBOX_EMPTY;
    }
    if (message != NULL) {
        *message = box->messages[box->first];
    }
    box->first = (box->first + 1) % box->size;
    box->count--;
    wait_queue_wake_one(&box->writers);
    return 0;
}

u32_t sys_arch_mbox_fetch(sys_mbox_t *mbox, void **message, u32_t timeout_ms)
{
    uint64_t deadline = deadline_of(timeout_ms);
    u32_t began = sys_now();

    while (sys_arch_mbox_tryfetch(mbox, message) == SYS_MBOX_EMPTY) {
        if (timeout_ms == 0) {
            wait_queue_wait_always(&(*mbox)->readers);
        } else if (!wait_queue_wait(&(*mbox)->readers, deadline)) {
            return SYS_ARCH_TIMEOUT;
        }
    }
    return sys_now() - began;
}

/* ---- threads ------------------------------------------------------------------------------------ */

struct start {
    lwip_thread_fn function;
    void *argument;
};

static void run(void *argument)
{
    struct start start = *(struct start *)argument;

    free(argument);
    start.function(start.argument);
}

sys_thread_t sys_thread_new(const char *name, lwip_thread_fn function, void *argument,
                            int stack_size, int priority)
{
    struct start *start = malloc(sizeof(*start));

    (void)priority; /* threads take turns */
    if (start == NULL) {
        return NULL;
    }
    *start = (struct start){function, argument};
    return thread_create_in(NULL, name, run, start, (size_t)stack_size);
}

/* SPDX-License-Identifier: MIT */
/*
 * Threads that wait for a condition which an event handler, or another thread, makes true and announces
 * with wake_up().
 */
#ifndef MINI_OS_WAIT_H
#define MINI_OS_WAIT_H

#include <mini-os/list.h>
#include <mini-os/os.h>
#include <mini-os/sched.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wait_queue {
    struct thread *thread;
    struct list_head thread_list;
};

struct wait_queue_head {
    struct list_head thread_list;
};

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) \
    {                                       \
        LIST_HEAD_INIT((name).thread_list)  \
    }
#define DECLARE_WAIT_QUEUE_HEAD(name) \
    struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DEFINE_WAIT(name)                   \
    struct wait_queue name = {              \
        get_current(),                      \
        LIST_HEAD_INIT((name).thread_list), \
    }

static inline void init_waitqueue_head(struct wait_queue_head *head)
{
    INIT_LIST_HEAD(&head->thread_list);
}

static inline void init_waitqueue_entry(struct wait_queue *entry, struct thread *thread)
{
    entry->thread = thread;
    INIT_LIST_HEAD(&entry->thread_list);
}

static inline void add_wait_queue(struct wait_queue_head *head, struct wait_queue *entry)
{
    if (list_empty(&entry->thread_list)) {
        list_add(&entry->thread_list, &head->thread_list);
    }
}

static inline void remove_wait_queue(struct wait_queue_head *head, struct wait_queue *entry)
{
    (void)head;
    list_del_init(&entry->thread_list);
}

/* Everyone who waits there; handlers may. */
static inline void wake_up(struct wait_queue_head *head)
{
    struct list_head *at, *after;

    list_for_each_safe(at, after, &head->thread_list)
    {
        wake(list_entry(at, struct wait_queue, thread_list)->thread);
    }
}

/* From add_waiter() to the next schedule() nothing is missed. The queue's name may be left out when it
 * is removed, as older code does. */
#define add_waiter(entry, queue)            \
    do {                                    \
        add_wait_queue(&(queue), &(entry)); \
        block(get_current());               \
    } while (0)
#define remove_waiter(entry, ...)            \
    do {                                     \
        list_del_init(&(entry).thread_list); \
        set_runnable(get_current());         \
    } while (0)

/* Until the condition holds, or until the deadline (NOW() reaches it; 0: none). */
#define wait_event_deadline(queue, condition, deadline)                               \
    do {                                                                              \
        s_time_t wait_event_until = (deadline);                                       \
        DEFINE_WAIT(wait_event_entry);                                                \
        while (!(condition) && (wait_event_until == 0 || NOW() < wait_event_until)) { \
            add_waiter(wait_event_entry, queue);                                      \
            get_current()->wakeup_time = wait_event_until;                            \
            schedule();                                                               \
            remove_waiter(wait_event_entry, queue);                                   \
        }                                                                             \
    } while (0)
#define wait_event(queue, condition) wait_event_deadline(queue, condition, 0)

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * lwIP's operating system is our threads (sys_arch.c). Threads are cooperative and event handlers run
 * only between them, so lwIP's short critical sections need no protection (EV1, <pvk/event.h>).
 */
#ifndef NET_PORT_SYS_ARCH_H
#define NET_PORT_SYS_ARCH_H

#include <stdbool.h>

#include <pvk/thread.h>

typedef struct {
    struct semaphore semaphore;
    bool valid;
} sys_sem_t;

typedef struct {
    struct mutex mutex;
    bool valid;
} sys_mutex_t;

typedef struct sys_mailbox *sys_mbox_t;
typedef struct thread *sys_thread_t;

#define sys_sem_valid(sem)           ((sem)->valid)
#define sys_sem_set_invalid(sem)     ((sem)->valid = false)
#define sys_mutex_valid(mutex)       ((mutex)->valid)
#define sys_mutex_set_invalid(mutex) ((mutex)->valid = false)
#define sys_mbox_valid(mbox)         (*(mbox) != NULL)
#define sys_mbox_valid_val(mbox)     ((mbox) != NULL)
#define sys_mbox_set_invalid(mbox)   (*(mbox) = NULL)

#endif

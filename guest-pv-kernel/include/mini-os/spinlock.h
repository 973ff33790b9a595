/* SPDX-License-Identifier: MIT */
/*
 * Locks. Threads do not preempt each other and there is one vCPU: nothing spins.
 */
#ifndef MINI_OS_SPINLOCK_H
#define MINI_OS_SPINLOCK_H

typedef struct {
    int taken;
} spinlock_t;

#define SPIN_LOCK_UNLOCKED \
    {                      \
        0                  \
    }
#define DEFINE_SPINLOCK(name)  spinlock_t name = SPIN_LOCK_UNLOCKED
#define spin_lock_init(lock)   ((void)((lock)->taken = 0))
#define spin_is_locked(lock)   ((lock)->taken != 0)
#define spin_unlock_wait(lock) ((void)(lock))
#define spin_lock(lock)        ((void)((lock)->taken = 1))
#define spin_unlock(lock)      ((void)((lock)->taken = 0))
#define spin_trylock(lock)     ((lock)->taken ? 0 : ((lock)->taken = 1))
#define spin_lock_irqsave(lock, flags) \
    do {                               \
        (flags) = 0;                   \
        spin_lock(lock);               \
    } while (0)
#define spin_unlock_irqrestore(lock, flags) \
    do {                                    \
        (void)(flags);                      \
        spin_unlock(lock);                  \
    } while (0)

#endif

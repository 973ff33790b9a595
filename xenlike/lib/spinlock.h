/* SPDX-License-Identifier: MIT */
/*
 * A spinlock. The hypervisor runs with interrupts off, so a lock needs no irq-saving variant.
 *
 * Lock order (take from left to right, never the other way; docs/internals/locking.md has it whole):
 *   event bind, channel (lower address first), FIFO, grant table, maptrack, page lock, slab, heap; domain, channel, then runqueue;
 *   console last. Domain list and timer heap are held alone.
 */
#pragma once

#include "compiler.h"

typedef struct CAPABILITY("lock") spinlock {
    uint32_t taken;
} spinlock_t;

#define SPINLOCK_INIT \
    {                 \
        0             \
    }

/* One turn of waiting for another CPU, which may wait for this one to flush: its request is answered here. (cpu/flush.c) */
void machine_relax(void);

static inline void spin_lock(spinlock_t *lock) ACQUIRES(*lock) UNCHECKED_LOCKING
{
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0) {
        do {
            machine_relax();
        } while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED) != 0);
    }
}

static inline void spin_unlock(spinlock_t *lock) RELEASES(*lock) UNCHECKED_LOCKING
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

/* SPDX-License-Identifier: MIT */
/*
 * Software timers: one heap per CPU over machine_set_deadline.
 * Owns: struct timer. Invariant: TM1 the machine's deadline is the heap's minimum. Locks: timer heap.
 * Callbacks run with the heap lock dropped, interrupts off, on the CPU that armed the timer.
 */
#pragma once

#include "../lib/heap.h"

struct timer {
    struct heap_node node; /* key: when, absolute ns */
    void (*expired)(void *argument);
    void *argument;
    uint32_t cpu;
};

void timer_init(struct timer *timer, void (*expired)(void *), void *argument);
void timer_set(struct timer *timer, uint64_t when_ns); /* re-arms when armed */
void timer_stop(struct timer *timer);
static inline bool timer_is_armed(const struct timer *timer)
{
    return timer->node.queued;
}
/* From the interrupt (or the idle loop): runs all that is due and arms the next. */
void timer_expired(void);

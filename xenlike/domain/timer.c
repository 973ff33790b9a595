/* SPDX-License-Identifier: MIT */
/*
 * Software timers: a heap of the armed ones for each CPU.
 *
 * Owns: the heaps. Invariant: TM1 (timer.h).
 * Locks: timer heap. Read next: lib/heap.h, guest_time.c.
 */
#include "timer.h"

#include "../cpu/machine.h"
#include "../lib/spinlock.h"

struct timer_heap {
    spinlock_t lock;
    /* Under lock. */
    struct heap timers;   /* by the time at which each is due */
    uint64_t deadline_ns; /* as given to the machine; 0: nothing yet */
};

static struct timer_heap heaps[MAX_CPUS];

void timer_init(struct timer *timer, void (*expired)(void *), void *argument)
{
    *timer = (struct timer){.expired = expired, .argument = argument};
}

/* TM1. Only this CPU's own heap can change this CPU's deadline: a timer is armed on the CPU that sets it. */
static void program(struct timer_heap *heap)
{
    const struct heap_node *first = heap->timers.root;
    uint64_t deadline_ns = first == NULL ? UINT64_MAX : max_u64(first->key, 1);

    if (deadline_ns != heap->deadline_ns) {
        heap->deadline_ns = deadline_ns;
        machine_set_deadline(deadline_ns);
    }
}

void timer_set(struct timer *timer, uint64_t when_ns)
{
    unsigned int cpu = machine_cpu();
    struct timer_heap *heap = &heaps[cpu];

    if (timer_is_armed(timer) && timer->cpu != cpu) {
        timer_stop(timer);
    }
    spin_lock(&heap->lock);
    if (timer_is_armed(timer)) {
        heap_remove(&heap->timers, &timer->node);
    }
    timer->cpu = cpu;
    /* Times wrap as keys of the heap; what lies further than half of the range is never, either way. */
    heap_push(&heap->timers, &timer->node, min_u64(when_ns, INT64_MAX));
    program(heap);
    spin_unlock(&heap->lock);
}

void timer_stop(struct timer *timer)
{
    struct timer_heap *heap = &heaps[timer->cpu];

    spin_lock(&heap->lock);
    if (timer_is_armed(timer)) {
        heap_remove(&heap->timers, &timer->node);
        /* Another CPU's machine timer may come too early then: it finds nothing due and arms the next. */
        if (timer->cpu == machine_cpu()) {
            program(heap);
        }
    }
    spin_unlock(&heap->lock);
}

void timer_expired(void)
{
    struct timer_heap *heap = &heaps[machine_cpu()];
    uint64_t now_ns = machine_now_ns();

    spin_lock(&heap->lock);
    heap->deadline_ns = UINT64_MAX; /* a one-shot that fired is off */
    while (heap->timers.root != NULL && heap->timers.root->key <= now_ns) {
        struct timer *timer = container_of(heap_take(&heap->timers), struct timer, node);

        spin_unlock(&heap->lock);
        timer->expired(timer->argument);
        spin_lock(&heap->lock);
    }
    program(heap);
    spin_unlock(&heap->lock);
}

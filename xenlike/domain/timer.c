/* SPDX-License-Identifier: MIT */
/*
 * Software timers: a binary heap of the armed ones for each CPU.
 *
 * Owns: the heaps. Invariant: TM1 (timer.h); TM2 heap_index of each armed timer is its place.
 * Locks: timer heap. Read next: guest_time.c.
 */
#include "timer.h"

#include "../cpu/machine.h"
#include "../lib/check.h"
#include "../lib/spinlock.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"

/* A heap begins with a frame of pointers and grows by doubling. */
#define HEAP_SIZE(order) ((uint32_t)((PAGE_SIZE << (order)) / sizeof(struct timer *)))

struct timer_heap {
    spinlock_t lock;
    /* Under lock. entries[1..count]; the least when_ns at 1. */
    struct timer **entries;
    uint32_t count, order;
    uint64_t deadline_ns; /* as given to the machine; 0: nothing yet */
};

static struct timer_heap heaps[MAX_CPUS];

void timer_init(struct timer *timer, void (*expired)(void *), void *argument)
{
    *timer = (struct timer){.expired = expired, .argument = argument};
}

static void place(struct timer_heap *heap, uint32_t index, struct timer *timer)
{
    heap->entries[index] = timer;
    timer->heap_index = index;
}

static void sift_up(struct timer_heap *heap, uint32_t index, struct timer *timer)
{
    while (index > 1 && heap->entries[index / 2]->when_ns > timer->when_ns) {
        place(heap, index, heap->entries[index / 2]);
        index /= 2;
    }
    place(heap, index, timer);
}

static void sift_down(struct timer_heap *heap, uint32_t index, struct timer *timer)
{
    for (;;) {
        uint32_t child = index * 2;

        if (child > heap->count) {
            break;
        }
        if (child < heap->count &&
            heap->entries[child + 1]->when_ns < heap->entries[child]->when_ns) {
            child++;
        }
        if (heap->entries[child]->when_ns >= timer->when_ns) {
            break;
        }
        place(heap, index, heap->entries[child]);
        index = child;
    }
    place(heap, index, timer);
}

static void heap_remove(struct timer_heap *heap, struct timer *timer)
{
    uint32_t index = timer->heap_index;
    struct timer *last = heap->entries[heap->count--];

    timer->heap_index = 0;
    if (last == timer) {
        return;
    }
    if (index > 1 && heap->entries[index / 2]->when_ns > last->when_ns) {
        sift_up(heap, index, last);
    } else {
        sift_down(heap, index, last);
    }
}

/* Room for one more. A machine with no frame for its timers cannot keep its promises to guests. */
static void heap_reserve(struct timer_heap *heap)
{
    struct timer **old = heap->entries;
    uint32_t order = old == NULL ? 0 : heap->order + 1;

    if (old != NULL && heap->count + 1 < HEAP_SIZE(heap->order)) {
        return;
    }
    mfn_t frames = frame_alloc_hypervisor(order);
    CHECK(mfn_valid_value(frames));
    heap->entries = machine_frame(frames);
    if (old != NULL) {
        memcpy(heap->entries, old, PAGE_SIZE << heap->order);
        frame_free_hypervisor(machine_frame_of(old), heap->order);
    }
    heap->order = order;
}

/* TM1. Only this CPU's own heap can change this CPU's deadline: a timer is armed on the CPU that sets it. */
static void program(struct timer_heap *heap)
{
    uint64_t deadline_ns = heap->count == 0 ? UINT64_MAX : max_u64(heap->entries[1]->when_ns, 1);

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
        heap_remove(heap, timer);
    } else {
        heap_reserve(heap);
    }
    timer->when_ns = when_ns;
    timer->cpu = cpu;
    sift_up(heap, ++heap->count, timer);
    program(heap);
    spin_unlock(&heap->lock);
}

void timer_stop(struct timer *timer)
{
    struct timer_heap *heap = &heaps[timer->cpu];

    spin_lock(&heap->lock);
    if (timer_is_armed(timer)) {
        heap_remove(heap, timer);
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
    while (heap->count != 0 && heap->entries[1]->when_ns <= now_ns) {
        struct timer *timer = heap->entries[1];

        heap_remove(heap, timer);
        spin_unlock(&heap->lock);
        timer->expired(timer->argument);
        spin_lock(&heap->lock);
    }
    program(heap);
    spin_unlock(&heap->lock);
}

/* SPDX-License-Identifier: MIT */
/*
 * A pairing heap. A vCPU has its first child, the next of its siblings, and before it either a sibling or its parent.
 *
 * Owns: sched.child, next, previous. Invariant: SQ1 no child comes before its parent; SQ2 queued is true exactly for members.
 * Locks: runqueue, the caller's. Read next: schedule.c.
 */
#include "schedule_queue.h"

/* Joins two heaps; `a` wins a tie. Neither has siblings. */
static struct vcpu *join(struct vcpu *a, struct vcpu *b)
{
    if (schedule_queue_before(b->sched.virtual_time, a->sched.virtual_time)) {
        struct vcpu *swap = a;

        a = b;
        b = swap;
    }
    b->sched.next = a->sched.child;
    b->sched.previous = a;
    if (a->sched.child != NULL) {
        a->sched.child->sched.previous = b;
    }
    a->sched.child = b;
    return a;
}

static struct vcpu *detach_first(struct vcpu **list)
{
    struct vcpu *v = *list;

    if (v != NULL) {
        *list = v->sched.next;
        v->sched.next = NULL;
        v->sched.previous = NULL;
    }
    return v;
}

/* One heap of all siblings: join pairs from the left, then the pairs from the right. */
static struct vcpu *join_siblings(struct vcpu *first)
{
    struct vcpu *pairs = NULL, *root;

    while (first != NULL) {
        struct vcpu *a = detach_first(&first), *b = detach_first(&first);

        a = b != NULL ? join(a, b) : a;
        a->sched.next = pairs;
        pairs = a;
    }
    root = detach_first(&pairs);
    while (pairs != NULL) {
        root = join(detach_first(&pairs), root);
    }
    return root;
}

void schedule_queue_push(struct schedule_queue *queue, struct vcpu *v)
{
    v->sched.child = NULL;
    v->sched.next = NULL;
    v->sched.previous = NULL;
    v->sched.queued = true;
    queue->root = queue->root != NULL ? join(queue->root, v) : v;
}

struct vcpu *schedule_queue_take(struct schedule_queue *queue)
{
    struct vcpu *v = queue->root;

    if (v != NULL) {
        queue->root = join_siblings(v->sched.child);
        v->sched.child = NULL;
        v->sched.queued = false;
    }
    return v;
}

void schedule_queue_remove(struct schedule_queue *queue, struct vcpu *v)
{
    if (queue->root == v) {
        (void)schedule_queue_take(queue);
        return;
    }
    if (v->sched.previous->sched.child == v) {
        v->sched.previous->sched.child = v->sched.next;
    } else {
        v->sched.previous->sched.next = v->sched.next;
    }
    if (v->sched.next != NULL) {
        v->sched.next->sched.previous = v->sched.previous;
    }
    struct vcpu *rest = join_siblings(v->sched.child);
    v->sched.child = NULL;
    v->sched.next = NULL;
    v->sched.previous = NULL;
    v->sched.queued = false;
    if (rest != NULL) {
        queue->root = join(queue->root, rest);
    }
}

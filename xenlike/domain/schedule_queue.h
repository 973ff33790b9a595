/* SPDX-License-Identifier: MIT */
/*
 * The vCPUs that wait for a CPU, the one with the least virtual time first: a pairing heap through struct vcpu itself,
 * so that it never needs memory. Push and first are O(1); take and remove O(log n) amortised.
 * Locks: runqueue, the caller's. Read next: schedule.c.
 */
#ifndef XENLIKE_DOMAIN_SCHEDULE_QUEUE_H
#define XENLIKE_DOMAIN_SCHEDULE_QUEUE_H

#include "vcpu.h"

struct schedule_queue {
    struct vcpu *root; /* NULL: empty */
};

/* Is a's virtual time before b's? The times wrap. */
static inline bool schedule_queue_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}
/* Equal times: the one that came first stays first. */
void schedule_queue_push(struct schedule_queue *queue, struct vcpu *v);
/* The first; NULL when empty. */
struct vcpu *schedule_queue_take(struct schedule_queue *queue);
/* Any one that is queued. */
void schedule_queue_remove(struct schedule_queue *queue, struct vcpu *v);

#endif

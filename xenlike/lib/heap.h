/* SPDX-License-Identifier: MIT */
/*
 * A priority queue, least key first: a pairing heap through nodes that lie in what is queued, so that it never needs memory.
 * Push and first are O(1); take and remove O(log n) amortised.
 * Invariant: HP1 no child comes before its parent; HP2 queued is true exactly for members. Locks: the caller's.
 */
#pragma once

#include "compiler.h"

struct heap_node {
    struct heap_node *child, *next;
    struct heap_node *previous; /* the sibling before it; of a first child, the parent */
    uint64_t key;
    bool queued;
};
struct heap {
    struct heap_node *root; /* the first; NULL: empty */
};

/* Does key a come before b? Keys wrap. */
static inline bool heap_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}
/* Equal keys: the one that came first stays first. */
void heap_push(struct heap *heap, struct heap_node *node, uint64_t key);
/* The first; NULL when empty. */
struct heap_node *heap_take(struct heap *heap);
/* Any one that is queued. */
void heap_remove(struct heap *heap, struct heap_node *node);

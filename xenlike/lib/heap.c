/* SPDX-License-Identifier: MIT */
/* A pairing heap. Read next: domain/schedule.c, domain/timer.c. */
#include "heap.h"

/* Joins two heaps; `a` wins a tie. Neither has siblings. */
static struct heap_node *join(struct heap_node *a, struct heap_node *b)
{
    if (heap_before(b->key, a->key)) {
        struct heap_node *swap = a;

        a = b;
        b = swap;
    }
    b->next = a->child;
    b->previous = a;
    if (a->child != NULL) {
        a->child->previous = b;
    }
    a->child = b;
    return a;
}

static struct heap_node *detach_first(struct heap_node **list)
{
    struct heap_node *node = *list;

    if (node != NULL) {
        *list = node->next;
        node->next = NULL;
        node->previous = NULL;
    }
    return node;
}

/* One heap of all siblings: join pairs from the left, then the pairs from the right. */
static struct heap_node *join_siblings(struct heap_node *first)
{
    struct heap_node *pairs = NULL;

    while (first != NULL) {
        struct heap_node *a = detach_first(&first), *b = detach_first(&first);

        a = b != NULL ? join(a, b) : a;
        a->next = pairs;
        pairs = a;
    }
    struct heap_node *root = detach_first(&pairs);
    while (pairs != NULL) {
        root = join(detach_first(&pairs), root);
    }
    return root;
}

void heap_push(struct heap *heap, struct heap_node *node, uint64_t key)
{
    *node = (struct heap_node){.key = key, .queued = true};
    heap->root = heap->root != NULL ? join(heap->root, node) : node;
}

struct heap_node *heap_take(struct heap *heap)
{
    struct heap_node *node = heap->root;

    if (node != NULL) {
        heap->root = join_siblings(node->child);
        node->queued = false;
    }
    return node;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (heap->root == node) {
        (void)heap_take(heap);
        return;
    }
    if (node->previous->child == node) {
        node->previous->child = node->next;
    } else {
        node->previous->next = node->next;
    }
    if (node->next != NULL) {
        node->next->previous = node->previous;
    }
    node->queued = false;
    struct heap_node *rest = join_siblings(node->child);
    if (rest != NULL) {
        heap->root = join(heap->root, rest);
    }
}

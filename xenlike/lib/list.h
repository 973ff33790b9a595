/* SPDX-License-Identifier: MIT */
/* A circular doubly linked list; the head is a node that holds nothing. */
#pragma once

#include "compiler.h"

struct list_node {
    struct list_node *next, *previous;
};

static inline void list_init(struct list_node *head)
{
    head->next = head;
    head->previous = head;
}
static inline bool list_is_empty(const struct list_node *head)
{
    return head->next == head;
}
static inline void list_append(struct list_node *head, struct list_node *node)
{
    node->next = head;
    node->previous = head->previous;
    head->previous->next = node;
    head->previous = node;
}
/* The node is a list of its own afterwards. */
static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}
#define list_entry(node, type, member) container_of(node, type, member)

/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked lists whose links are members of what they link. A head that links to itself is empty,
 * and so is an entry that is in no list.
 */
#ifndef MINI_OS_LIST_H
#define MINI_OS_LIST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) \
    {                        \
        &(name), &(name)     \
    }
#define LIST_HEAD(name)      struct list_head name = LIST_HEAD_INIT(name)
#define INIT_LIST_HEAD(head) ((void)((head)->next = (head)->prev = (head)))

static inline void list_add(struct list_head *entry, struct list_head *head)
{
    entry->prev = head;
    entry->next = head->next;
    entry->next->prev = entry;
    head->next = entry;
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
    list_add(entry, head->prev);
}

/* Out of its list, whatever that is; a list of its own from then on. */
static inline void list_del_init(struct list_head *entry)
{
    entry->next->prev = entry->prev;
    entry->prev->next = entry->next;
    INIT_LIST_HEAD(entry);
}

static inline void list_del(struct list_head *entry)
{
    list_del_init(entry);
}

static inline int list_empty(const struct list_head *head)
{
    return head->next == head;
}

/* Everything of `list` goes behind `head`; `list` is not to be used again before INIT_LIST_HEAD. */
static inline void list_splice(struct list_head *list, struct list_head *head)
{
    if (!list_empty(list)) {
        list->prev->next = head->next;
        head->next->prev = list->prev;
        list->next->prev = head;
        head->next = list->next;
    }
}

/* The structure that has `pointer` as its member. */
#define list_entry(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define list_top(head, type, member) \
    (list_empty(head) ? NULL : list_entry((head)->next, type, member))

#define list_for_each(at, head) for ((at) = (head)->next; (at) != (head); (at) = (at)->next)
/* The entry at hand may be taken out. */
#define list_for_each_safe(at, after, head)                         \
    for ((at) = (head)->next, (after) = (at)->next; (at) != (head); \
         (at) = (after), (after) = (at)->next)
#define list_for_each_entry(at, head, member)                                                 \
    for ((at) = list_entry((head)->next, __typeof__(*(at)), member); &(at)->member != (head); \
         (at) = list_entry((at)->member.next, __typeof__(*(at)), member))
#define list_for_each_entry_safe(at, after, head, member)                   \
    for ((at) = list_entry((head)->next, __typeof__(*(at)), member),        \
        (after) = list_entry((at)->member.next, __typeof__(*(at)), member); \
         &(at)->member != (head);                                           \
         (at) = (after), (after) = list_entry((after)->member.next, __typeof__(*(after)), member))

#ifdef __cplusplus
}
#endif

#endif

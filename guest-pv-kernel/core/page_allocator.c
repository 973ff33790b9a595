/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator: see the header for its invariants PA1, PA2.
 */
#include "page_allocator.h"

#define PAGE_SHIFT 12

static struct page_allocator_block *block_of(const struct page_allocator *allocator,
                                             unsigned long page)
{
    return (struct page_allocator_block *)(void *)(allocator->base + (page << PAGE_SHIFT));
}

static void insert(struct page_allocator *allocator, unsigned long page, unsigned int order)
{
    struct page_allocator_block *block = block_of(allocator, page);
    struct page_allocator_block **head = &allocator->free[order];

    block->next = *head;
    block->link = head;
    if (*head != NULL) {
        (*head)->link = &block->next;
    }
    *head = block;
    allocator->tags[page] = (uint8_t)order;
}

static void remove_block(struct page_allocator *allocator, unsigned long page)
{
    struct page_allocator_block *block = block_of(allocator, page);

    *block->link = block->next;
    if (block->next != NULL) {
        block->next->link = block->link;
    }
    allocator->tags[page] = PAGE_ALLOCATOR_IN_USE;
}

void page_allocator_init(struct page_allocator *allocator, char *base, uint8_t *tags,
                         unsigned long nr_pages)
{
    *allocator = (struct page_allocator){.base = base, .tags = tags, .nr_pages = nr_pages};
    for (unsigned long page = 0; page < nr_pages; page++) {
        tags[page] = PAGE_ALLOCATOR_IN_USE;
    }
}

void page_allocator_add(struct page_allocator *allocator, unsigned long first, unsigned long end)
{
    while (first < end) {
        unsigned int order = 0;

        while (order < PAGE_ALLOCATOR_MAX_ORDER && (first & ((2ul << order) - 1)) == 0 &&
               first + (2ul << order) <= end) {
            order++;
        }
        page_allocator_give(allocator, first, order);
        first += 1ul << order;
    }
}

unsigned long page_allocator_take(struct page_allocator *allocator, unsigned int order)
{
    unsigned int have = order;
    unsigned long page;

    while (have <= PAGE_ALLOCATOR_MAX_ORDER && allocator->free[have] == NULL) {
        have++;
    }
    if (have > PAGE_ALLOCATOR_MAX_ORDER) {
        return PAGE_ALLOCATOR_NONE;
    }
    page = (unsigned long)((char *)allocator->free[have] - allocator->base) >> PAGE_SHIFT;
    remove_block(allocator, page);
    while (have > order) {
        have--;
        insert(allocator, page + (1ul << have), have);
    }
    allocator->nr_free -= 1ul << order;
    return page;
}

void page_allocator_give(struct page_allocator *allocator, unsigned long page, unsigned int order)
{
    allocator->nr_free += 1ul << order;
    while (order < PAGE_ALLOCATOR_MAX_ORDER) {
        unsigned long buddy = page ^ (1ul << order);

        if (buddy >= allocator->nr_pages || allocator->tags[buddy] != order) {
            break;
        }
        remove_block(allocator, buddy);
        page &= ~(1ul << order);
        order++;
    }
    insert(allocator, page, order);
}

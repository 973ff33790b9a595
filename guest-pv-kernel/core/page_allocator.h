/* SPDX-License-Identifier: MIT */
/*
 * A buddy allocator over page numbers: blocks of 2^order pages, aligned to their size.
 * Pure: knows pages only as base + number * 4096, so that it also runs in host tests.
 * Invariant PA1: a free block's first page holds its list node and its tag says its order; every
 * other page's tag is PAGE_ALLOCATOR_IN_USE. PA2: no two free buddies of one order exist.
 */
#ifndef PAGE_ALLOCATOR_H
#define PAGE_ALLOCATOR_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_ALLOCATOR_MAX_ORDER 14
#define PAGE_ALLOCATOR_IN_USE    0xff
#define PAGE_ALLOCATOR_NONE      (~0ul)

struct page_allocator_block {
    struct page_allocator_block *next, **link;
};

struct page_allocator {
    char *base;    /* address of page 0 */
    uint8_t *tags; /* one per page */
    unsigned long nr_pages;
    unsigned long nr_free;
    struct page_allocator_block *free[PAGE_ALLOCATOR_MAX_ORDER + 1];
};

/* `tags` has nr_pages bytes and lives as long as the allocator. Nothing is free at first. */
void page_allocator_init(struct page_allocator *allocator, char *base, uint8_t *tags,
                         unsigned long nr_pages);
/* Gives it pages first .. end-1. */
void page_allocator_add(struct page_allocator *allocator, unsigned long first, unsigned long end);
/* First page of a block, or PAGE_ALLOCATOR_NONE. */
unsigned long page_allocator_take(struct page_allocator *allocator, unsigned int order);
void page_allocator_give(struct page_allocator *allocator, unsigned long page, unsigned int order);

#endif

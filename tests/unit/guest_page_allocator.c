/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator against a plain list of who owns what.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "guest-pv-kernel/core/page_allocator.h"

#define PAGES     1000ul
#define PAGE_SIZE 4096ul

static char *memory;
static uint8_t tags[PAGES];
static struct page_allocator allocator;

static void start(void)
{
    memory = aligned_alloc(PAGE_SIZE, PAGES * PAGE_SIZE);
    page_allocator_init(&allocator, memory, tags, PAGES);
    page_allocator_add(&allocator, 1, 256);
    page_allocator_add(&allocator, 300, PAGES);
}

static void stop(void)
{
    free(memory);
}

TestSuite(page_allocator, .init = start, .fini = stop);

Test(page_allocator, all_pages_can_be_taken_one_by_one_and_given_back)
{
    static bool taken[PAGES];
    unsigned long count = 0, page;

    cr_assert_eq(allocator.nr_free, 255 + 700);
    while ((page = page_allocator_take(&allocator, 0)) != PAGE_ALLOCATOR_NONE) {
        cr_assert(page >= 1 && page < PAGES && (page < 256 || page >= 300));
        cr_assert_not(taken[page]);
        taken[page] = true;
        count++;
    }
    cr_assert_eq(count, 955);
    cr_assert_eq(allocator.nr_free, 0);
    for (page = 0; page < PAGES; page++) {
        if (taken[page]) {
            page_allocator_give(&allocator, page, 0);
        }
    }
    /* PA2: everything merged again, so the largest aligned block in 300..999 exists. */
    cr_assert_eq(page_allocator_take(&allocator, 8), 512);
}

Test(page_allocator, blocks_are_aligned_and_too_large_ones_refused)
{
    for (unsigned int order = 0; order <= 8; order++) {
        unsigned long page = page_allocator_take(&allocator, order);

        cr_assert_neq(page, PAGE_ALLOCATOR_NONE);
        cr_assert_eq(page & ((1ul << order) - 1), 0);
    }
    cr_assert_eq(page_allocator_take(&allocator, 9), PAGE_ALLOCATOR_NONE);
    cr_assert_eq(page_allocator_take(&allocator, PAGE_ALLOCATOR_MAX_ORDER), PAGE_ALLOCATOR_NONE);
}

Test(page_allocator, random_use_never_hands_out_a_page_twice)
{
    struct {
        unsigned long page;
        unsigned int order;
    } held[200];
    static uint8_t owner[PAGES];
    size_t count = 0;

    srand(1);
    for (int step = 0; step < 20000; step++) {
        if (count < 200 && rand() % 2 == 0) {
            unsigned int order = (unsigned int)rand() % 5;
            unsigned long page = page_allocator_take(&allocator, order);

            if (page == PAGE_ALLOCATOR_NONE) {
                continue;
            }
            for (unsigned long i = page; i < page + (1ul << order); i++) {
                cr_assert_eq(owner[i], 0);
                owner[i] = 1;
            }
            memset(memory + page * PAGE_SIZE, 0xff, PAGE_SIZE << order);
            held[count].page = page;
            held[count++].order = order;
        } else if (count > 0) {
            size_t which = (size_t)rand() % count;

            for (unsigned long i = 0; i < 1ul << held[which].order; i++) {
                owner[held[which].page + i] = 0;
            }
            page_allocator_give(&allocator, held[which].page, held[which].order);
            held[which] = held[--count];
        }
    }
    while (count > 0) {
        count--;
        page_allocator_give(&allocator, held[count].page, held[count].order);
    }
    cr_assert_eq(allocator.nr_free, 955);
}

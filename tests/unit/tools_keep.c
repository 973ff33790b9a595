/* SPDX-License-Identifier: MIT */
/* Named regions in memory that outlives dom0. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/keep_pool.h"

#define SIZE (64u * KEEP_UNIT)

static struct keep_pool pool;
static unsigned char *bytes;

static void set_up(void)
{
    bytes = calloc(1, SIZE);
    cr_assert(keep_pool_open(&pool, bytes, SIZE));
}

TestSuite(keep, .init = set_up);

Test(keep, a_region_comes_back_by_its_name_as_it_was)
{
    bool is_old;
    size_t size;
    char *region = keep_pool_take(&pool, "log/1", 5000, &is_old);

    cr_assert(region != NULL && !is_old);
    strcpy(region, "text");
    memset(&pool, 0, sizeof(pool));
    cr_assert(keep_pool_open(&pool, bytes, SIZE));
    cr_assert_eq(keep_pool_take(&pool, "log/1", 5000, &is_old), region);
    cr_assert(is_old && strcmp(region, "text") == 0);
    cr_assert_null(keep_pool_take(&pool, "log/1", 50000, &is_old), "another size");
    cr_assert_eq(keep_pool_next(&pool, NULL, "log/", &size), region);
    cr_assert_eq(size, 2 * KEEP_UNIT);
    cr_assert_null(keep_pool_next(&pool, region, "log/", &size));
    cr_assert_null(keep_pool_next(&pool, NULL, "other/", &size));
}

Test(keep, regions_never_overlap_and_room_comes_back_zeroed)
{
    unsigned char *regions[60];
    size_t count = 0;
    bool is_old;
    char name[16];

    do {
        snprintf(name, sizeof(name), "n%zu", count);
        regions[count] = keep_pool_take(&pool, name, KEEP_UNIT * (1 + count % 3), &is_old);
        if (regions[count] != NULL) {
            memset(regions[count], (int)count + 1, KEEP_UNIT * (1 + count % 3));
        }
    } while (regions[count] != NULL && ++count < 60);
    cr_assert_gt(count, 20);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(regions[i][0], i + 1);
        cr_assert_eq(regions[i][KEEP_UNIT * (1 + i % 3) - 1], i + 1);
    }
    keep_pool_give(&pool, regions[4]);
    cr_assert_eq(keep_pool_take(&pool, "again", 2 * KEEP_UNIT, &is_old), regions[4]);
    cr_assert_eq(regions[4][17], 0);
}

Test(keep, KP2_a_damaged_table_is_as_if_empty)
{
    uint32_t seed = 7;
    bool is_old;

    for (int round = 0; round < 2000; round++) {
        (void)keep_pool_take(&pool, "a", KEEP_UNIT, &is_old);
        (void)keep_pool_take(&pool, "b", 3 * KEEP_UNIT, &is_old);
        for (int i = 0; i < 4; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[(seed >> 8) % 120] = (unsigned char)(seed >> 3);
        }
        (void)keep_pool_open(&pool, bytes, SIZE);
        for (uint32_t i = 0; i < KEEP_REGIONS; i++) {
            const struct keep_region *region = &pool.table[i];

            cr_assert(region->name[0] == '\0' ||
                      (region->first >= KEEP_TABLE_BYTES / KEEP_UNIT &&
                       region->first + region->nr_units <= SIZE / KEEP_UNIT));
        }
        memset(bytes, 0, KEEP_TABLE_BYTES);
    }
}

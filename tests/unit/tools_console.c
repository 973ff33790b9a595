/* SPDX-License-Identifier: MIT */
/* The console's ring against a hostile guest, and the log that outlives it. */
#include <criterion/criterion.h>
#include <string.h>

#include "dom0-tools/backends/console_log.h"
#include "dom0-tools/backends/console_ring.h"

Test(console_ring, output_is_taken_across_the_wrap)
{
    struct xencons_interface ring;
    char text[16];
    bool overrun;

    memset(&ring, 0, sizeof(ring));
    ring.out_cons = ring.out_prod = 0xfffffffe; /* the index itself wraps, too */
    for (int i = 0; i < 5; i++) {
        ring.out[MASK_XENCONS_IDX(ring.out_prod, ring.out)] = "hello"[i];
        ring.out_prod++;
    }
    cr_assert_eq(console_ring_take(&ring, text, sizeof(text), &overrun), 5);
    cr_assert(!overrun);
    cr_assert_eq(memcmp(text, "hello", 5), 0);
    cr_assert_eq(ring.out_cons, 3);
}

Test(console_ring, CON1_an_overrun_index_gives_nothing_and_empties_the_ring)
{
    struct xencons_interface ring;
    char text[16];
    bool overrun;

    memset(&ring, 0, sizeof(ring));
    ring.out_prod = sizeof(ring.out) + 1;
    cr_assert_eq(console_ring_take(&ring, text, sizeof(text), &overrun), 0);
    cr_assert(overrun);
    cr_assert_eq(ring.out_cons, ring.out_prod);
    ring.in_cons = 5; /* ahead of the producer */
    cr_assert_eq(console_ring_give(&ring, "x", 1), 0);
}

Test(console_ring, keys_stop_when_the_ring_is_full)
{
    struct xencons_interface ring;
    char keys[sizeof(ring.in) + 10];

    memset(&ring, 0, sizeof(ring));
    memset(keys, 'k', sizeof(keys));
    cr_assert_eq(console_ring_give(&ring, keys, sizeof(keys)), sizeof(ring.in));
    cr_assert_eq(console_ring_give(&ring, keys, 1), 0);
    ring.in_cons += 3;
    cr_assert_eq(console_ring_give(&ring, keys, sizeof(keys)), 3);
}

Test(console_log, LOG1_the_newest_bytes_are_kept_and_positions_stay)
{
    struct console_log log;
    uint64_t position = 0;
    char text[32];

    cr_assert_eq(console_log_create(&log, 8), 0);
    console_log_append(&log, "abcdef", 6);
    cr_assert_eq(console_log_read(&log, &position, text, 3), 3);
    console_log_append(&log, "ghijk", 5);
    cr_assert_eq(log.start, 3);
    cr_assert_eq(console_log_read(&log, &position, text, sizeof(text)), 8);
    cr_assert_eq(memcmp(text, "defghijk", 8), 0);
    console_log_append(&log, "0123456789abcdef", 16);
    position = 0;
    cr_assert_eq(console_log_read(&log, &position, text, sizeof(text)), 8);
    cr_assert_eq(memcmp(text, "89abcdef", 8), 0);
    cr_assert_eq(position, log.end);
    console_log_destroy(&log);
}

Test(console_log, a_backlog_begins_with_a_whole_line)
{
    struct console_log log;

    cr_assert_eq(console_log_create(&log, 64), 0);
    console_log_append(&log, "first\nsecond\nthird", 18);
    cr_assert_eq(console_log_backlog(&log, 9), 13);
    cr_assert_eq(console_log_backlog(&log, 60), 0);
    console_log_destroy(&log);
}

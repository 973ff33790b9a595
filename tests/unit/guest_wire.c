/* SPDX-License-Identifier: MIT */
/*
 * The store's wire format: strings, errors, ring indices that lie.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "guest-pv-kernel/xenbus/wire.h"

Test(wire, errors_have_names)
{
    cr_assert_eq(wire_error("ENOENT", 7), -ENOENT);
    cr_assert_eq(wire_error("EAGAIN", 6), -EAGAIN);
    cr_assert_eq(wire_error("E2BIG\0rest", 10), -E2BIG);
    cr_assert_eq(wire_error("EWHAT", 6), -EINVAL);
    cr_assert_eq(wire_error("", 0), -EINVAL);
    cr_assert_eq(wire_error("ENOE", 4), -EINVAL);
}

Test(wire, a_payload_takes_exactly_its_maximum)
{
    static struct wire_payload payload;
    static char full[XENSTORE_PAYLOAD_MAX];

    cr_assert(wire_append_string(&payload, "path"));
    cr_assert_eq(payload.length, 5);
    cr_assert_not(wire_append(&payload, full, sizeof(full) - 4));
    cr_assert_eq(payload.length, 5);
    cr_assert(wire_append(&payload, full, sizeof(full) - 5));
    cr_assert_not(wire_append(&payload, full, 1));
}

Test(wire, a_directory_splits_at_its_nuls)
{
    size_t count;
    char **names = wire_split("a\0bc\0d", 6, &count); /* the last NUL is missing */

    cr_assert_eq(count, 3);
    cr_assert_str_eq(names[0], "a");
    cr_assert_str_eq(names[1], "bc");
    cr_assert_str_eq(names[2], "d");
    cr_assert_null(names[3]);
    free(names);
    names = wire_split("", 0, &count);
    cr_assert_eq(count, 0);
    cr_assert_null(names[0]);
    free(names);
}

Test(wire, a_ring_moves_what_fits_across_its_end_and_across_2_to_the_32)
{
    char ring[XENSTORE_RING_SIZE], in[1500], out[1500];
    uint32_t produced = UINT32_MAX - 700, consumed = produced;
    size_t sent = 0, received = 0;

    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (char)(i * 7);
    }
    while (received < sizeof(in)) {
        long moved = wire_ring_put(ring, produced, consumed, in + sent, sizeof(in) - sent);

        cr_assert_geq(moved, 0);
        produced += (uint32_t)moved;
        sent += (size_t)moved;
        moved = wire_ring_get(ring, produced, consumed, out + received, 100);
        cr_assert_gt(moved, 0);
        consumed += (uint32_t)moved;
        received += (size_t)moved;
    }
    cr_assert_eq(memcmp(in, out, sizeof(in)), 0);
}

Test(wire, indices_that_lie_are_refused)
{
    static char ring[XENSTORE_RING_SIZE], bytes[4];

    cr_assert_eq(wire_ring_get(ring, XENSTORE_RING_SIZE + 1, 0, bytes, 4), -1);
    cr_assert_eq(wire_ring_put(ring, 0, 1, bytes, 4), -1);
    cr_assert_eq(wire_ring_put(ring, XENSTORE_RING_SIZE, 0, bytes, 4), 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * The checks of a block request against a front end that writes anything; names of virtual disks.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/backends/block_request.h"
#include "dom0-tools/libpv/vbd.h"

static const struct block_limits writable = {1000, false, false};
static const struct block_limits read_only = {1000, true, false};
static struct block_request parsed;

static struct blkif_request make(uint8_t operation, uint64_t sector, uint8_t count)
{
    struct blkif_request raw = {.operation = operation, .nr_segments = count, .id = 77};

    raw.sector_number = sector;
    for (unsigned int i = 0; i < count && i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
        raw.seg[i] = (struct blkif_request_segment){i + 8, 0, 7};
    }
    return raw;
}

static int16_t check(struct blkif_request raw, const struct block_limits *limits)
{
    return block_request_read(&raw, limits, &parsed);
}

Test(block_request, a_read_of_the_last_sectors_passes)
{
    cr_assert_eq(check(make(BLKIF_OP_READ, 1000 - 88, 11), &writable), BLKIF_RSP_OKAY);
    cr_assert_eq(parsed.operation, BLOCK_READ);
    cr_assert_eq(parsed.bytes, 88 * 512);
    cr_assert_eq(parsed.first_sector, 1000 - 88);
}

Test(block_request, sectors_beyond_the_disk_are_refused)
{
    static const uint64_t starts[] = {1000 - 7, 1000, 1001, UINT64_MAX, UINT64_MAX - 7, 1ull << 55};

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        cr_assert_eq(check(make(BLKIF_OP_READ, starts[i], 1), &writable), BLKIF_RSP_ERROR);
        cr_assert_eq(check(make(BLKIF_OP_WRITE, starts[i], 1), &writable), BLKIF_RSP_ERROR);
    }
}

Test(block_request, counts_of_segments_at_both_edges)
{
    for (unsigned int count = 0; count < 256; count++) {
        int16_t wanted = count >= 1 && count <= 11 ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;

        cr_assert_eq(check(make(BLKIF_OP_READ, 0, (uint8_t)count), &writable), wanted, "%u", count);
    }
}

Test(block_request, sectors_of_a_page_at_every_pair)
{
    for (unsigned int first = 0; first < 256; first++) {
        for (unsigned int last = 0; last < 256; last += last < 16 ? 1 : 40) {
            struct blkif_request raw = make(BLKIF_OP_READ, 0, 1);
            bool good = first <= last && last <= 7;

            raw.seg[0].first_sect = (uint8_t)first;
            raw.seg[0].last_sect = (uint8_t)last;
            cr_assert_eq(check(raw, &writable), good ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR);
        }
    }
}

Test(block_request, operations_that_are_none_are_not_supported)
{
    for (unsigned int operation = 0; operation < 256; operation++) {
        int16_t status = check(make((uint8_t)operation, 0, 1), &writable);

        if (operation > BLKIF_OP_FLUSH_DISKCACHE && operation != BLKIF_OP_INDIRECT) {
            cr_assert_eq(status, BLKIF_RSP_EOPNOTSUPP, "operation %u", operation);
        }
    }
}

Test(block_request, a_read_only_disk_takes_reads_and_empty_flushes)
{
    cr_assert_eq(check(make(BLKIF_OP_READ, 0, 1), &read_only), BLKIF_RSP_OKAY);
    cr_assert_eq(check(make(BLKIF_OP_FLUSH_DISKCACHE, 0, 0), &read_only), BLKIF_RSP_OKAY);
    cr_assert_eq(check(make(BLKIF_OP_WRITE, 0, 1), &read_only), BLKIF_RSP_ERROR);
    cr_assert_eq(check(make(BLKIF_OP_WRITE_BARRIER, 0, 1), &read_only), BLKIF_RSP_ERROR);
    cr_assert_eq(check(make(BLKIF_OP_FLUSH_DISKCACHE, 0, 1), &read_only), BLKIF_RSP_ERROR);
}

Test(block_request, a_flush_may_name_any_sector)
{
    cr_assert_eq(check(make(BLKIF_OP_FLUSH_DISKCACHE, UINT64_MAX, 0), &writable), BLKIF_RSP_OKAY);
    cr_assert_eq(parsed.operation, BLOCK_FLUSH);
}

static int16_t check_discard(uint64_t sector, uint64_t count, uint8_t flag,
                             const struct block_limits *limits)
{
    struct blkif_request_discard discard = {
        .operation = BLKIF_OP_DISCARD, .flag = flag, .sector_number = sector, .nr_sectors = count};
    struct blkif_request raw = {0};

    memcpy(&raw, &discard, sizeof(discard));
    return check(raw, limits);
}

Test(block_request, a_discard_at_both_edges)
{
    const struct block_limits limits = {1000, false, true};

    cr_assert_eq(check_discard(0, 1, 0, &writable), BLKIF_RSP_EOPNOTSUPP, "not offered");
    cr_assert_eq(check_discard(0, 1, BLKIF_DISCARD_SECURE, &limits), BLKIF_RSP_EOPNOTSUPP);
    cr_assert_eq(check_discard(0, 1000, 0, &limits), BLKIF_RSP_OKAY);
    cr_assert_eq(parsed.operation, BLOCK_DISCARD);
    cr_assert_eq(parsed.nr_sectors, 1000);
    cr_assert_eq(check_discard(999, 1, 0, &limits), BLKIF_RSP_OKAY);
    cr_assert_eq(check_discard(0, 0, 0, &limits), BLKIF_RSP_ERROR);
    cr_assert_eq(check_discard(0, 1001, 0, &limits), BLKIF_RSP_ERROR);
    cr_assert_eq(check_discard(1000, 1, 0, &limits), BLKIF_RSP_ERROR);
    cr_assert_eq(check_discard(UINT64_MAX, 2, 0, &limits), BLKIF_RSP_ERROR);
    cr_assert_eq(check_discard(2, UINT64_MAX, 0, &limits), BLKIF_RSP_ERROR);
}

static struct blkif_request make_indirect(uint8_t operation, uint16_t count)
{
    struct blkif_request_indirect indirect = {
        .operation = BLKIF_OP_INDIRECT, .indirect_op = operation, .nr_segments = count};
    struct blkif_request raw = {0};

    memcpy(&raw, &indirect, sizeof(indirect));
    return raw;
}

Test(block_request, counts_of_indirect_segments_at_both_edges)
{
    for (unsigned int count = 0; count < 65536; count += count < 300 ? 1 : 97) {
        int16_t wanted = count >= 1 && count <= 256 ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;

        cr_assert_eq(check(make_indirect(BLKIF_OP_READ, (uint16_t)count), &writable), wanted);
        cr_assert(parsed.nr_pages <= BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST);
    }
}

Test(block_request, indirect_requests_read_and_write_only)
{
    cr_assert_eq(check(make_indirect(BLKIF_OP_INDIRECT, 1), &writable), BLKIF_RSP_EOPNOTSUPP);
    cr_assert_eq(check(make_indirect(BLKIF_OP_FLUSH_DISKCACHE, 1), &writable),
                 BLKIF_RSP_EOPNOTSUPP);
    cr_assert_eq(check(make_indirect(BLKIF_OP_WRITE, 1), &read_only), BLKIF_RSP_ERROR);
}

Test(block_request, an_indirect_request_is_answered_by_the_operation_inside)
{
    struct blkif_request raw = make_indirect(BLKIF_OP_WRITE, 1);
    struct blkif_request plain = make(BLKIF_OP_READ, 0, 1);

    cr_assert_eq(block_request_answered(&raw), BLKIF_OP_WRITE);
    cr_assert_eq(block_request_answered(&plain), BLKIF_OP_READ);
}

Test(block_request, BLK1_random_bytes_never_name_anything_outside)
{
    srandom(4);
    for (unsigned int turn = 0; turn < 200000; turn++) {
        struct blkif_request raw;
        uint8_t *bytes = (uint8_t *)&raw;

        for (size_t i = 0; i < sizeof(raw); i++) {
            bytes[i] = (uint8_t)(random() % 4 == 0 ? random() : random() % 9);
        }
        raw.operation = (uint8_t)(random() % 8);
        if (random() % 2 == 0) {
            raw.sector_number = (uint64_t)(random() % 1010);
        }
        if (check(raw, &writable) != BLKIF_RSP_OKAY) {
            continue;
        }
        if (parsed.indirect) {
            for (unsigned int i = 0; i < parsed.nr_segments; i++) {
                parsed.segments[i] = (struct blkif_request_segment){
                    (grant_ref_t)random(), (uint8_t)(random() % 9), (uint8_t)(random() % 9)};
            }
            if (block_request_segments(&writable, &parsed) != BLKIF_RSP_OKAY) {
                continue;
            }
        }
        cr_assert(parsed.nr_segments <= BLOCK_REQUEST_SEGMENTS);
        cr_assert(parsed.bytes <= BLOCK_REQUEST_BYTES);
        cr_assert(parsed.nr_segments == 0 || parsed.first_sector + parsed.bytes / 512 <= 1000);
        for (unsigned int i = 0; i < parsed.nr_segments; i++) {
            cr_assert(parsed.segments[i].first_sect <= parsed.segments[i].last_sect);
            cr_assert(parsed.segments[i].last_sect <= 7);
        }
    }
}

/* ---- names -------------------------------------------------------------------------------------- */

Test(vbd, names_and_numbers_are_xens)
{
    static const struct {
        const char *name;
        uint32_t number;
    } known[] = {
        {"xvda", 51712},
        {"xvda1", 51713},
        {"xvdb", 51728},
        {"xvdp15", 51967},
        {"xvdq", (1u << 28) + (16u << 8)},
        {"hda", 768},
        {"hdb1", 833},
        {"sda", 2048},
        {"sdp", 2288},
        {"xvdaa", (1u << 28) + (26u << 8)},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char name[VBD_NAME_SIZE];
        uint32_t number = 0;

        cr_assert_eq(vbd_number(known[i].name, &number), 0, "%s", known[i].name);
        cr_assert_eq(number, known[i].number, "%s is %u", known[i].name, number);
        vbd_name(number, name);
        cr_assert_str_eq(name, known[i].name);
    }
}

Test(vbd, other_spellings_give_the_same_number)
{
    uint32_t number = 0;

    cr_assert_eq(vbd_number("d0", &number), 0);
    cr_assert_eq(number, 51712);
    cr_assert_eq(vbd_number("d1p2", &number), 0);
    cr_assert_eq(number, 51730);
    cr_assert_eq(vbd_number("51712", &number), 0);
    cr_assert_eq(number, 51712);
}

Test(vbd, what_is_no_device_is_refused)
{
    static const char *const bad[] = {"",       "xvd",   "xvdA",    "xvda-1",      "xvda+1",
                                      "xvda x", "hdc1x", "sdq",     "hdz",         "d",
                                      "dx",     "-1",    "xvda256", "99999999999", "xvdzzzzz"};
    uint32_t number;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(vbd_number(bad[i], &number), -1, "%s", bad[i]);
    }
}

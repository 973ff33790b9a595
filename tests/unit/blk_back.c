/* SPDX-License-Identifier: MIT */
/*
 * The block back end's ring against front ends that lie, on a fake seam: pages instead of grants, and
 * a script that runs whenever the back end waits.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <public/errno.h>

#include "dom0-tools/backends/block_device.h"
#include "dom0-tools/backends/block_fault.h"
#include "dom0-tools/libpv/seam.h"

#define DISK_SECTORS 256u
#define PAGES        32u

static uint8_t disk_bytes[DISK_SECTORS * 512],
    page_bytes[PAGES][4096] __attribute__((aligned(4096)));
static uint8_t ring_bytes[BLOCK_RING_MAX_PAGES * 4096] __attribute__((aligned(4096)));
static int disk_error;
static unsigned int nr_turns_given;
static unsigned int nr_mapped, nr_notified, nr_flushed, nr_bound;
static void (*script)(void);      /* what the front end does while the back end waits */
static void (*during_copy)(void); /* ... and while it copies */
static struct block_device device;
static blkif_front_ring_t front;

/* ---- the fake seam and disk --------------------------------------------------------------------- */

int seam_map_grants(uint16_t domid, const uint32_t *references, size_t nr_pages,
                    unsigned int rights, void **address)
{
    (void)domid;
    (void)rights;
    if (references[0] == 9999) {
        *address = ring_bytes;
    } else if (nr_pages == 1 && references[0] < PAGES) {
        *address = page_bytes[references[0]];
    } else {
        return -XEN_EINVAL;
    }
    nr_mapped++;
    return 0;
}

int seam_map_grant(uint16_t domid, uint32_t reference, unsigned int rights, void **address,
                   uint32_t *handle)
{
    *handle = reference;
    return seam_map_grants(domid, &reference, 1, rights, address);
}

void seam_unmap_grants(void *address)
{
    (void)address;
    nr_mapped--;
}

int seam_copy_grants(uint16_t domid, const struct seam_copy *copies, size_t nr_copies)
{
    (void)domid;
    for (size_t i = 0; i < nr_copies; i++) {
        cr_assert_leq(copies[i].offset + copies[i].length, 4096);
        if (copies[i].reference >= PAGES) {
            return -XEN_EINVAL;
        }
        if (copies[i].to_grant) {
            memcpy(page_bytes[copies[i].reference] + copies[i].offset, copies[i].local,
                   copies[i].length);
        } else {
            memcpy(copies[i].local, page_bytes[copies[i].reference] + copies[i].offset,
                   copies[i].length);
        }
    }
    if (during_copy != NULL) {
        during_copy();
    }
    return 0;
}

int seam_event_open(void)
{
    return 100;
}

void seam_event_shut(int queue)
{
    (void)queue;
}

int seam_event_bind_interdomain(int queue, uint16_t domid, uint32_t port)
{
    (void)queue;
    (void)domid;
    nr_bound += port == 5;
    return port == 5 ? 7 : -XEN_EINVAL;
}

int seam_event_close(int queue, uint32_t port)
{
    (void)queue;
    (void)port;
    nr_bound--;
    return 0;
}

int seam_event_notify(int queue, uint32_t port)
{
    (void)queue;
    (void)port;
    nr_notified++;
    return 0;
}

int seam_event_unmask(int queue, uint32_t port)
{
    (void)queue;
    (void)port;
    return 0;
}

int seam_stream_pair(int ends[2])
{
    return pipe(ends) == 0 ? 0 : -XEN_ENOMEM;
}

static void (*thread_entry)(void *);

int seam_thread_start(const char *name, void (*entry)(void *argument), void *argument)
{
    (void)name;
    (void)argument;
    thread_entry = entry;
    return 0;
}

int seam_wait_any(struct seam_wait *waits, size_t nr_waits, int timeout_ms)
{
    void (*now)(void) = script;

    (void)waits;
    (void)timeout_ms;
    if (nr_waits == 0) {
        nr_turns_given++;
        if (nr_turns_given == 50) {
            block_device_stop(&device);
        }
        return 0;
    }
    script = NULL;
    if (now != NULL) {
        now();
    } else {
        block_device_stop(&device);
    }
    return 0;
}

int block_disk_read(const struct block_disk *disk, uint64_t sector, void *buffer, size_t bytes)
{
    (void)disk;
    cr_assert_leq(sector * 512 + bytes, sizeof(disk_bytes));
    memcpy(buffer, disk_bytes + sector * 512, bytes);
    return disk_error;
}

int block_disk_write(const struct block_disk *disk, uint64_t sector, const void *buffer,
                     size_t bytes)
{
    (void)disk;
    cr_assert_leq(sector * 512 + bytes, sizeof(disk_bytes));
    if (disk_error == 0) {
        memcpy(disk_bytes + sector * 512, buffer, bytes);
    }
    return disk_error;
}

int block_disk_discard(const struct block_disk *disk, uint64_t sector, uint64_t nr_sectors)
{
    (void)disk;
    cr_assert_leq(sector + nr_sectors, DISK_SECTORS);
    memset(disk_bytes + sector * 512, 0, nr_sectors * 512);
    return disk_error;
}

int block_disk_flush(const struct block_disk *disk)
{
    (void)disk;
    nr_flushed++;
    return disk_error;
}

/* ---- a front end -------------------------------------------------------------------------------- */

static const char *fault;

/* To the ring as it is: its front end may have used it before. */
static int connect_again(unsigned int order, bool persistent)
{
    struct block_offer offer = {
        .ring_order = order, .port = 5, .persistent = persistent, .fault = fault};

    for (unsigned int i = 0; i < 1u << order && i < BLOCK_RING_MAX_PAGES; i++) {
        offer.ring_references[i] = 9999;
    }
    device.domid = 1;
    device.disk.limits = (struct block_limits){DISK_SECTORS, false, false};
    return block_device_connect(&device, &offer, STDERR_FILENO);
}

static int connect_to(unsigned int order, bool persistent)
{
    XEN_FRONT_RING_INIT(&front, (blkif_sring_t *)(void *)ring_bytes, 4096u << order);
    return connect_again(order, persistent);
}

static void run(void)
{
    device.done = open("/dev/null", O_WRONLY);
    thread_entry(&device);
    close(device.done);
    cr_assert_eq(nr_mapped, 0, "BLK3: %u pages stay mapped", nr_mapped);
    cr_assert_eq(nr_bound, 0);
    cr_assert(!block_device_is_connected(&device));
}

static struct blkif_request *put(uint8_t operation, uint64_t sector, uint8_t count)
{
    struct blkif_request *request = RING_GET_REQUEST(&front, front.req_prod_pvt);

    memset(request, 0, sizeof(*request));
    request->operation = operation;
    request->nr_segments = count;
    request->id = 1000 + front.req_prod_pvt;
    request->sector_number = sector;
    for (unsigned int i = 0; i < count && i < 11; i++) {
        request->seg[i] = (struct blkif_request_segment){i, 0, 7};
    }
    front.req_prod_pvt++;
    front.sring->req_prod = front.req_prod_pvt;
    return request;
}

static int16_t answer(unsigned int index)
{
    struct blkif_response response;

    cr_assert_lt(index, front.sring->rsp_prod, "no answer %u", index);
    RING_COPY_RESPONSE(&front, index, &response);
    cr_assert_eq(response.id, 1000 + index);
    return response.status;
}

/* ---- tests -------------------------------------------------------------------------------------- */

Test(block_back, reads_and_writes_on_both_ways)
{
    for (int persistent = 0; persistent < 2; persistent++) {
        for (unsigned int order = 0; order <= BLOCK_RING_MAX_ORDER; order++) {
            memset(page_bytes, 0x5a, sizeof(page_bytes));
            cr_assert_eq(connect_to(order, persistent), 0);
            put(BLKIF_OP_WRITE, 8, 2);
            put(BLKIF_OP_READ, 12, 1);
            run();
            cr_assert_eq(answer(0), BLKIF_RSP_OKAY);
            cr_assert_eq(answer(1), BLKIF_RSP_OKAY);
            cr_assert_eq(disk_bytes[8 * 512], 0x5a);
            cr_assert_eq(disk_bytes[24 * 512 - 1], 0x5a);
            cr_assert_eq(disk_bytes[24 * 512], 0);
            memset(disk_bytes, 0, sizeof(disk_bytes));
        }
    }
}

Test(block_back, indirect_segments_come_from_a_granted_page)
{
    struct blkif_request_segment *segments = (void *)page_bytes[20];
    struct blkif_request_indirect *indirect;

    memset(disk_bytes, 0x77, sizeof(disk_bytes));
    cr_assert_eq(connect_to(0, true), 0);
    indirect = (void *)put(BLKIF_OP_INDIRECT, 0, 0);
    indirect->indirect_op = BLKIF_OP_READ;
    indirect->nr_segments = 16;
    indirect->sector_number = 4;
    indirect->indirect_grefs[0] = 20;
    indirect->id = 1000;
    for (unsigned int i = 0; i < 16; i++) {
        segments[i] = (struct blkif_request_segment){i, 0, 7};
    }
    run();
    cr_assert_eq(answer(0), BLKIF_RSP_OKAY);
    cr_assert_eq(page_bytes[15][4095], 0x77);
    cr_assert_eq(page_bytes[16][0], 0);
}

Test(block_back, indirect_segments_are_checked_after_they_were_fetched)
{
    struct blkif_request_segment *segments = (void *)page_bytes[20];
    struct blkif_request_indirect *indirect;

    cr_assert_eq(connect_to(0, false), 0);
    for (int bad = 0; bad < 4; bad++) {
        indirect = (void *)put(BLKIF_OP_INDIRECT, 0, 0);
        indirect->id = 1000 + (unsigned int)bad;
        indirect->indirect_op = BLKIF_OP_WRITE;
        indirect->nr_segments = bad == 0 ? 257 : 12;
        indirect->sector_number = bad == 1 ? 250 : 0;
        indirect->indirect_grefs[0] = bad == 2 ? 5000 : 20;
    }
    for (unsigned int i = 0; i < 12; i++) {
        segments[i] = (struct blkif_request_segment){i, 3, 8}; /* for the last: beyond the page */
    }
    run();
    for (unsigned int bad = 0; bad < 4; bad++) {
        cr_assert_eq(answer(bad), BLKIF_RSP_ERROR, "request %u", bad);
    }
}

Test(block_back, BLK2_a_ring_that_is_overrun_is_given_up)
{
    static const unsigned int jumps[] = {33, 34, 1000, 0x80000000u, 0xffffffffu};

    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        cr_assert_eq(connect_to(0, true), 0);
        front.sring->req_prod = jumps[i];
        run();
        cr_assert_not_null(device.broken, "req_prod %u", jumps[i]);
        cr_assert_eq(front.sring->rsp_prod, 0);
    }
}

static void rewind_producer(void)
{
    front.sring->req_prod = 1;
}

Test(block_back, a_producer_that_goes_back_is_given_up)
{
    cr_assert_eq(connect_to(0, true), 0);
    for (int i = 0; i < 4; i++) {
        put(BLKIF_OP_FLUSH_DISKCACHE, 0, 0);
    }
    script = rewind_producer;
    run();
    cr_assert_not_null(device.broken);
    cr_assert_eq(front.sring->rsp_prod, 4);
}

static void rewrite_slots(void)
{
    memset(ring_bytes + 64, 0xff, 4096 - 64);
}

Test(block_back, BLK2_a_request_rewritten_while_it_is_served_changes_nothing)
{
    memset(page_bytes, 0x11, sizeof(page_bytes));
    cr_assert_eq(connect_to(0, false), 0);
    put(BLKIF_OP_WRITE, 0, 3);
    during_copy = rewrite_slots;
    run();
    cr_assert_eq(answer(0), BLKIF_RSP_OKAY);
    cr_assert_eq(disk_bytes[24 * 512 - 1], 0x11);
    cr_assert_eq(disk_bytes[24 * 512], 0);
}

Test(block_back, grants_that_do_not_exist_are_errors)
{
    for (int persistent = 0; persistent < 2; persistent++) {
        cr_assert_eq(connect_to(0, persistent), 0);
        put(BLKIF_OP_READ, 0, 1)->seg[0].gref = 12345;
        put(BLKIF_OP_WRITE, 0, 2)->seg[1].gref = 0xffffffff;
        put(BLKIF_OP_READ, 0, 1);
        run();
        cr_assert_eq(answer(0), BLKIF_RSP_ERROR);
        cr_assert_eq(answer(1), BLKIF_RSP_ERROR);
        cr_assert_eq(answer(2), BLKIF_RSP_OKAY, "the next one is served");
    }
}

Test(block_back, an_error_of_the_disk_reaches_the_front_end)
{
    cr_assert_eq(connect_to(0, true), 0);
    disk_error = -ENOSPC;
    put(BLKIF_OP_WRITE, 0, 1);
    put(BLKIF_OP_FLUSH_DISKCACHE, 0, 0);
    put(BLKIF_OP_WRITE_BARRIER, 0, 1);
    run();
    for (unsigned int i = 0; i < 3; i++) {
        cr_assert_eq(answer(i), BLKIF_RSP_ERROR);
    }
    cr_assert_eq(device.counters.errors, 3);
}

Test(block_back, a_barrier_flushes_before_and_after_its_data)
{
    cr_assert_eq(connect_to(0, true), 0);
    put(BLKIF_OP_WRITE_BARRIER, 0, 1);
    run();
    cr_assert_eq(answer(0), BLKIF_RSP_OKAY);
    cr_assert_eq(nr_flushed, 2);
}

Test(block_back, an_offer_that_cannot_be_used_leaves_nothing_behind)
{
    struct block_offer offer = {.ring_order = 0, .ring_references = {9999}, .port = 6};

    cr_assert_lt(block_device_connect(&device, &offer, 1), 0, "no such port");
    offer = (struct block_offer){.ring_references = {123456}, .port = 5};
    cr_assert_lt(block_device_connect(&device, &offer, 1), 0, "no such ring");
    offer = (struct block_offer){.ring_order = BLOCK_RING_MAX_ORDER + 1, .port = 5};
    cr_assert_lt(block_device_connect(&device, &offer, 1), 0, "too large a ring");
    cr_assert_eq(nr_mapped, 0);
    cr_assert_eq(nr_bound, 0);
}

Test(block_back, more_grants_than_stay_mapped_are_still_served)
{
    cr_assert_eq(connect_to(0, true), 0);
    for (unsigned int i = 0; i < 32; i++) {
        struct blkif_request *request = put(BLKIF_OP_WRITE, i, 1);

        request->seg[0].gref = i;
    }
    run();
    for (unsigned int i = 0; i < 32; i++) {
        cr_assert_eq(answer(i), BLKIF_RSP_OKAY);
    }
}

static void ask_again(void)
{
    put(BLKIF_OP_WRITE, 0, 1);
}

Test(block_back, a_ring_that_never_runs_dry_leaves_turns_to_others)
{
    cr_assert_eq(connect_to(0, false), 0);
    put(BLKIF_OP_WRITE, 0, 1);
    during_copy = ask_again;
    run();
    cr_assert_eq(nr_turns_given, 50);
}

static unsigned int copies_left;

static void crash_in_mid_request(void)
{
    if (--copies_left == 0) {
        block_device_abandon(&device);
        during_copy = NULL;
    }
}

Test(block_back, BLK4_what_was_not_answered_is_carried_out_by_the_next)
{
    for (unsigned int crash_at = 1; crash_at <= 5; crash_at++) {
        memset(disk_bytes, 0, sizeof(disk_bytes));
        cr_assert_eq(connect_to(0, false), 0);
        for (unsigned int i = 0; i < 5; i++) {
            memset(page_bytes[i], (int)(i + 1), 4096);
            put(BLKIF_OP_WRITE, i * 8, 1)->seg[0].gref = i;
        }
        copies_left = crash_at;
        during_copy = crash_in_mid_request;
        run();
        cr_assert_eq(front.sring->rsp_prod, crash_at - 1, "what was begun is not answered");
        cr_assert_eq(connect_again(0, false), 0);
        run();
        cr_assert_eq(front.sring->rsp_prod, 5);
        for (unsigned int i = 0; i < 5; i++) {
            cr_assert_eq(answer(i), BLKIF_RSP_OKAY);
            cr_assert_eq(disk_bytes[i * 4096], i + 1);
        }
    }
}

Test(block_back, BLF1_faults_are_as_their_words_say)
{
    static const char *const bad[] = {"slow", "slow=x", "nothing=1", "slow=1,error=2", "=3"};
    struct blkif_response response;

    cr_assert_null(block_fault_read(NULL));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_null(block_fault_read(bad[i]), "%s", bad[i]);
    }
    fault = "reorder=3 error=2";
    cr_assert_eq(connect_to(0, true), 0);
    for (unsigned int i = 0; i < 4; i++) {
        put(BLKIF_OP_WRITE, i * 8, 1);
    }
    run();
    cr_assert_eq(front.sring->rsp_prod, 4);
    for (unsigned int i = 0; i < 4; i++) {
        static const uint64_t ids[] = {1002, 1001, 1000, 1003};

        RING_COPY_RESPONSE(&front, i, &response);
        cr_assert_eq(response.id, ids[i]);
        cr_assert_eq(response.status, ids[i] % 2 == 1 ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY);
    }
    fault = NULL;
}

static unsigned int turns;

static void random_turn(void)
{
    if (++turns > 3000) {
        return;
    }
    for (int i = 0; i < 40; i++) {
        ring_bytes[64 + random() % (4096 - 64)] = (uint8_t)(random() % 13);
    }
    front.sring->req_prod = front.sring->rsp_prod + (unsigned int)random() % 33;
    front.sring->req_event = (unsigned int)random();
    front.sring->rsp_event = (unsigned int)random();
    script = random_turn;
}

Test(block_back, a_ring_of_random_bytes_hurts_nobody)
{
    srandom(7);
    for (int persistent = 0; persistent < 2; persistent++) {
        turns = 0;
        cr_assert_eq(connect_to(0, persistent), 0);
        script = random_turn;
        run();
        cr_assert_null(device.broken);
        cr_assert_gt(device.counters.errors, 0);
    }
}

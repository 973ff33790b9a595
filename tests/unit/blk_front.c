/* SPDX-License-Identifier: MIT */
/*
 * The block front end against back ends that lie: a fake kernel around blkfront.c, and a script that
 * plays the back end whenever the front end waits.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "guest-pv-kernel/drivers/blkfront.h"

#define POOL 64u

static uint8_t ring_bytes[4096] __attribute__((aligned(4096)));
static uint8_t pool_bytes[POOL][4096] __attribute__((aligned(4096)));
static struct blkfront_page pool[POOL];
static struct blkfront_slot slots[32];
static struct block_device device;
static blkif_back_ring_t back;
static unsigned int nr_lent, nr_steps, nr_sent;
static bool keeps_grants;
static void (*script)(void);

/* ---- the fake kernel ---------------------------------------------------------------------------- */

int grant_access(uint16_t domid, const void *page, bool read_only)
{
    (void)domid;
    (void)page;
    (void)read_only;
    nr_lent++;
    return (int)(((const uint8_t *)page - pool_bytes[0]) / 4096) + 8;
}

int grant_end_access(grant_reference_t reference)
{
    (void)reference;
    if (keeps_grants) {
        return -EBUSY;
    }
    nr_lent--;
    return 0;
}

int event_send(event_port_t port)
{
    (void)port;
    nr_sent++;
    return 0;
}

void blkfront_step_soon(struct block_device *which)
{
    (void)which;
    nr_steps++;
}

void console_printf(const char *format, ...)
{
    (void)format;
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    (void)queue;
}

/* Nothing but the back end can make a condition true. */
void wait_queue_wait_always(struct wait_queue *queue)
{
    (void)queue;
    cr_assert_not_null(script, "the front end waits and nobody will wake it");
    script();
    blkfront_event(1, &device);
}

/* ---- a back end --------------------------------------------------------------------------------- */

static void connect_with(bool persistent)
{
    memset(&device, 0, sizeof(device));
    XEN_FRONT_RING_INIT(&device.ring, (blkif_sring_t *)(void *)ring_bytes, 4096);
    BACK_RING_INIT(&back, (blkif_sring_t *)(void *)ring_bytes, 4096);
    device.slots = slots;
    device.nr_slots = device.ring.nr_ents;
    device.pages = pool;
    for (unsigned int i = 0; i < POOL; i++) {
        pool[i] = (struct blkfront_page){device.free_pages, pool_bytes[i], -1};
        device.free_pages = &pool[i];
    }
    device.nr_pages = device.nr_free_pages = POOL;
    device.max_segments = 32;
    device.port = 1;
    device.connected = device.published = true;
    device.information = (struct block_information){.nr_sectors = 10000,
                                                    .sector_size = 512,
                                                    .can_flush = true,
                                                    .persistent = persistent,
                                                    .depth = 32,
                                                    .most_bytes = 32 * 4096};
    strcpy(device.name, "xvda");
}

static void respond(uint64_t id, uint8_t operation, int16_t status)
{
    struct blkif_response *response = RING_GET_RESPONSE(&back, back.rsp_prod_pvt);

    *response = (struct blkif_response){id, operation, status};
    back.rsp_prod_pvt++;
    back.sring->rsp_prod = back.rsp_prod_pvt;
}

static struct blkif_request last;

/* Take every request, newest last, and answer in the opposite order. */
static void answer_all_backwards(void)
{
    struct blkif_request taken[32];
    unsigned int count = 0;

    while (back.req_cons != back.sring->req_prod) {
        RING_COPY_REQUEST(&back, back.req_cons, &taken[count]);
        back.req_cons++;
        count++;
    }
    cr_assert_gt(count, 0, "nothing was asked");
    last = taken[count - 1];
    while (count-- > 0) {
        struct blkif_request_indirect indirect;
        uint8_t operation = taken[count].operation;

        memcpy(&indirect, &taken[count], sizeof(indirect));
        operation = operation == BLKIF_OP_INDIRECT ? indirect.indirect_op : operation;
        respond(taken[count].id, operation, BLKIF_RSP_OKAY);
    }
}

static void answer_with_an_error(void)
{
    struct blkif_request request;

    RING_COPY_REQUEST(&back, back.req_cons, &request);
    back.req_cons++;
    respond(request.id, request.operation, BLKIF_RSP_ERROR);
}

static void answer_nobodys_request(void)
{
    respond(31, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
}

static void answer_beyond_the_slots(void)
{
    respond(UINT64_MAX, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
}

/* The id of the request that was asked last. */
static uint64_t asked(void)
{
    return RING_GET_REQUEST(&back, back.sring->req_prod - 1)->id;
}

static void answer_another_operation(void)
{
    respond(asked(), BLKIF_OP_READ, BLKIF_RSP_OKAY);
}

static void answer_twice(void)
{
    uint64_t id = asked();

    respond(id, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    respond(id, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
}

static uint64_t earlier;

static void answer_an_earlier_one_again(void)
{
    respond(earlier, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
}

static void overrun(void)
{
    back.sring->rsp_prod = 40;
}

static void rewind_far(void)
{
    back.sring->rsp_prod = 0x80000000u;
}

/* ---- tests -------------------------------------------------------------------------------------- */

static uint8_t data[64 * 4096];

Test(block_front, answers_out_of_order_are_fine)
{
    for (int persistent = 0; persistent < 2; persistent++) {
        connect_with(persistent);
        script = answer_all_backwards;
        cr_assert_eq(block_write(&device, 8, data, sizeof(data)), 0);
        cr_assert_eq(block_read(&device, 8, data, 4096), 0);
        cr_assert_eq(block_flush(&device), 0);
        cr_assert_eq(device.nr_in_flight, 0);
        cr_assert_eq(device.nr_free_pages, POOL);
    }
}

Test(block_front, large_requests_are_indirect_and_small_ones_are_not)
{
    struct blkif_request_indirect indirect;

    connect_with(true);
    script = answer_all_backwards;
    cr_assert_eq(block_write(&device, 0, data, 11 * 4096), 0);
    cr_assert_eq(last.operation, BLKIF_OP_WRITE);
    cr_assert_eq(last.nr_segments, 11);
    cr_assert_eq(block_write(&device, 0, data, 12 * 4096), 0);
    memcpy(&indirect, &last, sizeof(indirect));
    cr_assert_eq(indirect.operation, BLKIF_OP_INDIRECT);
    cr_assert_eq(indirect.nr_segments, 12);
}

Test(block_front, every_ill_answer_gives_the_disk_up)
{
    static void (*const lies[])(void) = {answer_nobodys_request,
                                         answer_beyond_the_slots,
                                         answer_another_operation,
                                         answer_twice,
                                         overrun,
                                         rewind_far};

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        int result;

        connect_with(i % 2 == 0);
        nr_steps = 0;
        script = lies[i];
        result = block_write(&device, 0, data, 4096);
        cr_assert(lies[i] == answer_twice || result == -EIO, "lie %zu: %d", i, result);
        cr_assert_not_null(device.broken, "lie %zu", i);
        cr_assert_eq(nr_steps, 1, "it is closed");
        cr_assert_eq(device.nr_in_flight, 0);
        cr_assert_eq(block_write(&device, 0, data, 4096), -EIO, "and stays so");
        memset(slots, 0, sizeof(slots));
    }
}

Test(block_front, BF2_an_old_answer_does_not_fit_the_slots_next_request)
{
    connect_with(true);
    script = answer_all_backwards;
    cr_assert_eq(block_write(&device, 0, data, 4096), 0);
    earlier = last.id;
    script = answer_an_earlier_one_again;
    cr_assert_eq(block_write(&device, 8, data, 4096), -EIO);
    cr_assert_not_null(device.broken);
}

Test(block_front, an_error_is_that_requests_alone)
{
    connect_with(true);
    script = answer_with_an_error;
    cr_assert_eq(block_write(&device, 0, data, 4096), -EIO);
    cr_assert_null(device.broken);
    script = answer_all_backwards;
    cr_assert_eq(block_write(&device, 0, data, 4096), 0);
}

Test(block_front, BF3_a_page_that_the_back_end_keeps_is_never_used_again)
{
    connect_with(false);
    keeps_grants = true;
    script = answer_all_backwards;
    cr_assert_eq(block_write(&device, 0, data, 3 * 4096), 0);
    cr_assert_eq(device.nr_free_pages, POOL - 3);
    for (struct blkfront_page *page = device.free_pages; page != NULL; page = page->next) {
        cr_assert_eq(page->reference, -1, "a free page is lent to nobody");
    }
}

Test(block_front, without_persistent_grants_nothing_stays_lent)
{
    connect_with(false);
    script = answer_all_backwards;
    cr_assert_eq(block_write(&device, 0, data, sizeof(data)), 0);
    cr_assert_eq(nr_lent, 0);
}

Test(block_front, what_the_disk_does_not_have_is_refused_here)
{
    static const struct {
        uint64_t sector;
        size_t bytes;
    } bad[] = {{10000, 512}, {9999, 1024}, {UINT64_MAX, 512}, {0, 513}, {0, 100}};

    connect_with(true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(block_read(&device, bad[i].sector, data, bad[i].bytes), -EINVAL, "%zu", i);
    }
    device.information.read_only = true;
    cr_assert_eq(block_write(&device, 0, data, 512), -EROFS);
    device.connected = false;
    cr_assert_eq(block_read(&device, 0, data, 512), -ENODEV);
    cr_assert_eq(nr_sent, 0);
}

static void random_answers(void)
{
    for (int i = 0; i < 8; i++) {
        ring_bytes[64 + random() % (4096 - 64)] = (uint8_t)(random() % 5);
    }
    back.sring->rsp_prod = device.ring.rsp_cons + (unsigned int)random() % 3;
}

Test(block_front, random_answers_corrupt_nothing)
{
    srandom(9);
    for (unsigned int turn = 0; turn < 2000; turn++) {
        uint8_t canary[4096];

        memset(slots, 0, sizeof(slots));
        connect_with(turn % 2 == 0);
        script = random_answers;
        memset(canary, 0xc5, sizeof(canary));
        (void)block_write(&device, 0, data, 4096 * (1 + turn % 30));
        (void)block_read(&device, 0, data, 512);
        cr_assert_eq(canary[17], 0xc5);
        cr_assert_leq(device.nr_free_pages, POOL);
    }
}

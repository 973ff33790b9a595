/* SPDX-License-Identifier: MIT */
/*
 * The macros of io/ring.h themselves: at each of their barriers the other end may run, in every
 * combination. blk_ring.c searches the same protocol step by step.
 */
#include <criterion/criterion.h>
#include <stdbool.h>

static void interleave(void);
#define xen_mb()  interleave()
#define xen_rmb() interleave()
#define xen_wmb() interleave()

#include <public/io/ring.h>

struct item {
    unsigned int value;
};
DEFINE_RING_TYPES(item, struct item, struct item);

#define REQUESTS 4u

static uint8_t page[4096] __attribute__((aligned(4096)));
static item_front_ring_t front;
static item_back_ring_t back;
static unsigned int choices, nr_choices, nr_put, nr_taken;
static bool in_front, in_back, bell, asleep;

/* Everything that is there, until the final check says that it may sleep. */
static void back_run(void)
{
    unsigned int more;

    if (in_back || (asleep && !bell)) {
        return;
    }
    in_back = true;
    bell = asleep = false;
    do {
        while (XEN_RING_NR_UNCONSUMED_REQUESTS(&back) > 0) {
            struct item item;

            RING_COPY_REQUEST(&back, back.req_cons, &item);
            cr_assert_eq(item.value, nr_taken, "in order, and filled before it was seen");
            back.req_cons++;
            nr_taken++;
        }
        RING_FINAL_CHECK_FOR_REQUESTS(&back, more);
    } while (more);
    asleep = true;
    in_back = false;
}

static void front_run(void)
{
    unsigned int notify;

    if (in_front || nr_put == REQUESTS) {
        return;
    }
    in_front = true;
    RING_GET_REQUEST(&front, front.req_prod_pvt)->value = nr_put++;
    front.req_prod_pvt++;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, notify);
    bell = bell || notify;
    in_front = false;
}

static void interleave(void)
{
    if ((choices >> (nr_choices++ % 20) & 1) != 0) {
        if (in_front) {
            back_run();
        } else {
            front_run();
        }
    }
}

Test(ring_macros, no_request_is_left_whatever_runs_at_each_barrier)
{
    for (unsigned int mask = 0; mask < 1u << 20; mask += 3) {
        choices = mask;
        nr_choices = nr_put = nr_taken = 0;
        bell = asleep = false;
        XEN_FRONT_RING_INIT(&front, (item_sring_t *)(void *)page, 4096);
        BACK_RING_INIT(&back, (item_sring_t *)(void *)page, 4096);
        back_run();
        while (nr_put < REQUESTS) {
            front_run();
            if (nr_put % 2 == 0) {
                back_run();
            }
        }
        back_run();
        cr_assert_eq(nr_taken, REQUESTS, "choices %#x: %u of %u taken", mask, nr_taken, REQUESTS);
    }
}

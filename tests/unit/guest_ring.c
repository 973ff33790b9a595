/* SPDX-License-Identifier: MIT */
/*
 * The ring macros of public/io/ring.h, with a front and a back end in one program.
 */
#include <criterion/criterion.h>
#include <public/io/ring.h>

struct request {
    uint64_t id;
    uint64_t payload[2];
};
struct response {
    uint64_t id;
};
DEFINE_RING_TYPES(sample, struct request, struct response);

static union {
    sample_sring_t shared;
    char bytes[4096];
} page;

/* 4096 bytes less a header of 64, in slots of 24: 168 fit, 128 are a power of two. */
Test(ring, its_size_is_the_largest_power_of_two_that_fits)
{
    cr_assert_eq(offsetof(sample_sring_t, ring), 64);
    cr_assert_eq(__CONST_RING_SIZE(sample, 4096), 128);
    cr_assert_eq(__RING_SIZE(&page.shared, 4096), 128);
    for (unsigned int x = 1; x < 70000; x++) {
        unsigned int power = 1;

        while (power * 2 <= x) {
            power *= 2;
        }
        cr_assert_eq(__RD32(x), power);
    }
}

Test(ring, requests_and_responses_pass_and_bells_ring_only_when_asked)
{
    sample_front_ring_t front;
    sample_back_ring_t back;
    int notify, work;

    XEN_FRONT_RING_INIT(&front, &page.shared, 4096);
    BACK_RING_INIT(&back, &page.shared, 4096);
    for (uint64_t id = 0; id < 1000; id++) {
        struct request request;
        struct response response;

        RING_GET_REQUEST(&front, front.req_prod_pvt)->id = id;
        front.req_prod_pvt++;
        RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, notify);
        cr_assert_eq(notify, id % 2 == 0);
        cr_assert_eq(RING_HAS_UNCONSUMED_REQUESTS(&back), 1);
        RING_COPY_REQUEST(&back, back.req_cons, &request);
        back.req_cons++;
        cr_assert_eq(request.id, id);
        if (id % 2 == 1) { /* asks for a bell every second time only */
            RING_FINAL_CHECK_FOR_REQUESTS(&back, work);
            cr_assert_not(work);
        }
        RING_GET_RESPONSE(&back, back.rsp_prod_pvt)->id = id + 5;
        back.rsp_prod_pvt++;
        RING_PUSH_RESPONSES(&back);
        RING_COPY_RESPONSE(&front, front.rsp_cons, &response);
        front.rsp_cons++;
        cr_assert_eq(response.id, id + 5);
    }
    cr_assert_eq(RING_FREE_REQUESTS(&front), 128);
}

Test(ring, a_front_end_that_claims_too_much_is_seen)
{
    sample_back_ring_t back;

    SHARED_RING_INIT(&page.shared);
    BACK_RING_INIT(&back, &page.shared, 4096);
    page.shared.req_prod = 129;
    cr_assert(RING_REQUEST_PROD_OVERFLOW(&back, page.shared.req_prod));
    cr_assert_eq(RING_HAS_UNCONSUMED_REQUESTS(&back), 128);
    page.shared.req_prod = 128;
    cr_assert_not(RING_REQUEST_PROD_OVERFLOW(&back, page.shared.req_prod));
}

/* SPDX-License-Identifier: MIT */
/*
 * The back end's rings against a front end that is the test: every way to be wrong costs the packet or
 * the ring, and nothing else (attack 43).
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/backends/net_ring.h"
#include "tests/unit/net_grants.h"

#define PAGE     4096u
#define GOOD     10u /* a grant that may be written, with known bytes */
#define NR_PAGES 20u

static struct net_ring ring;
static netif_tx_front_ring_t tx;
static netif_rx_front_ring_t rx;
static uint8_t tx_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t rx_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t pages[NR_PAGES][PAGE] __attribute__((aligned(PAGE)));
static uint8_t taken[8][70000];
static size_t lengths[512], nr_taken;

static void set_up(void)
{
    memset(net_grants, 0, sizeof(net_grants));
    XEN_FRONT_RING_INIT(&tx, (netif_tx_sring_t *)(void *)tx_page, PAGE);
    XEN_FRONT_RING_INIT(&rx, (netif_rx_sring_t *)(void *)rx_page, PAGE);
    for (unsigned int i = 0; i < NR_PAGES; i++) {
        net_grants[GOOD + i].page = pages[i];
        for (unsigned int k = 0; k < PAGE; k++) {
            pages[i][k] = (uint8_t)(k * 7 + i);
        }
    }
    net_ring_attach(&ring, 1, tx_page, rx_page);
    ring.scatter = true;
    nr_taken = net_grants_nr_calls = 0;
}

static void tear_down(void)
{
    net_ring_detach(&ring);
}

static struct net_frame last_taken;

static void taker(void *context, struct net_frame *frame)
{
    (void)context;
    last_taken = *frame;
    if (nr_taken < 8) {
        memcpy(taken[nr_taken], frame->bytes, frame->length);
    }
    lengths[nr_taken++ % 512] = frame->length;
}

static void put(uint32_t reference, uint16_t offset, uint16_t size, uint16_t flags)
{
    *RING_GET_REQUEST(&tx, tx.req_prod_pvt) = (struct netif_tx_request){
        reference, offset, flags, (uint16_t)(tx.req_prod_pvt & 0xff), size};
    tx.req_prod_pvt++;
    RING_PUSH_REQUESTS(&tx);
}

static void take_all(void)
{
    while (net_ring_take(&ring, taker, NULL)) {
    }
}

/* The next answer's status; its id must be the one that is due. */
static int answer(void)
{
    cr_assert_neq(tx.rsp_cons, tx.sring->rsp_prod, "an answer is missing");
    return RING_GET_RESPONSE(&tx, tx.rsp_cons++)->status;
}

TestSuite(net_back, .init = set_up, .fini = tear_down);

Test(net_back, a_packet_arrives_whole)
{
    put(GOOD, 100, 1514, 0);
    take_all();
    cr_assert_eq(nr_taken, 1u);
    cr_assert_eq(lengths[0], 1514u);
    cr_assert_eq(memcmp(taken[0], pages[0] + 100, 1514), 0);
    cr_assert_eq(answer(), NETIF_RSP_OKAY);
}

Test(net_back, pieces_become_one_packet)
{
    put(GOOD, 0, 4096 + 4000 + 5, NETTXF_more_data);
    put(GOOD + 1, 96, 4000, NETTXF_more_data);
    put(GOOD + 2, 1, 5, 0);
    take_all();
    cr_assert_eq(nr_taken, 1u);
    cr_assert_eq(lengths[0], 8101u);
    cr_assert_eq(memcmp(taken[0], pages[0], 4096), 0);
    cr_assert_eq(memcmp(taken[0] + 4096, pages[1] + 96, 4000), 0);
    cr_assert_eq(memcmp(taken[0] + 8096, pages[2] + 1, 5), 0);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(answer(), NETIF_RSP_OKAY);
    }
}

Test(net_back, NR2_a_wrong_request_costs_its_packet_only)
{
    static const struct netif_tx_request wrong[] = {
        {GOOD, 0, 0, 0, 13},        /* shorter than a header */
        {GOOD, 0, 0, 0, 0},         /* nothing */
        {GOOD, 4000, 0, 0, 97},     /* beyond its page */
        {GOOD, 0, 0, 0, 4097},      /* larger than a page */
        {GOOD, 65535, 0, 0, 65535}, /* both at their limit */
        {GOOD - 1, 0, 0, 0, 60},    /* no such grant */
        {0xffffffffu, 0, 0, 0, 60}, /* no such grant, ever */
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put(wrong[i].gref, wrong[i].offset, wrong[i].size, wrong[i].flags);
        put(GOOD, 0, 60, 0);
        take_all();
        cr_assert_eq(answer(), NETIF_RSP_ERROR, "case %zu", i);
        cr_assert_eq(answer(), NETIF_RSP_OKAY, "case %zu", i);
        cr_assert_eq(nr_taken, i + 1);
        cr_assert_null(ring.broken);
    }
}

Test(net_back, a_first_size_below_the_sum_of_the_rest_is_refused)
{
    put(GOOD, 0, 100, NETTXF_more_data);
    put(GOOD, 0, 101, 0);
    take_all();
    cr_assert_eq(nr_taken, 0u);
    cr_assert_eq(answer(), NETIF_RSP_ERROR);
    cr_assert_eq(answer(), NETIF_RSP_ERROR);
}

Test(net_back, a_packet_of_too_many_pieces_is_refused_and_answered_whole)
{
    for (unsigned int i = 0; i < XEN_NETIF_NR_SLOTS_MIN + 1; i++) {
        put(GOOD, 0, i == 0 ? 190 : 10, i < XEN_NETIF_NR_SLOTS_MIN ? NETTXF_more_data : 0);
    }
    take_all();
    cr_assert_eq(nr_taken, 0u);
    for (unsigned int i = 0; i < XEN_NETIF_NR_SLOTS_MIN + 1; i++) {
        cr_assert_eq(answer(), NETIF_RSP_ERROR);
    }
    cr_assert_null(ring.broken);
}

Test(net_back, extra_slots_are_answered_and_segmentation_is_refused)
{
    put(GOOD, 0, 60, NETTXF_extra_info);
    struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO};
    memcpy(RING_GET_REQUEST(&tx, tx.req_prod_pvt), &extra, sizeof(extra));
    tx.req_prod_pvt++;
    RING_PUSH_REQUESTS(&tx);
    take_all();
    cr_assert_eq(nr_taken, 0u);
    cr_assert_eq(answer(), NETIF_RSP_ERROR);
    cr_assert_eq(answer(), NETIF_RSP_NULL);
}

Test(net_back, NR2_an_index_that_cannot_be_breaks_the_ring)
{
    tx.sring->req_prod = 257;
    take_all();
    cr_assert_not_null(ring.broken);
    cr_assert_eq(nr_taken, 0u);
    set_up();
    tx.sring->req_prod = (RING_IDX)-1; /* backwards */
    take_all();
    cr_assert_not_null(ring.broken);
}

Test(net_back, NR2_a_packet_without_an_end_breaks_the_ring)
{
    put(GOOD, 0, 200, NETTXF_more_data);
    take_all();
    cr_assert_not_null(ring.broken);
    cr_assert_eq(nr_taken, 0u);
}

Test(net_back, a_full_ring_of_packets_takes_few_hypercalls)
{
    net_grants_nr_calls = 0;
    for (unsigned int i = 0; i < 256; i++) {
        put(GOOD + i % NR_PAGES, 0, 1000, 0);
    }
    take_all();
    cr_assert_eq(nr_taken, 256u);
    cr_assert_leq(net_grants_nr_calls, 8u);
}

Test(net_back, NR1_random_rings_harm_nobody)
{
    srand(1);
    for (unsigned int round = 0; round < 20000; round++) {
        for (size_t i = 64; i < PAGE; i += 4) {
            uint32_t value = (uint32_t)rand() ^ (uint32_t)rand() << 16;

            memcpy(tx_page + i, &value, 4);
            memcpy(rx_page + i, &value, 4);
        }
        for (unsigned int i = 0; i < 256 && round % 2 == 0; i++) {
            /* Nearly right ones get further. */
            RING_GET_REQUEST(&tx, i)->gref = GOOD + (unsigned int)rand() % (NR_PAGES + 2);
            RING_GET_REQUEST(&tx, i)->offset %= 64;
            RING_GET_REQUEST(&tx, i)->size %= 2048;
        }
        tx.sring->req_prod = ring.tx.req_cons + (RING_IDX)rand() % 300;
        rx.sring->req_prod = ring.rx.req_cons + (RING_IDX)rand() % 300;
        while (net_ring_take(&ring, taker, NULL)) {
        }
        struct net_frame frame = {.bytes = pages[0], .length = 14 + (size_t)rand() % 4000};
        net_ring_give(&ring, &frame);
        net_ring_flush(&ring);
        net_ring_retry(&ring);
        cr_assert_leq(ring.tx.req_cons - ring.tx.rsp_prod_pvt, 256u, "taken, not yet answered");
        if (ring.broken != NULL) {
            net_ring_detach(&ring);
            set_up();
        }
    }
}

/* ---- towards the guest -------------------------------------------------------------------------- */

static void offer(uint32_t reference)
{
    *RING_GET_REQUEST(&rx, rx.req_prod_pvt) =
        (struct netif_rx_request){(uint16_t)(rx.req_prod_pvt & 0xff), 0, reference};
    rx.req_prod_pvt++;
    RING_PUSH_REQUESTS(&rx);
}

static const struct netif_rx_response *received(void)
{
    cr_assert_neq(rx.rsp_cons, rx.sring->rsp_prod, "a frame is missing");
    return RING_GET_RESPONSE(&rx, rx.rsp_cons++);
}

static uint8_t message[65536] __attribute__((aligned(PAGE)));

static void give(size_t length)
{
    struct net_frame frame = {.bytes = message, .length = length};

    net_ring_give(&ring, &frame);
    net_ring_flush(&ring);
}

Test(net_back, a_large_frame_fills_several_pages)
{
    for (unsigned int i = 0; i < 16; i++) {
        offer(GOOD + i);
    }
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 13 >> 3);
    }
    give(65535);
    for (unsigned int i = 0; i < 16; i++) {
        const struct netif_rx_response *response = received();

        cr_assert_eq(response->status, i < 15 ? 4096 : 4095);
        cr_assert_eq((response->flags & NETRXF_more_data) != 0, i < 15);
        cr_assert_eq(memcmp(pages[i], message + i * PAGE, (size_t)response->status), 0);
    }
}

Test(net_back, frames_wait_for_pages_then_are_dropped)
{
    for (unsigned int i = 0; i < NET_RING_BACKLOG + 5; i++) {
        message[0] = (uint8_t)i;
        give(100);
    }
    cr_assert_eq(ring.to_guest.dropped, 5u);
    cr_assert_eq(ring.nr_backlog, (size_t)NET_RING_BACKLOG);
    offer(GOOD);
    cr_assert_eq(ring.rx.sring->req_event, 1u, "the guest is asked to ring");
    offer(GOOD + 1);
    net_ring_retry(&ring);
    cr_assert_eq(received()->status, 100);
    cr_assert_eq(received()->status, 100);
    cr_assert_eq(pages[0][0], 0);
    cr_assert_eq(pages[1][0], 1, "in order");
}

Test(net_back, a_page_that_may_not_be_written_costs_its_frame)
{
    net_grants[GOOD].read_only = true;
    offer(GOOD);
    offer(GOOD + 1);
    give(100);
    give(100);
    cr_assert_eq(received()->status, NETIF_RSP_ERROR);
    cr_assert_eq(received()->status, 100);
}

Test(net_back, a_guest_without_scatter_gets_no_frame_of_two_pages)
{
    ring.scatter = false;
    offer(GOOD);
    offer(GOOD + 1);
    give(4097);
    cr_assert_eq(rx.sring->rsp_prod, 0u);
    cr_assert_eq(ring.to_guest.dropped, 1u);
}

Test(net_back, NR2_too_many_pages_announced_break_the_ring)
{
    rx.sring->req_prod = 257;
    give(100);
    cr_assert_not_null(ring.broken);
}

Test(net_back, NR2_pages_that_are_taken_back_break_the_ring)
{
    struct net_frame frame = {.bytes = message, .length = 100};

    offer(GOOD);
    offer(GOOD + 1);
    net_ring_give(&ring, &frame);
    net_ring_give(&ring, &frame);
    rx.sring->req_prod = 1; /* behind what we planned with */
    net_ring_give(&ring, &frame);
    cr_assert_not_null(ring.broken);
}

Test(net_back, reading_through_mapped_grants_is_the_same)
{
    ring.by_mapping = true;
    put(GOOD, 0, 4096 + 4000 + 5, NETTXF_more_data);
    put(GOOD + 1, 96, 4000, NETTXF_more_data);
    put(GOOD + 2, 1, 5, 0);
    put(GOOD - 1, 0, 60, 0); /* no such grant */
    put(GOOD, 0, 60, 0);
    take_all();
    cr_assert_eq(nr_taken, 2u);
    cr_assert_eq(lengths[0], 8101u);
    cr_assert_eq(memcmp(taken[0], pages[0], 4096), 0);
    cr_assert_eq(memcmp(taken[0] + 4096, pages[1] + 96, 4000), 0);
    cr_assert_eq(memcmp(taken[0] + 8096, pages[2] + 1, 5), 0);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(answer(), i == 3 ? NETIF_RSP_ERROR : NETIF_RSP_OKAY);
    }
    cr_assert_eq(net_grants_nr_calls, 0u, "nothing was copied by the hypervisor");
    cr_assert_eq(net_grants_nr_mapped, 0u, "nothing stays mapped");
    cr_assert(ring.nr_mapped >= 4);
}

Test(net_back, ND3_the_next_back_end_goes_on_where_the_rings_stand)
{
    struct net_frame frame = {.bytes = pages[9], .length = 100};

    put(GOOD, 0, 100, 0);
    take_all();
    put(GOOD, 0, 200, 0); /* nobody took these */
    put(GOOD, 0, 300, 0);
    for (uint16_t i = 0; i < 4; i++) {
        *RING_GET_REQUEST(&rx, rx.req_prod_pvt) = (struct netif_rx_request){i, 0, GOOD + i};
        rx.req_prod_pvt++;
    }
    RING_PUSH_REQUESTS(&rx);
    net_ring_give(&ring, &frame);
    net_ring_flush(&ring);
    net_ring_give(&ring, &frame); /* planned, and then the back end is gone */
    net_ring_detach(&ring);

    net_ring_attach(&ring, 1, tx_page, rx_page);
    take_all();
    cr_assert_eq(nr_taken, 3u);
    cr_assert_eq(lengths[1], 200u);
    cr_assert_eq(lengths[2], 300u);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(answer(), NETIF_RSP_OKAY);
    }
    cr_assert_eq(tx.rsp_cons, tx.sring->rsp_prod);
    net_ring_give(&ring, &frame);
    net_ring_flush(&ring);
    cr_assert_eq(rx.sring->rsp_prod, 2u);
    cr_assert_eq(RING_GET_RESPONSE(&rx, 1)->id, 1u, "the buffer that was planned with is used");
}

/* An empty datagram of UDP over IPv4, its checksum not filled in. */
static const uint8_t datagram[42] = {
    2,    0, 0, 0,  0, 1, 2, 0, 0,  0,  0, 2, 8,  0,                    /* Ethernet */
    0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, /* IPv4 */
    0,    7, 0, 7,  0, 8, 0, 0,                                         /* UDP */
};

/* io/netif.h: csum_blank goes on to whoever can do with it, is filled in for whoever cannot. */
Test(net_back, a_blank_checksum_goes_on_or_is_filled_in)
{
    for (unsigned int i = 0; i < 3; i++) {
        memcpy(pages[i], datagram, sizeof(datagram));
    }
    put(GOOD, 0, sizeof(datagram), NETTXF_csum_blank | NETTXF_data_validated);
    take_all();
    cr_assert(last_taken.checksum_blank && last_taken.validated);
    put(GOOD, 0, sizeof(datagram), NETTXF_data_validated);
    take_all();
    cr_assert(!last_taken.checksum_blank && last_taken.validated);
    for (int refuses = 0; refuses < 2; refuses++) {
        struct net_frame frame = {.bytes = message, .length = sizeof(datagram)};
        const struct netif_rx_response *response;

        memcpy(message, datagram, sizeof(datagram));
        frame.checksum_blank = frame.validated = true;
        ring.no_checksums = refuses == 1;
        offer(GOOD + 3);
        net_ring_give(&ring, &frame);
        net_ring_flush(&ring);
        response = received();
        cr_assert_eq(response->flags,
                     refuses ? NETRXF_data_validated : NETRXF_data_validated | NETRXF_csum_blank);
        /* ~(10.0.0.1 + 10.0.0.2 + 17 + 8 + 7 + 7 + 8) */
        cr_assert_eq(pages[3][40], refuses ? 0xeb : 0);
        cr_assert_eq(pages[3][41], refuses ? 0xcd : 0);
    }
}

/* io/ring.h: a bell is rung when what was asked for is passed, and not again before the next asking. */
Test(net_back, bells_are_held_off_as_the_front_end_says)
{
    tx.sring->rsp_event = 4;
    for (int i = 0; i < 3; i++) {
        put(GOOD, 0, 60, 0);
        take_all();
    }
    cr_assert(!ring.notify_tx, "three answers, the fourth was asked for");
    put(GOOD, 0, 60, 0);
    take_all();
    cr_assert(ring.notify_tx);
    ring.notify_tx = false;
    put(GOOD, 0, 60, 0);
    take_all();
    cr_assert(!ring.notify_tx, "nobody asked since");
    cr_assert_eq(tx.sring->req_event, tx.req_prod_pvt + 1, "the next packet is to be told of");

    rx.sring->rsp_event = 2;
    for (unsigned int i = 0; i < 4; i++) {
        bool wanted;

        *RING_GET_REQUEST(&rx, rx.req_prod_pvt) =
            (struct netif_rx_request){(uint16_t)i, 0, GOOD + i};
        rx.req_prod_pvt++;
        RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&rx, wanted);
        cr_assert_eq(wanted, i == 0, "no frame waits: new pages are no news");
    }
    give(100);
    cr_assert(!ring.notify_rx);
    give(100);
    cr_assert(ring.notify_rx);
}

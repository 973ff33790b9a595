/* SPDX-License-Identifier: MIT */
/*
 * The front end's rings: against our back end's, every byte of every frame in both directions; and
 * against a back end that lies (attack 44).
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/backends/net_ring.h"
#include "guest-pv-kernel/drivers/netfront_rings.h"
#include "tests/unit/net_grants.h"

#define PAGE 4096u

static struct netfront_rings front;
static struct netfront_counters counters;
static uint8_t got[65536];
static size_t got_length, nr_got;
static uint8_t message[65536] __attribute__((aligned(PAGE)));

static void on_frame(void *data, const void *bytes, size_t length)
{
    (void)data;
    memcpy(got, bytes, length);
    got_length = length;
    nr_got++;
}

static const struct netfront_handlers handlers = {on_frame, NULL};

static void set_up(void)
{
    cr_assert_eq(netfront_rings_create(&front, 0), 0);
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 31 >> 4);
    }
}

static void receive(void)
{
    bool notify;

    netfront_rings_receive(&front, &handlers, NULL, &counters, &notify);
}

static void from_front(void *context, struct net_frame *frame)
{
    (void)context;
    memcpy(got, frame->bytes, frame->length);
    got_length = frame->length;
    nr_got++;
}

TestSuite(net_front, .init = set_up);

Test(net_front, every_length_arrives_unchanged_in_both_directions)
{
    static struct net_ring back;

    net_ring_attach(&back, 1, front.tx.sring, front.rx.sring);
    back.scatter = true;
    for (size_t length = 64; length <= 65535; length += length < 9000 ? 61 : 1999) {
        struct netfront_piece pieces[2] = {{message, length / 3}, {message + length / 3, 0}};
        struct net_frame frame = {.bytes = message, .length = length};

        pieces[1].length = length - length / 3;
        netfront_rings_send(&front, pieces, 2, length);
        nr_got = 0;
        net_ring_take(&back, from_front, NULL);
        cr_assert_eq(nr_got, 1u);
        cr_assert_eq(got_length, length);
        cr_assert_eq(memcmp(got, message, length), 0);
        netfront_rings_reclaim(&front, false, &counters);
        cr_assert_eq(front.nr_free_send, (size_t)NETFRONT_BUFFERS);

        memset(got, 0, sizeof(got));
        net_ring_give(&back, &frame);
        net_ring_flush(&back);
        receive();
        cr_assert_eq(nr_got, 2u);
        cr_assert_eq(got_length, length);
        cr_assert_eq(memcmp(got, message, length), 0);
        cr_assert_null(front.broken);
    }
    net_ring_detach(&back);
    netfront_rings_destroy(&front);
    cr_assert_eq(net_grants_nr_pages, 0u);
}

/* A response in the next slot of the rx ring. */
static void lie(uint16_t id, uint16_t offset, uint16_t flags, int16_t status)
{
    *RING_GET_RESPONSE(&front.rx, front.rx.sring->rsp_prod) =
        (struct netif_rx_response){id, offset, flags, status};
    front.rx.sring->rsp_prod++;
}

Test(net_front, NF1_a_length_beyond_the_page_costs_the_frame)
{
    nr_got = 0;
    lie(0, 0, 0, 4097);
    lie(1, 4000, 0, 97);
    lie(2, 0, 0, 32767);
    lie(3, 65535, 0, 32767);
    lie(4, 0, 0, -1);
    lie(5, 0, NETRXF_extra_info, 60);
    lie(6, 0, 0, 60);
    receive();
    cr_assert_eq(nr_got, 1u);
    cr_assert_eq(counters.errors, 6u);
    cr_assert_null(front.broken);
}

Test(net_front, NF1_a_wrong_id_ends_the_connection)
{
    lie(NETFRONT_BUFFERS, 0, 0, 60);
    receive();
    cr_assert_not_null(front.broken);
}

Test(net_front, NF1_more_responses_than_buffers_end_the_connection)
{
    front.rx.sring->rsp_prod = NETFRONT_BUFFERS * 2 + 1;
    receive();
    cr_assert_not_null(front.broken);
}

Test(net_front, a_frame_without_end_is_bounded)
{
    nr_got = 0;
    for (unsigned int i = 0; i < 1000; i++) {
        lie((uint16_t)(i % NETFRONT_BUFFERS), 0, NETRXF_more_data, 4096);
        receive();
    }
    lie(1000 % NETFRONT_BUFFERS, 0, 0, 100);
    receive();
    cr_assert_eq(nr_got, 0u);
    cr_assert_null(front.broken);
    lie(1001 % NETFRONT_BUFFERS, 0, 0, 100);
    receive();
    cr_assert_eq(nr_got, 1u, "the next frame is good again");
}

static void lie_sent(uint16_t id)
{
    *RING_GET_RESPONSE(&front.tx, front.tx.sring->rsp_prod) = (struct netif_tx_response){id, 0};
    front.tx.sring->rsp_prod++;
}

Test(net_front, NF1_a_frame_sent_twice_ends_the_connection)
{
    struct netfront_piece piece = {message, 100};

    netfront_rings_send(&front, &piece, 1, 100);
    netfront_rings_send(&front, &piece, 1, 100);
    uint16_t id = RING_GET_REQUEST(&front.tx, 0)->id;
    lie_sent(id);
    lie_sent(id);
    netfront_rings_reclaim(&front, false, &counters);
    cr_assert_not_null(front.broken);
    cr_assert_leq(front.nr_free_send, (size_t)NETFRONT_BUFFERS);
}

Test(net_front, NF1_more_answers_than_frames_end_the_connection)
{
    front.tx.sring->rsp_prod = 1;
    netfront_rings_reclaim(&front, false, &counters);
    cr_assert_not_null(front.broken);
}

Test(net_front, NF2_a_page_that_stays_mapped_is_given_up)
{
    net_grants[front.receive[3].reference].held = true;
    net_grants[front.rx_reference].held = true;
    netfront_rings_destroy(&front);
    cr_assert_eq(net_grants_nr_pages, 2u, "exactly the two that are held are not reused");
}

Test(net_front, NF1_random_responses_harm_nobody)
{
    srand(2);
    for (unsigned int round = 0; round < 20000; round++) {
        for (unsigned int i = 0; i < 256; i++) {
            struct netif_rx_response response = {(uint16_t)(rand() % 130),
                                                 (uint16_t)(rand() % 5000), (uint16_t)(rand() % 16),
                                                 (int16_t)rand()};
            struct netif_tx_response sent = {(uint16_t)(rand() % 130), (int16_t)(rand() % 4 - 2)};

            *RING_GET_RESPONSE(&front.rx, i) = response;
            *RING_GET_RESPONSE(&front.tx, i) = sent;
        }
        front.rx.sring->rsp_prod = front.rx.rsp_cons + (RING_IDX)rand() % 140;
        front.tx.sring->rsp_prod = front.tx.rsp_cons + (RING_IDX)rand() % 140;
        receive();
        netfront_rings_reclaim(&front, false, &counters);
        if (front.broken != NULL) {
            netfront_rings_destroy(&front);
            cr_assert_eq(netfront_rings_create(&front, 0), 0);
        }
    }
}

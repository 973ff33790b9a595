/* SPDX-License-Identifier: MIT */
/*
 * A front end that lies: packets that no honest one sends, each of which has to come back as an error,
 * and at the end a ring that is overrun, which has to cost this guest its interface and nobody anything.
 * It works on the real driver's rings: ../../drivers/netfront_rings.h.
 */
#include <stdio.h>
#include <string.h>

#include <pvk/thread.h>
#include <pvk/time.h>

#include "../../drivers/netfront_rings.h"
#include "echo.h"

#define PATIENCE (10 * TIME_SECOND_NS)
#define PAUSE    (2 * TIME_MILLISECOND_NS)
#define MOST     24u

struct lie {
    const char *what;
    struct netif_tx_request first; /* 0 as its grant: a page that is granted */
    unsigned int nr_slots;         /* the first one again and again */
};

static const struct lie lies[] = {
    {"a grant that is none", {0x7fffff, 0, 0, 1, 60}, 1},
    {"a grant of all ones", {~0u, 0, 0, 2, 60}, 1},
    {"a packet of no bytes", {0, 0, 0, 3, 0}, 1},
    {"a packet shorter than its header", {0, 0, 0, 4, 13}, 1},
    {"more than a page", {0, 0, 0, 5, 4097}, 1},
    {"a piece that ends behind its page", {0, 4000, 0, 6, 100}, 1},
    {"an offset behind the page", {0, 65535, 0, 7, 60}, 1},
    {"pieces larger than the whole", {0, 0, NETTXF_more_data, 8, 100}, 3},
    {"too many pieces", {0, 0, NETTXF_more_data, 9, 1000}, MOST},
};

static void ignore(void *data, const void *bytes, size_t length)
{
    (void)data;
    (void)bytes;
    (void)length;
}

static void put(struct netfront_rings *rings, struct netif_tx_request request)
{
    if (request.gref == 0) {
        request.gref = (grant_ref_t)rings->send[0].reference;
    }
    *RING_GET_REQUEST(&rings->tx, rings->tx.req_prod_pvt) = request;
    rings->tx.req_prod_pvt++;
}

/* Whether every answer to what was put says that it failed. */
static bool all_refused(struct netfront_rings *rings, event_port_t port, unsigned int count)
{
    uint64_t deadline = time_monotonic_ns() + PATIENCE;
    bool refused = true;

    RING_PUSH_REQUESTS(&rings->tx);
    (void)event_send(port);
    while (rings->tx.sring->rsp_prod - rings->tx.rsp_cons < count) {
        if (time_monotonic_ns() > deadline) {
            return false;
        }
        thread_sleep(PAUSE);
    }
    for (; count > 0; count--) {
        refused &= RING_GET_RESPONSE(&rings->tx, rings->tx.rsp_cons)->status == NETIF_RSP_ERROR;
        rings->tx.rsp_cons++;
    }
    return refused;
}

static unsigned int single_lies(struct netfront_rings *rings, event_port_t port)
{
    struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO};
    struct netif_tx_request as_request;
    unsigned int believed = 0;

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        for (unsigned int slot = 0; slot < lies[i].nr_slots; slot++) {
            struct netif_tx_request request = lies[i].first;

            request.flags = slot + 1 < lies[i].nr_slots ? request.flags : 0;
            put(rings, request);
        }
        if (!all_refused(rings, port, lies[i].nr_slots)) {
            printf("lie: %s was accepted\n", lies[i].what);
            believed++;
        }
    }
    /* Segmentation, which was not offered: its extra slot is answered with "null". */
    put(rings, (struct netif_tx_request){0, 0, NETTXF_extra_info, 10, 60});
    memcpy(&as_request, &extra,
           sizeof(extra) < sizeof(as_request) ? sizeof(extra) : sizeof(as_request));
    *RING_GET_REQUEST(&rings->tx, rings->tx.req_prod_pvt) = as_request;
    rings->tx.req_prod_pvt++;
    (void)all_refused(rings, port, 2);
    if (RING_GET_RESPONSE(&rings->tx, rings->tx.rsp_cons - 2)->status != NETIF_RSP_ERROR) {
        printf("lie: segmentation was accepted\n");
        believed++;
    }
    return believed;
}

int echo_lie(void)
{
    static const struct netfront_handlers handlers = {ignore, NULL};
    struct netfront_rings *rings;
    struct netfront *front;
    event_port_t port;
    unsigned int believed;

    if (netfront_open(0, &handlers, NULL, &front) != 0 ||
        netfront_wait(front, time_monotonic_ns() + PATIENCE) != 0) {
        printf("lie: no interface\n");
        return 1;
    }
    rings = netfront_rings_of(front, &port);
    believed = single_lies(rings, port);
    printf("lie: %s\n", believed == 0 ? "every lie was refused" : "SOME LIES WERE BELIEVED");
    rings->tx.sring->req_prod += 1000;
    (void)event_send(port);
    while (netfront_rings_of(front, &port) != NULL) {
        thread_sleep(PAUSE);
    }
    printf("lie: the overrun ring cost the interface\n");
    return believed == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * netfront_rings.c: see netfront_rings.h. Every buffer is granted once, when the rings are made, and
 * used over and over: no grant changes hands per frame. The price is one copy of each frame, which
 * also makes it safe to look at.
 * Invariants NF1, NF2. Read next: netfront.c
 */
#include "netfront_rings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/memory.h>

static int make_buffers(struct netfront_buffer *buffers, uint16_t backend, bool read_only)
{
    for (size_t i = 0; i < NETFRONT_BUFFERS; i++) {
        buffers[i].page = memory_alloc_page();
        if (buffers[i].page == NULL) {
            return -ENOMEM;
        }
        buffers[i].reference = grant_access(backend, buffers[i].page, read_only);
        if (buffers[i].reference < 0) {
            return buffers[i].reference;
        }
    }
    return 0;
}

/* NF2: freed only when the grant could be taken back. */
static void give_up_page(void *page, int reference)
{
    if (page != NULL && (reference < 0 || grant_end_access((grant_reference_t)reference) == 0)) {
        memory_free_page(page);
    }
}

static void clear(struct netfront_rings *rings)
{
    memset(rings, 0, sizeof(*rings));
    rings->tx_reference = rings->rx_reference = -1;
    for (size_t i = 0; i < NETFRONT_BUFFERS; i++) {
        rings->send[i].reference = rings->receive[i].reference = -1;
    }
}

static void offer(struct netfront_rings *rings, uint16_t id)
{
    struct netif_rx_request *request = RING_GET_REQUEST(&rings->rx, rings->rx.req_prod_pvt);

    request->id = id;
    request->pad = 0;
    request->gref = (grant_ref_t)rings->receive[id].reference;
    rings->receive[id].theirs = true;
    rings->rx.req_prod_pvt++;
}

static int make_ring_pages(struct netfront_rings *rings, uint16_t backend)
{
    netif_tx_sring_t *tx = memory_alloc_page();
    netif_rx_sring_t *rx = memory_alloc_page();

    if (tx == NULL || rx == NULL) {
        give_up_page(tx, -1);
        give_up_page(rx, -1);
        return -ENOMEM;
    }
    XEN_FRONT_RING_INIT(&rings->tx, tx, MEMORY_PAGE_SIZE);
    XEN_FRONT_RING_INIT(&rings->rx, rx, MEMORY_PAGE_SIZE);
    rings->tx_reference = grant_access(backend, tx, false);
    rings->rx_reference = grant_access(backend, rx, false);
    return rings->tx_reference < 0 || rings->rx_reference < 0 ? -ENOSPC : 0;
}

int netfront_rings_create(struct netfront_rings *rings, uint16_t backend)
{
    int result;

    clear(rings);
    rings->backend = backend;
    result = make_ring_pages(rings, backend);
    if (result == 0) {
        result = make_buffers(rings->send, backend, true);
    }
    if (result == 0) {
        result = make_buffers(rings->receive, backend, false);
    }
    if (result < 0) {
        netfront_rings_destroy(rings);
        return result;
    }
    for (uint16_t i = 0; i < NETFRONT_BUFFERS; i++) {
        rings->free_send[rings->nr_free_send++] = i;
        offer(rings, i);
    }
    /* Sent buffers are collected when the next frame is sent: no need to be told of each. */
    rings->tx.sring->rsp_event = rings->tx.rsp_cons + NETFRONT_BUFFERS;
    RING_PUSH_REQUESTS(&rings->rx);
    return 0;
}

void netfront_rings_destroy(struct netfront_rings *rings)
{
    for (size_t i = 0; i < NETFRONT_BUFFERS; i++) {
        give_up_page(rings->send[i].page, rings->send[i].reference);
        give_up_page(rings->receive[i].page, rings->receive[i].reference);
    }
    give_up_page(rings->tx.sring, rings->tx_reference);
    give_up_page(rings->rx.sring, rings->rx_reference);
    free(rings->assembly);
    clear(rings);
}

/* ---- receiving ---------------------------------------------------------------------------------- */

/* One more piece of a frame that takes several. */
static void assemble(struct netfront_rings *rings, const uint8_t *bytes, size_t length)
{
    if (rings->assembly == NULL) {
        rings->assembly = malloc(NETFRONT_FRAME_MAX);
    }
    if (rings->assembly == NULL || length > NETFRONT_FRAME_MAX - rings->assembled) {
        rings->frame_is_bad = true;
        return;
    }
    memcpy(rings->assembly + rings->assembled, bytes, length);
    rings->assembled += length;
}

static void end_frame(struct netfront_rings *rings)
{
    rings->in_frame = rings->frame_is_bad = false;
    rings->assembled = 0;
}

/* A good response: `length` bytes at `bytes`. */
static void take_piece(struct netfront_rings *rings, const struct netif_rx_response *response,
                       const struct netfront_handlers *handlers, void *data,
                       struct netfront_counters *counters)
{
    const uint8_t *bytes = rings->receive[response->id].page + response->offset;
    bool is_bad = response->status < 0 ||
                  (size_t)response->offset + (size_t)response->status > MEMORY_PAGE_SIZE ||
                  (response->flags & NETRXF_extra_info) != 0;
    bool more = (response->flags & NETRXF_more_data) != 0;
    size_t length = is_bad ? 0 : (size_t)response->status;

    rings->frame_is_bad |= is_bad;
    if (more || rings->in_frame) {
        if (!rings->frame_is_bad) {
            assemble(rings, bytes, length);
        }
        rings->in_frame = true;
        bytes = rings->assembly;
        length = rings->assembled;
    }
    if (more) {
        return;
    }
    if (rings->frame_is_bad) {
        counters->errors++;
    } else {
        counters->frames_received++;
        counters->bytes_received += length;
        handlers->receive(data, bytes, length);
    }
    end_frame(rings);
}

void netfront_rings_receive(struct netfront_rings *rings, const struct netfront_handlers *handlers,
                            void *data, struct netfront_counters *counters, bool *notify)
{
    bool more = true;

    *notify = false;
    while (more && rings->broken == NULL) {
        RING_IDX end = rings->rx.sring->rsp_prod;
        bool wanted;

        xen_rmb();
        if (RING_RESPONSE_PROD_OVERFLOW(&rings->rx, end)) {
            rings->broken = "more frames were announced than there are buffers";
            return;
        }
        while (rings->rx.rsp_cons != end) {
            struct netif_rx_response response;

            RING_COPY_RESPONSE(&rings->rx, rings->rx.rsp_cons, &response);
            rings->rx.rsp_cons++;
            if (response.id >= NETFRONT_BUFFERS || !rings->receive[response.id].theirs) {
                rings->broken = "a frame came in a buffer that was not offered";
                return;
            }
            rings->receive[response.id].theirs = false;
            take_piece(rings, &response, handlers, data, counters);
            offer(rings, response.id);
        }
        RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&rings->rx, wanted);
        *notify |= wanted;
        RING_FINAL_CHECK_FOR_RESPONSES(&rings->rx, more);
    }
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void take_sent(struct netfront_rings *rings, RING_IDX end,
                      struct netfront_counters *counters)
{
    while (rings->tx.rsp_cons != end) {
        struct netif_tx_response response;

        RING_COPY_RESPONSE(&rings->tx, rings->tx.rsp_cons, &response);
        rings->tx.rsp_cons++;
        if (response.status == NETIF_RSP_NULL) {
            continue;
        }
        if (response.id >= NETFRONT_BUFFERS || !rings->send[response.id].theirs) {
            rings->broken = "a frame was said to be sent that was not given";
            return;
        }
        rings->send[response.id].theirs = false;
        rings->free_send[rings->nr_free_send++] = response.id;
        counters->errors += response.status != NETIF_RSP_OKAY;
    }
}

void netfront_rings_reclaim(struct netfront_rings *rings, bool wait,
                            struct netfront_counters *counters)
{
    bool again = wait;

    do {
        RING_IDX end = rings->tx.sring->rsp_prod;

        xen_rmb();
        if (rings->broken == NULL && RING_RESPONSE_PROD_OVERFLOW(&rings->tx, end)) {
            rings->broken = "more frames were said to be sent than were given";
        }
        if (rings->broken != NULL) {
            return;
        }
        take_sent(rings, end, counters);
        if (wait && rings->broken == NULL) {
            RING_FINAL_CHECK_FOR_RESPONSES(&rings->tx, again);
        }
    } while (again && rings->broken == NULL);
}

/* Fills one page from the pieces, going on where the last one ended. */
static size_t fill(uint8_t *page, const struct netfront_piece *pieces, size_t count, size_t *piece,
                   size_t *offset)
{
    size_t used = 0;

    while (*piece < count && used < MEMORY_PAGE_SIZE) {
        size_t rest = pieces[*piece].length - *offset;
        size_t room = MEMORY_PAGE_SIZE - used;
        size_t length = rest < room ? rest : room;

        memcpy(page + used, (const uint8_t *)pieces[*piece].bytes + *offset, length);
        used += length;
        *offset += length;
        if (*offset == pieces[*piece].length) {
            (*piece)++;
            *offset = 0;
        }
    }
    return used;
}

bool netfront_rings_send(struct netfront_rings *rings, const struct netfront_piece *pieces,
                         size_t count, size_t length)
{
    size_t piece = 0, offset = 0, left = length;
    bool notify;

    while (left > 0) {
        uint16_t id = rings->free_send[--rings->nr_free_send];
        size_t used = fill(rings->send[id].page, pieces, count, &piece, &offset);
        struct netif_tx_request *request = RING_GET_REQUEST(&rings->tx, rings->tx.req_prod_pvt);

        *request = (struct netif_tx_request){
            .gref = (grant_ref_t)rings->send[id].reference,
            .flags = (uint16_t)(used < left ? NETTXF_more_data : 0),
            .id = id,
            .size = (uint16_t)(left == length ? length : used),
        };
        rings->send[id].theirs = true;
        rings->tx.req_prod_pvt++;
        left -= used;
    }
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&rings->tx, notify);
    return notify;
}

/* SPDX-License-Identifier: MIT */
/*
 * net_ring_rx.c: the rx half of a guest's interface (what the guest receives). Copies are planned
 * frame by frame and done in one hypercall by net_ring_flush(). A guest that gave no pages has its
 * frames kept for a while; only then does it have to ring for new pages.
 * Invariants NR1 to NR3. Read next: net_backend.c
 */
#include "dom0-tools/backends/net_ring.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/backends/net_checksum.h"

#define PAGE SEAM_PAGE_SIZE

static size_t slots_of(const struct net_frame *frame)
{
    return (frame->length + PAGE - 1) / PAGE;
}

/* rx pages that the guest has given and we have not used. */
static size_t pages_given(struct net_ring *ring)
{
    RING_IDX end = ring->rx.sring->req_prod;

    xen_rmb();
    /* Pages that are planned with but not answered count, too: an index may not go back behind them. */
    if (RING_REQUEST_PROD_OVERFLOW(&ring->rx, end) ||
        end - ring->rx.req_cons > RING_SIZE(&ring->rx)) {
        ring->broken = "more pages are announced than the ring can hold";
        return 0;
    }
    return end - ring->rx.req_cons;
}

/* Asks the front end to ring when `slots` pages are there; whether they are by now. */
static bool ask_for_pages(struct net_ring *ring, size_t slots)
{
    ring->rx.sring->req_event = ring->rx.req_cons + (RING_IDX)slots;
    xen_mb();
    return pages_given(ring) >= slots;
}

static uint16_t flags_of(const struct net_frame *frame, bool first, bool last)
{
    unsigned int flags = last ? 0 : NETRXF_more_data;

    if (first && frame->checksum_blank) {
        flags |= NETRXF_csum_blank | NETRXF_data_validated;
    } else if (first && frame->validated) {
        flags |= NETRXF_data_validated;
    }
    return (uint16_t)flags;
}

/* The frame fits into the pages given: plan its copies. */
static void plan(struct net_ring *ring, const struct net_frame *frame)
{
    size_t slots = slots_of(frame);

    if (ring->nr_copies + slots > SEAM_MAX_PIECES) {
        net_ring_flush(ring);
    }
    for (size_t i = 0; i < slots; i++) {
        size_t rest = frame->length - i * PAGE;
        struct netif_rx_request request;

        RING_COPY_REQUEST(&ring->rx, ring->rx.req_cons, &request);
        ring->rx.req_cons++;
        ring->copies[ring->nr_copies] = (struct seam_piece){
            .local = frame->bytes + i * PAGE,
            .domid = ring->domid,
            .reference = request.gref,
            .length = (uint16_t)(rest < PAGE ? rest : PAGE),
            .to_guest = true,
        };
        ring->answers[ring->nr_copies].id = request.id;
        ring->answers[ring->nr_copies].flags = flags_of(frame, i == 0, i + 1 == slots);
        ring->nr_copies++;
    }
    ring->to_guest.frames++;
    ring->to_guest.bytes += frame->length;
}

/* A copy of the frame waits for pages. */
static void keep(struct net_ring *ring, const struct net_frame *frame)
{
    struct net_waiting *waiting = &ring->backlog[ring->nr_backlog];
    size_t bytes = slots_of(frame) * PAGE;

    if (ring->nr_backlog == NET_RING_BACKLOG ||
        ring->backlog_bytes + bytes > NET_RING_BACKLOG_BYTES) {
        ring->to_guest.dropped++;
        return;
    }
    waiting->memory = malloc(bytes + PAGE);
    if (waiting->memory == NULL) {
        ring->to_guest.dropped++;
        return;
    }
    waiting->frame = *frame;
    waiting->frame.bytes =
        (uint8_t *)(((uintptr_t)waiting->memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    memcpy(waiting->frame.bytes, frame->bytes, frame->length);
    ring->backlog_bytes += bytes;
    ring->nr_backlog++;
}

void net_ring_give(struct net_ring *ring, struct net_frame *frame)
{
    size_t slots = slots_of(frame);

    if (ring->broken != NULL || (ring->fault != NULL && net_fault_hangs(ring->fault))) {
        return;
    }
    if (frame->length > NET_RING_FRAME_MAX || (slots > 1 && !ring->scatter)) {
        ring->to_guest.dropped++;
        return;
    }
    if (frame->checksum_blank && ring->no_checksums &&
        net_checksum_fill(frame->bytes, frame->length)) {
        frame->checksum_blank = false;
    }
    if (ring->nr_backlog == 0 && (pages_given(ring) >= slots || ask_for_pages(ring, slots))) {
        plan(ring, frame);
    } else if (ring->broken == NULL) {
        keep(ring, frame);
    }
}

void net_ring_flush(struct net_ring *ring)
{
    bool notify;

    if (ring->nr_copies == 0) {
        return;
    }
    seam_copy_pieces(ring->copies, ring->nr_copies);
    for (size_t i = 0; i < ring->nr_copies; i++) {
        bool good = ring->copies[i].status == 0;
        struct netif_rx_response response = {
            .id = ring->answers[i].id,
            .flags = ring->answers[i].flags,
            .status = good ? (int16_t)ring->copies[i].length : (int16_t)NETIF_RSP_ERROR,
        };
        unsigned int times = ring->fault == NULL ? 1 : net_fault_received(ring->fault, &response);

        ring->to_guest.errors += !good;
        for (; times > 0; times--) {
            *RING_GET_RESPONSE(&ring->rx, ring->rx.rsp_prod_pvt) = response;
            ring->rx.rsp_prod_pvt++;
        }
    }
    ring->nr_copies = 0;
    RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&ring->rx, notify);
    ring->notify_rx |= notify;
    ring->notifications += notify;
}

static void forget_first(struct net_ring *ring, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ring->backlog_bytes -= slots_of(&ring->backlog[i].frame) * PAGE;
        free(ring->backlog[i].memory);
    }
    ring->nr_backlog -= count;
    memmove(ring->backlog, ring->backlog + count, ring->nr_backlog * sizeof(ring->backlog[0]));
}

void net_ring_retry(struct net_ring *ring)
{
    size_t count = 0;

    while (ring->broken == NULL && count < ring->nr_backlog) {
        const struct net_frame *frame = &ring->backlog[count].frame;
        size_t slots = slots_of(frame);

        if (pages_given(ring) < slots && !ask_for_pages(ring, slots)) {
            break;
        }
        if (ring->broken == NULL) {
            plan(ring, frame);
            count++;
        }
    }
    if (count > 0) {
        net_ring_flush(ring);
        forget_first(ring, count);
    }
}

void net_ring_detach(struct net_ring *ring)
{
    forget_first(ring, ring->nr_backlog);
    free(ring->fault);
    memset(ring, 0, sizeof(*ring));
}

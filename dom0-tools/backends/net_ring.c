/* SPDX-License-Identifier: MIT */
/*
 * net_ring.c: the tx half of a guest's interface (what the guest sends). A packet is gathered slot
 * by slot into consecutive memory (the stage), all copies of a batch go out in one hypercall, then
 * each packet is answered and forwarded.
 * Owns: the stage. One thread.
 * Invariants NR1, NR2. Read next: net_ring_rx.c
 */
#include "dom0-tools/backends/net_ring.h"

#include <stdlib.h>
#include <string.h>

#define PAGE          SEAM_PAGE_SIZE
#define STAGE_PAGES   64u
#define BATCH_PACKETS 32u

struct packet {
    uint16_t ids[XEN_NETIF_NR_SLOTS_MIN];
    size_t nr_slots;  /* all of them, also those beyond the ids that are kept */
    size_t nr_extras; /* behind the first */
    uint16_t flags;
    bool bad;
    size_t start, length; /* in the stage, in bytes */
    size_t first_copy, nr_copies;
};

struct batch {
    struct packet packets[BATCH_PACKETS];
    size_t nr_packets;
    struct seam_piece copies[SEAM_MAX_PIECES];
    size_t nr_copies;
    size_t used; /* bytes of the stage, whole pages */
};

static uint8_t stage[STAGE_PAGES * PAGE] __attribute__((aligned(PAGE)));
static struct batch batch;

void net_ring_attach(struct net_ring *ring, uint16_t domid, void *tx_page, void *rx_page)
{
    netif_tx_sring_t *tx = tx_page;
    netif_rx_sring_t *rx = rx_page;

    memset(ring, 0, sizeof(*ring));
    ring->domid = domid;
    BACK_RING_ATTACH(&ring->tx, tx, tx->rsp_prod, PAGE);
    BACK_RING_ATTACH(&ring->rx, rx, rx->rsp_prod, PAGE);
}

/* Plans the copy of one piece to the end of the packet. */
static void plan_piece(const struct net_ring *ring, struct packet *packet, grant_ref_t reference,
                       uint16_t offset, size_t size)
{
    while (size > 0) {
        size_t at = packet->start + packet->length;
        size_t room = PAGE - at % PAGE;
        size_t length = size < room ? size : room;

        batch.copies[batch.nr_copies++] = (struct seam_piece){
            .local = stage + at,
            .domid = ring->domid,
            .reference = reference,
            .offset = offset,
            .length = (uint16_t)length,
        };
        offset = (uint16_t)(offset + length);
        packet->length += length;
        size -= length;
    }
}

/* Steps over the extra slots; none of them is asked for, so a packet that needs one is refused. */
static bool skip_extras(struct net_ring *ring, RING_IDX end, struct packet *packet)
{
    struct netif_extra_info extra;

    do {
        if (ring->tx.req_cons == end) {
            ring->broken = "a packet's extra information is missing";
            return false;
        }
        memcpy(&extra, RING_GET_REQUEST(&ring->tx, ring->tx.req_cons), sizeof(extra));
        __asm__ volatile("" ::: "memory");
        ring->tx.req_cons++;
        packet->nr_extras++;
        packet->bad |= extra.type != XEN_NETIF_EXTRA_TYPE_HASH;
    } while ((extra.flags & XEN_NETIF_EXTRA_FLAG_MORE) != 0);
    return true;
}

struct pieces {
    struct netif_tx_request slots[XEN_NETIF_NR_SLOTS_MIN];
    size_t rest; /* bytes in all but the first */
};

static void note_slot(struct packet *packet, struct pieces *pieces,
                      const struct netif_tx_request *request)
{
    size_t index = packet->nr_slots++;

    if (index >= XEN_NETIF_NR_SLOTS_MIN) {
        packet->bad = true;
        return;
    }
    packet->ids[index] = request->id;
    pieces->slots[index] = *request;
    if (index > 0) {
        pieces->rest += request->size;
    }
}

/* One packet's requests, from the ring. False: the ring is broken. */
static bool collect(struct net_ring *ring, RING_IDX end, struct packet *packet,
                    struct pieces *pieces)
{
    struct netif_tx_request request;

    memset(packet, 0, sizeof(*packet));
    pieces->rest = 0;
    do {
        if (ring->tx.req_cons == end) {
            ring->broken = "a packet's last piece is missing";
            return false;
        }
        RING_COPY_REQUEST(&ring->tx, ring->tx.req_cons, &request);
        ring->tx.req_cons++;
        note_slot(packet, pieces, &request);
        if (packet->nr_slots == 1) {
            packet->flags = request.flags;
            if ((request.flags & NETTXF_extra_info) != 0 && !skip_extras(ring, end, packet)) {
                return false;
            }
        }
    } while ((request.flags & NETTXF_more_data) != 0);
    return true;
}

static void plan_packet(const struct net_ring *ring, struct packet *packet, struct pieces *pieces)
{
    size_t total = pieces->slots[0].size;

    packet->start = batch.used;
    packet->first_copy = batch.nr_copies;
    if (packet->bad || pieces->rest > total || total < NET_HEADER_BYTES) {
        packet->bad = true;
        return;
    }
    pieces->slots[0].size = (uint16_t)(total - pieces->rest);
    for (size_t i = 0; i < packet->nr_slots; i++) {
        const struct netif_tx_request *slot = &pieces->slots[i];

        if (slot->offset > PAGE || slot->size > PAGE - slot->offset) {
            packet->bad = true;
            batch.nr_copies = packet->first_copy;
            return;
        }
        plan_piece(ring, packet, slot->gref, slot->offset, slot->size);
    }
    packet->nr_copies = batch.nr_copies - packet->first_copy;
    batch.used += (packet->length + PAGE - 1) / PAGE * PAGE;
}

static bool batch_has_room(void)
{
    return batch.nr_packets < BATCH_PACKETS && batch.used + NET_RING_FRAME_MAX < sizeof(stage) &&
           batch.nr_copies + 2 * XEN_NETIF_NR_SLOTS_MIN <= SEAM_MAX_PIECES;
}

static void put_response(struct net_ring *ring, const struct netif_tx_response *response)
{
    *RING_GET_RESPONSE(&ring->tx, ring->tx.rsp_prod_pvt) = *response;
    ring->tx.rsp_prod_pvt++;
}

static void release_held(struct net_ring *ring)
{
    struct netif_tx_response response;

    while (net_fault_release(ring->fault, &response)) {
        put_response(ring, &response);
    }
}

static void answer_one(struct net_ring *ring, uint16_t id, int16_t status)
{
    struct netif_tx_response response = {.id = id, .status = status};
    unsigned int times = ring->fault == NULL ? 1 : net_fault_sent(ring->fault, &response);

    for (; times > 0; times--) {
        put_response(ring, &response);
    }
    if (ring->fault != NULL && ring->fault->nr_held > 0 &&
        ring->fault->nr_held == ring->fault->reorder) {
        release_held(ring);
    }
}

static void answer(struct net_ring *ring, const struct packet *packet)
{
    int16_t status = packet->bad ? NETIF_RSP_ERROR : NETIF_RSP_OKAY;

    for (size_t i = 0; i < packet->nr_slots; i++) {
        /* A packet of too many slots: the front end finds its own by their order. */
        answer_one(ring, i < XEN_NETIF_NR_SLOTS_MIN ? packet->ids[i] : packet->ids[0], status);
        for (size_t extra = 0; i == 0 && extra < packet->nr_extras; extra++) {
            answer_one(ring, 0, NETIF_RSP_NULL);
        }
    }
}

/* The other way to read what a guest sends: its pages are mapped, read, and let go of. */
static void map_packet(struct net_ring *ring, struct packet *packet)
{
    uint32_t references[2 * XEN_NETIF_NR_SLOTS_MIN];
    struct seam_piece *pieces = &batch.copies[packet->first_copy];
    void *pages;

    for (size_t i = 0; i < packet->nr_copies; i++) {
        references[i] = pieces[i].reference;
    }
    if (packet->nr_copies == 0) {
        return;
    }
    if (seam_map_grants(ring->domid, references, packet->nr_copies, SEAM_READ, &pages) < 0) {
        packet->bad = true;
        return;
    }
    for (size_t i = 0; i < packet->nr_copies; i++) {
        memcpy(pieces[i].local, (uint8_t *)pages + i * PAGE + pieces[i].offset, pieces[i].length);
    }
    seam_unmap_grants(pages);
    ring->nr_mapped += packet->nr_copies;
}

/* One hypercall for the whole batch. */
static void copy_batch(void)
{
    if (batch.nr_copies > 0) {
        seam_copy_pieces(batch.copies, batch.nr_copies);
    }
    for (size_t i = 0; i < batch.nr_packets; i++) {
        struct packet *packet = &batch.packets[i];

        for (size_t copy = 0; copy < packet->nr_copies; copy++) {
            packet->bad |= batch.copies[packet->first_copy + copy].status != 0;
        }
    }
}

static void finish_batch(struct net_ring *ring, net_ring_taker_t taker, void *context)
{
    if (!ring->by_mapping) {
        copy_batch();
    }
    for (size_t i = 0; i < batch.nr_packets; i++) {
        struct packet *packet = &batch.packets[i];

        if (ring->by_mapping) {
            map_packet(ring, packet);
        }
        answer(ring, packet);
        if (packet->bad) {
            ring->from_guest.errors++;
            continue;
        }
        ring->from_guest.frames++;
        ring->from_guest.bytes += packet->length;
        struct net_frame frame = {
            .bytes = stage + packet->start,
            .length = packet->length,
            .checksum_blank = (packet->flags & NETTXF_csum_blank) != 0,
            .validated = (packet->flags & (NETTXF_csum_blank | NETTXF_data_validated)) != 0,
        };
        taker(context, &frame);
    }
}

/* Publishes the answers; remembers whether the front end wants to hear of them. */
static void push(struct net_ring *ring)
{
    bool notify;

    if (ring->fault != NULL) {
        release_held(ring);
    }
    RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&ring->tx, notify);
    ring->notify_tx |= notify;
    ring->notifications += notify;
    if (ring->fault != NULL && net_fault_overruns(ring->fault)) {
        ring->tx.sring->rsp_prod += 1000;
        ring->notify_tx = true;
    }
    if (ring->fault != NULL && net_fault_resets(ring->fault)) {
        ring->broken = "it was asked to close in the middle (fault)";
    }
}

bool net_ring_take(struct net_ring *ring, net_ring_taker_t taker, void *context)
{
    RING_IDX end = ring->tx.sring->req_prod;
    struct pieces pieces;
    bool more = false;

    xen_rmb();
    if (ring->fault != NULL) {
        if (net_fault_hangs(ring->fault)) {
            return false;
        }
        (void)seam_wait_any(NULL, 0, (int)ring->fault->slow);
    }
    if (RING_REQUEST_PROD_OVERFLOW(&ring->tx, end)) {
        ring->broken = "more packets are announced than the ring can hold";
    }
    batch.nr_packets = batch.nr_copies = batch.used = 0;
    while (ring->broken == NULL && ring->tx.req_cons != end && batch_has_room()) {
        struct packet *packet = &batch.packets[batch.nr_packets];

        if (collect(ring, end, packet, &pieces)) {
            plan_packet(ring, packet, &pieces);
            batch.nr_packets++;
        }
    }
    finish_batch(ring, taker, context);
    push(ring);
    if (ring->broken == NULL) {
        RING_FINAL_CHECK_FOR_REQUESTS(&ring->tx, more);
    }
    return more;
}

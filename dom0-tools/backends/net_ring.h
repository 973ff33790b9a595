/* SPDX-License-Identifier: MIT */
/*
 * net_ring.h: one guest interface's two rings as the back end works on them: takes whole frames out
 * of the tx ring, puts whole frames into the rx ring, in both directions by grant copy, many at a
 * time.
 * Owns: the private indices of both rings, frames that wait for rx pages.
 * Invariant NR1: a request is copied from the ring once, and only the copy is looked at.
 * NR2: a ring whose indices no honest front end can have written is broken for good; a request that
 * is wrong in itself is answered with an error and costs only its packet.
 * NR3: a frame handed to net_ring_give() stays where it is until net_ring_flush().
 * Guest ABI: io/netif.h. Read next: net_backend.h.
 */
#ifndef BACKENDS_NET_RING_H
#define BACKENDS_NET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/io/netif.h>

#include "dom0-tools/backends/net_bridge.h"
#include "dom0-tools/backends/net_fault.h"
#include "dom0-tools/libpv/seam.h"

#define NET_RING_FRAME_MAX     65535u
#define NET_RING_BACKLOG       64u
#define NET_RING_BACKLOG_BYTES (256u * 1024u)

/* What one direction has carried. */
struct net_count {
    uint64_t frames, bytes, dropped, errors;
};

struct net_waiting {
    void *memory;
    struct net_frame frame; /* its bytes lie in `memory`, page-aligned */
};

struct net_ring {
    uint16_t domid;
    bool scatter;      /* the guest takes frames in several pages */
    bool no_checksums; /* the guest wants every checksum complete */
    netif_tx_back_ring_t tx;
    netif_rx_back_ring_t rx;
    const char *broken;        /* why the rings are not looked at any more; NULL: they are good */
    bool notify_tx, notify_rx; /* the front end asked to be told; the caller does it, and clears */
    struct net_count from_guest, to_guest;
    bool by_mapping;        /* what the guest sends is read through mapped grants, not copied out */
    uint64_t nr_mapped;     /* pieces read so */
    uint64_t notifications; /* asked for by the front end, both rings */
    struct net_fault *fault; /* NULL: none is wanted */

    struct seam_piece copies[SEAM_MAX_PIECES]; /* to the guest, one per rx slot */
    struct {
        uint16_t id, flags;
    } answers[SEAM_MAX_PIECES];
    size_t nr_copies;

    struct net_waiting backlog[NET_RING_BACKLOG]; /* oldest first */
    size_t nr_backlog, backlog_bytes;
};

/* Over two mapped ring pages, from where they stand (a restarted back end replays nothing: what was
 * taken and not answered is taken again). */
void net_ring_attach(struct net_ring *ring, uint16_t domid, void *tx_page, void *rx_page);
/* Frees the backlog and the fault. The pages are the caller's. */
void net_ring_detach(struct net_ring *ring);

typedef void (*net_ring_taker_t)(void *context, struct net_frame *frame);
/* Takes a batch of packets, hands each to `taker`, answers all. True: there is more to take. False:
 * the front end rings when there is. The frames are valid until the next call for any ring, so that
 * what was given of them must be flushed before (NR3). */
bool net_ring_take(struct net_ring *ring, net_ring_taker_t taker, void *context);

/* Puts a frame towards the guest, or into the backlog when the guest gave too few pages, or drops it
 * when that is full. NR3. */
void net_ring_give(struct net_ring *ring, struct net_frame *frame);
/* Copies and answers what was given. */
void net_ring_flush(struct net_ring *ring);
/* The guest gave new pages: what waits goes first. */
void net_ring_retry(struct net_ring *ring);

#endif

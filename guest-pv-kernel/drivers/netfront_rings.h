/* SPDX-License-Identifier: MIT */
/*
 * netfront_rings.h: a connected interface's rings and buffers. No store in here: unit tests run it
 * against a back end of their own.
 * Owns: ring pages, buffers, grants.
 * Invariants NF1, NF2 (<pvk/netfront.h>). Read next: netfront_rings.c.
 */
#ifndef DRIVERS_NETFRONT_RINGS_H
#define DRIVERS_NETFRONT_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/io/netif.h>
#include <pvk/event.h>
#include <pvk/grant.h>
#include <pvk/netfront.h>

#define NETFRONT_BUFFERS 128u /* pages in each direction; at most the ring's 256 */

struct netfront_buffer {
    uint8_t *page;
    int reference; /* negative: not granted */
    bool theirs;   /* in the ring */
};

struct netfront_rings {
    uint16_t backend;
    netif_tx_front_ring_t tx;
    netif_rx_front_ring_t rx;
    int tx_reference, rx_reference;
    struct netfront_buffer send[NETFRONT_BUFFERS], receive[NETFRONT_BUFFERS];
    uint16_t free_send[NETFRONT_BUFFERS];
    size_t nr_free_send;
    const char *broken; /* why; NULL: they are good */

    uint8_t *assembly; /* a frame of several pages so far; made when one comes */
    size_t assembled;
    bool in_frame, frame_is_bad; /* between a frame's pieces */
};

/* Pages, grants, and every receive buffer in the ring. -ENOMEM, -ENOSPC: nothing is left over. */
int netfront_rings_create(struct netfront_rings *rings, uint16_t backend);
/* Takes all back; pages that the other end still maps are given up. */
void netfront_rings_destroy(struct netfront_rings *rings);

/* Takes received frames; *notify: the other end wants to hear of new buffers. */
void netfront_rings_receive(struct netfront_rings *rings, const struct netfront_handlers *handlers,
                            void *data, struct netfront_counters *counters, bool *notify);
/* Buffers that the other end has sent come back. With `wait` it is asked to ring for the next. */
void netfront_rings_reclaim(struct netfront_rings *rings, bool wait,
                            struct netfront_counters *counters);
/* There are `slots` free buffers. */
bool netfront_rings_send(struct netfront_rings *rings, const struct netfront_piece *pieces,
                         size_t count, size_t length);

/* Past the driver, for whoever tests a back end: the rings of an interface that is up (else NULL), and
 * its bell. */
struct netfront_rings *netfront_rings_of(struct netfront *front, event_port_t *tx_port);

#endif

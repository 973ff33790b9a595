/* SPDX-License-Identifier: MIT */
/*
 * block_device.h: one virtual disk of one guest while it is connected: its ring, its port, the
 * grants that stay mapped, and the thread that serves them.
 * Owns: the mapped ring, the port, the persistent grants, the thread.
 * Invariant BLK2: each request is copied from the ring once, each index read once; a front end that
 * overruns its ring loses the device, and nobody else notices. BLK3: nothing of the guest is mapped
 * once block_device_is_connected() is false.
 * BLK4: responses come in the order of the requests, so that rsp_prod says which are unanswered: a
 * response overwrites the slot of its own request or of an older one, never of one to be replayed.
 * Locks: none; threads are cooperative, and only its own thread touches a connected device's ring.
 * Guest ABI: io/blkif.h. Read next: block_device.c, block_backend.c for the handshake.
 */
#ifndef BACKENDS_BLOCK_DEVICE_H
#define BACKENDS_BLOCK_DEVICE_H

#include "dom0-tools/backends/block_disk.h"

#define BLOCK_RING_MAX_ORDER 4u
#define BLOCK_RING_MAX_PAGES (1u << BLOCK_RING_MAX_ORDER)
#define BLOCK_GRANTS         2048u /* that stay mapped for one disk: a power of two */

/* What the front end published. */
struct block_offer {
    unsigned int ring_order;
    uint32_t ring_references[BLOCK_RING_MAX_PAGES];
    uint32_t port;
    bool persistent;
    const char *fault; /* words, or NULL */
};

struct block_counters {
    uint64_t requests, reads, writes, flushes, discards, errors;
    uint64_t sectors_read, sectors_written;
    uint64_t notifications; /* of the front end */
    int last_error; /* of the disk: what its file answered last that was none; 0, or an errno */
};

struct block_fault;

struct block_grant {
    void *page; /* NULL: the slot is free */
    uint32_t reference;
};

struct block_device {
    uint16_t domid;
    struct block_disk disk;
    struct block_counters counters;

    /* While it is connected. */
    blkif_back_ring_t ring;
    void *ring_pages; /* NULL: not connected */
    int events, port; /* its own queue of events */
    int wake[2];      /* a byte in [1] makes the thread look at `stopping` */
    int done;         /* a descriptor that gets a byte when the thread has ended */
    bool persistent, stopping;
    bool abandoned;                /* the request at hand is left to whoever comes next */
    struct block_fault *fault;     /* NULL: none is wanted (block_fault.h) */
    const char *broken;            /* why the device was given up; NULL: it was not */
    struct block_grant *grants;    /* BLOCK_GRANTS slots, when persistent */
    uint64_t nr_mapped, nr_copied; /* segments that took either way */
    uint8_t *staging;              /* BLOCK_REQUEST_BYTES, page-aligned */
    void *staging_memory;
    struct block_request request;
};

/* Map the ring, bind the port, start the thread. When it ends a byte goes to `done`. Negative Xen
 * errno: -XEN_EINVAL the offer is none, or the hypervisor refused it; -XEN_ENOMEM. */
int block_device_connect(struct block_device *device, const struct block_offer *offer, int done);
/* Ask the thread to end; it answers what it has begun, unmaps everything and says so. */
void block_device_stop(struct block_device *device);
/* The same, but what it has begun stays unanswered in the ring, as if the back end had crashed: who
 * connects next carries it out again. Requests are answered in order, so none is lost or overtaken. */
void block_device_abandon(struct block_device *device);
/* One response into the ring, and the bell if the front end asked for it. */
void block_device_put(struct block_device *device, const struct blkif_response *response);
bool block_device_is_connected(const struct block_device *device);

/* ---- block_grants.c ---------------------------------------------------------------------------- */

/* Move a request's bytes between the staging buffer and the guest's pages. -XEN_EINVAL: a grant is
 * not what the front end said. */
int block_grants_move(struct block_device *device, bool to_guest);
/* Copy the segments of an indirect request out of the guest's pages. */
int block_grants_segments(struct block_device *device);
void block_grants_release(struct block_device *device);

#endif

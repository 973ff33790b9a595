/* SPDX-License-Identifier: MIT */
/*
 * Inside the block front end: a disk, its ring and the pages it lends.
 * Invariant BF2: a slot is free, or its request's pages belong to it until its response came; a
 * response that fits no request under way, be it an old one twice, gives the device up. BF3: a page that the back end still holds when the
 * device ends is never used again.
 * Locks: `stepping` for the handshake; the ring is touched between threads only.
 * Guest ABI: io/blkif.h. Read next: blkfront.c (requests), blkfront_connect.c (handshake),
 * blkfront_file.c (/dev).
 */
#ifndef DRIVERS_BLKFRONT_H
#define DRIVERS_BLKFRONT_H

#include <public/io/blkif.h>

#include <pvk/block.h>
#include <pvk/event.h>
#include <pvk/grant.h>
#include <pvk/thread.h>
#include <pvk/xenbus.h>

#define BLKFRONT_SECTOR       512u
#define BLKFRONT_MAX_ORDER    2u
#define BLKFRONT_MAX_SEGMENTS 64u
#define BLKFRONT_PATH         96

/* A page for data or for the segments of an indirect request. */
struct blkfront_page {
    struct blkfront_page *next; /* free ones */
    void *address;
    int reference; /* negative: not lent now */
};

struct blkfront_slot {
    struct block_io *io; /* NULL: free */
    uint8_t operation;   /* as the response must name it */
    uint64_t id;         /* likewise: the slot's number, and above it how often it was used */
    unsigned int nr_pages;
    struct blkfront_page *pages[BLKFRONT_MAX_SEGMENTS + 1]; /* the last may hold the segments */
};

struct block_device {
    struct block_device *next;
    char name[16];
    char front[BLKFRONT_PATH], back[BLKFRONT_PATH];
    uint16_t back_domid;
    struct mutex stepping;
    struct mutex partial; /* writes of less than a sector */
    struct wait_queue changed;
    struct block_information information;

    /* While rings are published. */
    bool published, connected;
    const char *broken; /* why it was given up; NULL: it was not */
    blkif_front_ring_t ring;
    void *ring_pages;
    unsigned int ring_order;
    int ring_references[1u << BLKFRONT_MAX_ORDER];
    int port;
    unsigned int max_segments;
    struct blkfront_slot *slots;
    unsigned int nr_slots, nr_in_flight;
    struct blkfront_page *pages, *free_pages;
    unsigned int nr_pages, nr_free_pages;
    struct wait_queue room;

    uint64_t nr_requests, nr_sent, nr_received; /* since it was found; the latter two bells */
};

/* ---- blkfront.c --------------------------------------------------------------------------------- */

/* The port rang: take the responses. */
void blkfront_event(event_port_t port, void *device);
/* Answer everything that is under way with an error. */
void blkfront_fail_all(struct block_device *device, int result);

/* ---- blkfront_connect.c ------------------------------------------------------------------------- */

/* Look at both states in a thread of its own, since the caller may not wait. */
void blkfront_step_soon(struct block_device *device);
/* The disk with this name, known or found in the store now. -ENODEV. */
int blkfront_find(const char *name, struct block_device **device);

#endif

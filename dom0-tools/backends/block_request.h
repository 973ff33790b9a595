/* SPDX-License-Identifier: MIT */
/*
 * block_request.h: one request of a front end, checked. The caller copied it from the ring into
 * memory of its own; nothing here reads shared memory.
 * Invariant BLK1: a request that passed names only sectors of the disk, only sectors 0 to 7 of a
 * page, at most BLOCK_REQUEST_SEGMENTS pages, and writes only to a disk that may be written.
 * Guest ABI: io/blkif.h. Read next: block_device.c.
 */
#ifndef BACKENDS_BLOCK_REQUEST_H
#define BACKENDS_BLOCK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/io/blkif.h>

#define BLOCK_SECTOR 512u
/* The most segments of an indirect request: what the store tells front ends. */
#define BLOCK_REQUEST_SEGMENTS  256u
#define BLOCK_PAGE              4096u
#define BLOCK_SEGMENTS_PER_PAGE (BLOCK_PAGE / (unsigned int)sizeof(struct blkif_request_segment))
/* The largest data of one request. */
#define BLOCK_REQUEST_BYTES (BLOCK_REQUEST_SEGMENTS * BLOCK_PAGE)

/* What the checks need to know of a disk. */
struct block_limits {
    uint64_t nr_sectors;
    bool read_only, can_discard;
};

enum block_operation {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_BARRIER, /* flush, write, flush; may carry no data */
    BLOCK_DISCARD, /* nr_sectors, no data */
};

struct block_request {
    enum block_operation operation;
    uint64_t first_sector;
    uint64_t nr_sectors; /* of a discard, which has no segments */
    size_t bytes;        /* sum over the segments, which follow each other on the disk */
    unsigned int nr_segments;
    bool indirect;                                           /* then: */
    unsigned int nr_pages;                                   /* of segments */
    grant_ref_t pages[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST]; /* to be fetched, then checked by */
    struct blkif_request_segment segments[BLOCK_REQUEST_SEGMENTS]; /* block_request_segments() */
};

/*
 * Read a copied request. BLKIF_RSP_OKAY: *request is filled; of an indirect one everything but the
 * segments and `bytes`. BLKIF_RSP_ERROR: it breaks BLK1 or the protocol. BLKIF_RSP_EOPNOTSUPP: an
 * operation that is not served.
 */
int16_t block_request_read(const struct blkif_request *raw, const struct block_limits *limits,
                           struct block_request *request);

/* The operation that the response names: of an indirect request the one inside it. */
uint8_t block_request_answered(const struct blkif_request *raw);

/* Check the segments and the sectors they cover; fills `bytes`. For an indirect request after its
 * segments were copied in. */
int16_t block_request_segments(const struct block_limits *limits, struct block_request *request);

#endif

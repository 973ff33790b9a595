/* SPDX-License-Identifier: MIT */
/*
 * The split block device: requests and responses on a shared ring, data in granted pages.
 *
 * Store nodes. Back end writes: sectors (in units of sector-size), sector-size, info (VDISK_*),
 * physical-sector-size, mode ("r", "w"), feature-flush-cache, feature-barrier, feature-discard,
 * discard-granularity, discard-alignment, discard-secure, feature-persistent,
 * feature-max-indirect-segments, max-ring-page-order. Front end writes: ring-ref, or ring-page-order
 * with ring-ref0, ring-ref1 ...; event-channel; protocol (below); feature-persistent.
 * Sector numbers and segment bounds on the ring always count 512 bytes.
 */
#ifndef __XEN_PUBLIC_IO_BLKIF_H__
#define __XEN_PUBLIC_IO_BLKIF_H__

#include "../grant_table.h"
#include "ring.h"

#ifndef blkif_vdev_t
#define blkif_vdev_t uint16_t
#endif
#define blkif_sector_t uint64_t

/* Names of ring layouts, for the front end's `protocol` node. */
#define XEN_IO_PROTO_ABI_NATIVE "x86_64-abi"
#define XEN_IO_PROTO_ABI_X86_32 "x86_32-abi"
#define XEN_IO_PROTO_ABI_X86_64 "x86_64-abi"

#define BLKIF_OP_READ            0
#define BLKIF_OP_WRITE           1
#define BLKIF_OP_WRITE_BARRIER   2 /* everything before is on the medium, then this, then the rest */
#define BLKIF_OP_FLUSH_DISKCACHE 3 /* what was answered before is on the medium */
#define BLKIF_OP_RESERVED_1      4
#define BLKIF_OP_DISCARD         5
#define BLKIF_OP_INDIRECT        6 /* the segments stand in granted pages of their own */

#define BLKIF_MAX_SEGMENTS_PER_REQUEST       11
#define BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST 8

/* Bits of the back end's `info` node. */
#define VDISK_CDROM     0x1
#define VDISK_REMOVABLE 0x2
#define VDISK_READONLY  0x4

/* A part of one granted page: 512-byte sectors first_sect .. last_sect, both included, 0 .. 7. */
struct blkif_request_segment {
    grant_ref_t gref;
    uint8_t first_sect, last_sect;
};

struct blkif_request {
    uint8_t operation; /* BLKIF_OP_* */
    uint8_t nr_segments;
    blkif_vdev_t handle; /* of a read or write: the virtual device's number */
    uint64_t id;         /* the front end's; comes back in the response */
    blkif_sector_t sector_number;
    struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
};
typedef struct blkif_request blkif_request_t;

#define BLKIF_DISCARD_SECURE (1 << 0)

/* In the place of blkif_request when operation is BLKIF_OP_DISCARD. */
struct blkif_request_discard {
    uint8_t operation;
    uint8_t flag; /* BLKIF_DISCARD_SECURE or 0 */
    blkif_vdev_t handle;
    uint64_t id;
    blkif_sector_t sector_number;
    uint64_t nr_sectors;
};
typedef struct blkif_request_discard blkif_request_discard_t;

/* In the place of blkif_request when operation is BLKIF_OP_INDIRECT. Each page named here holds up
 * to 512 struct blkif_request_segment. */
struct blkif_request_indirect {
    uint8_t operation;
    uint8_t indirect_op; /* BLKIF_OP_READ, BLKIF_OP_WRITE */
    uint16_t nr_segments;
    uint64_t id;
    blkif_sector_t sector_number;
    blkif_vdev_t handle;
    grant_ref_t indirect_grefs[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
};
typedef struct blkif_request_indirect blkif_request_indirect_t;

struct blkif_response {
    uint64_t id;
    uint8_t operation;
    int16_t status; /* BLKIF_RSP_* */
};
typedef struct blkif_response blkif_response_t;

#define BLKIF_RSP_OKAY       0
#define BLKIF_RSP_ERROR      (-1)
#define BLKIF_RSP_EOPNOTSUPP (-2)

DEFINE_RING_TYPES(blkif, struct blkif_request, struct blkif_response);

#endif

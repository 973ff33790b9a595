/* SPDX-License-Identifier: MIT */
/*
 * block_request.c: the checks of one block request.
 * Owns: nothing. Invariant BLK1 (block_request.h). Read next: block_device.c.
 */
#include "dom0-tools/backends/block_request.h"

#include <string.h>

#define LAST_SECTOR_OF_PAGE 7u

int16_t block_request_segments(const struct block_limits *limits, struct block_request *request)
{
    uint64_t sectors = 0;

    for (unsigned int i = 0; i < request->nr_segments; i++) {
        const struct blkif_request_segment *segment = &request->segments[i];

        if (segment->last_sect > LAST_SECTOR_OF_PAGE || segment->first_sect > segment->last_sect) {
            return BLKIF_RSP_ERROR;
        }
        sectors += segment->last_sect - segment->first_sect + 1u;
    }
    if (request->first_sector > limits->nr_sectors ||
        sectors > limits->nr_sectors - request->first_sector) {
        return BLKIF_RSP_ERROR;
    }
    request->bytes = (size_t)sectors * BLOCK_SECTOR;
    return BLKIF_RSP_OKAY;
}

/* Whether the direction and the number of segments are possible at all. */
static int16_t check_data(const struct block_limits *limits, const struct block_request *request,
                          unsigned int most)
{
    bool needs_data = request->operation == BLOCK_READ || request->operation == BLOCK_WRITE;

    if ((needs_data && request->nr_segments == 0) || request->nr_segments > most) {
        return BLKIF_RSP_ERROR;
    }
    if (limits->read_only && request->operation != BLOCK_READ &&
        (needs_data || request->nr_segments > 0)) {
        return BLKIF_RSP_ERROR;
    }
    return BLKIF_RSP_OKAY;
}

static int16_t read_direct(const struct blkif_request *raw, const struct block_limits *limits,
                           struct block_request *request)
{
    static const enum block_operation operations[] = {
        [BLKIF_OP_READ] = BLOCK_READ,
        [BLKIF_OP_WRITE] = BLOCK_WRITE,
        [BLKIF_OP_WRITE_BARRIER] = BLOCK_BARRIER,
        [BLKIF_OP_FLUSH_DISKCACHE] = BLOCK_FLUSH,
    };
    int16_t status;

    request->operation = operations[raw->operation];
    request->first_sector = raw->sector_number;
    request->nr_segments = raw->nr_segments;
    status = check_data(limits, request, BLKIF_MAX_SEGMENTS_PER_REQUEST);
    if (status != BLKIF_RSP_OKAY) {
        return status;
    }
    if (request->operation == BLOCK_FLUSH && request->nr_segments > 0) {
        request->operation = BLOCK_BARRIER;
    }
    if (request->nr_segments == 0) {
        return BLKIF_RSP_OKAY; /* a flush: its sector means nothing */
    }
    memcpy(request->segments, raw->seg, request->nr_segments * sizeof(raw->seg[0]));
    return block_request_segments(limits, request);
}

static int16_t read_indirect(const struct blkif_request *raw, const struct block_limits *limits,
                             struct block_request *request)
{
    struct blkif_request_indirect indirect;
    int16_t status;

    memcpy(&indirect, raw, sizeof(indirect));
    if (indirect.indirect_op != BLKIF_OP_READ && indirect.indirect_op != BLKIF_OP_WRITE) {
        return BLKIF_RSP_EOPNOTSUPP;
    }
    request->operation = indirect.indirect_op == BLKIF_OP_READ ? BLOCK_READ : BLOCK_WRITE;
    request->first_sector = indirect.sector_number;
    request->nr_segments = indirect.nr_segments;
    request->indirect = true;
    status = check_data(limits, request, BLOCK_REQUEST_SEGMENTS);
    if (status != BLKIF_RSP_OKAY) {
        return status;
    }
    request->nr_pages =
        (request->nr_segments + BLOCK_SEGMENTS_PER_PAGE - 1) / BLOCK_SEGMENTS_PER_PAGE;
    memcpy(request->pages, indirect.indirect_grefs, sizeof(request->pages));
    return BLKIF_RSP_OKAY;
}

/* A promise to overwrite (BLKIF_DISCARD_SECURE) is one that no file can keep. */
static int16_t read_discard(const struct blkif_request *raw, const struct block_limits *limits,
                            struct block_request *request)
{
    struct blkif_request_discard discard;

    memcpy(&discard, raw, sizeof(discard));
    if (!limits->can_discard || discard.flag != 0) {
        return BLKIF_RSP_EOPNOTSUPP;
    }
    request->operation = BLOCK_DISCARD;
    request->first_sector = discard.sector_number;
    request->nr_sectors = discard.nr_sectors;
    request->nr_segments = 0;
    return discard.nr_sectors == 0 || discard.sector_number > limits->nr_sectors ||
                   discard.nr_sectors > limits->nr_sectors - discard.sector_number
               ? BLKIF_RSP_ERROR
               : BLKIF_RSP_OKAY;
}

int16_t block_request_read(const struct blkif_request *raw, const struct block_limits *limits,
                           struct block_request *request)
{
    request->indirect = false;
    request->nr_pages = 0;
    request->bytes = 0;
    if (raw->operation == BLKIF_OP_INDIRECT) {
        return read_indirect(raw, limits, request);
    }
    if (raw->operation == BLKIF_OP_DISCARD) {
        return read_discard(raw, limits, request);
    }
    if (raw->operation > BLKIF_OP_FLUSH_DISKCACHE) {
        return BLKIF_RSP_EOPNOTSUPP;
    }
    return read_direct(raw, limits, request);
}

uint8_t block_request_answered(const struct blkif_request *raw)
{
    struct blkif_request_indirect indirect;

    memcpy(&indirect, raw, sizeof(indirect));
    return raw->operation == BLKIF_OP_INDIRECT ? indirect.indirect_op : raw->operation;
}

_Static_assert(sizeof(struct blkif_request) == 112, "as the x86_64 ABI lays it out");
_Static_assert(sizeof(struct blkif_request_indirect) <= sizeof(struct blkif_request), "fits");
_Static_assert(sizeof(struct blkif_request_discard) <= sizeof(struct blkif_request), "fits");
_Static_assert(sizeof(struct blkif_response) == 16, "as the x86_64 ABI lays it out");

/* SPDX-License-Identifier: MIT */
/*
 * A front end that lies: requests that no honest one makes, each of which has to come back as an error,
 * and at the end a ring that is overrun, which has to cost this guest its disk and nobody anything else.
 * It works on the real driver's ring: see ../../drivers/blkfront.h.
 * Read next: main.c
 */
#include <stdio.h>
#include <string.h>

#include <pvk/thread.h>
#include <pvk/time.h>

#include "../../drivers/blkfront.h"
#include "disk.h"

struct answer {
    bool came;
    int result;
    struct wait_queue queue;
};

static void answered(struct block_io *io, int result)
{
    struct answer *answer = io->data;

    answer->came = true;
    answer->result = result;
    wait_queue_wake_all(&answer->queue);
}

/* Puts a request as it is, past all of the driver's checks, and waits for what comes back. */
static int ask(struct block_device *device, struct blkif_request request, uint8_t operation)
{
    static struct block_io io;
    static struct answer answer;
    struct blkfront_slot *slot = &device->slots[0];

    answer = (struct answer){false, 0, WAIT_QUEUE_INIT};
    io = (struct block_io){BLOCK_IO_FLUSH, 0, NULL, 0, answered, &answer};
    slot->io = &io;
    slot->nr_pages = 0;
    slot->operation = operation;
    slot->id = 0;
    device->nr_in_flight++;
    *RING_GET_REQUEST(&device->ring, device->ring.req_prod_pvt) = request;
    device->ring.req_prod_pvt++;
    RING_PUSH_REQUESTS(&device->ring);
    (void)event_send((event_port_t)device->port);
    while (!answer.came) {
        wait_queue_wait_always(&answer.queue);
    }
    return answer.result;
}

static struct blkif_request plain(uint8_t operation, uint64_t sector, uint8_t count,
                                  grant_ref_t reference)
{
    struct blkif_request request = {
        .operation = operation, .nr_segments = count, .sector_number = sector};

    for (unsigned int i = 0; i < count && i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
        request.seg[i] = (struct blkif_request_segment){reference, 0, 7};
    }
    return request;
}

static struct blkif_request indirect(uint16_t count, grant_ref_t list)
{
    struct blkif_request_indirect large = {.operation = BLKIF_OP_INDIRECT,
                                           .indirect_op = BLKIF_OP_WRITE,
                                           .nr_segments = count,
                                           .indirect_grefs = {list}};
    struct blkif_request request = {0};

    memcpy(&request, &large, sizeof(large));
    return request;
}

static unsigned int refused(const char *what, int result)
{
    if (result == 0) {
        printf("lie: %s was accepted\n", what);
    }
    return result == 0;
}

static unsigned int single_lies(struct block_device *device)
{
    grant_ref_t good = (grant_ref_t)device->ring_references[0];
    uint64_t end = device->information.nr_sectors;
    struct blkif_request backwards = plain(BLKIF_OP_READ, 0, 1, good);
    struct blkif_request beyond = plain(BLKIF_OP_READ, 0, 1, good);
    unsigned int wrong = 0;

    backwards.seg[0].first_sect = 5;
    backwards.seg[0].last_sect = 2;
    beyond.seg[0].last_sect = 200;
    wrong += refused("a read behind the end", ask(device, plain(0, end, 1, good), 0));
    wrong += refused("a read around the end", ask(device, plain(0, UINT64_MAX - 3, 1, good), 0));
    wrong += refused("no segment", ask(device, plain(1, 0, 0, good), 1));
    wrong += refused("twelve segments", ask(device, plain(1, 0, 12, good), 1));
    wrong += refused("255 segments", ask(device, plain(0, 0, 255, good), 0));
    wrong += refused("an operation 77", ask(device, plain(77, 0, 1, good), 77));
    wrong += refused("a grant that is none", ask(device, plain(0, 0, 1, 0x7fffff), 0));
    wrong += refused("a grant of all ones", ask(device, plain(1, 0, 1, ~0u), 1));
    wrong += refused("a segment backwards", ask(device, backwards, 0));
    wrong += refused("a segment beyond its page", ask(device, beyond, 0));
    wrong += refused("257 indirect segments", ask(device, indirect(257, good), 1));
    wrong += refused("a list in no page", ask(device, indirect(12, 0x7fffff), 1));
    wrong += refused("a list of nonsense", ask(device, indirect(256, good), 1));
    return wrong;
}

/* For ever: as many requests as the ring holds, none of which needs any work. */
_Noreturn int disk_flood(struct block_device *device)
{
    blkif_sring_t *sring = device->ring.sring;
    RING_IDX produced = device->ring.req_prod_pvt;

    device->broken = "it floods"; /* the driver leaves the ring alone */
    printf("flood: begins\n");
    fflush(stdout);
    for (;;) {
        RING_IDX room = __atomic_load_n(&sring->rsp_prod, __ATOMIC_ACQUIRE) + device->ring.nr_ents;

        while (produced != room) {
            *RING_GET_REQUEST(&device->ring, produced) = plain(77, 0, 0, 0);
            produced++;
        }
        __atomic_store_n(&sring->req_prod, produced, __ATOMIC_RELEASE);
        (void)event_send((event_port_t)device->port);
    }
}

int disk_lie(struct block_device *device)
{
    unsigned int wrong = single_lies(device);
    struct block_information disk;

    printf("lie: %s\n", wrong == 0 ? "every lie was refused" : "SOME LIES WERE BELIEVED");
    device->ring.sring->req_prod += 1000;
    (void)event_send((event_port_t)device->port);
    while (block_information(device, &disk) == 0) {
        thread_sleep(10 * TIME_MILLISECOND_NS);
    }
    printf("lie: the overrun ring cost the disk\n");
    fflush(stdout);
    return wrong == 0 ? 0 : 1;
}

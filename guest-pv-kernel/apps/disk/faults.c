/* SPDX-License-Identifier: MIT */
/*
 * More that a hostile front end does, each thing for as long as it takes to be noticed: the back end may
 * refuse, or give this disk up; nobody else may notice, and nothing outside this disk is touched.
 * They work on the real driver's ring and nodes: see ../../drivers/blkfront.h.
 * Read next: lie.c
 */
#include <stdio.h>
#include <string.h>

#include <pvk/grant.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>
#include <pvk/time.h>
#include <pvk/xenbus.h>

#include "../../drivers/blkfront.h"
#include "disk.h"

#define REWRITES 3000u
#define FLAPS    120u

/* The driver leaves the ring to us from here on. */
static RING_IDX take_ring(struct block_device *device, const char *what)
{
    device->broken = what;
    printf("%s: begins\n", what);
    fflush(stdout);
    return device->ring.req_prod_pvt;
}

static struct blkif_request one_read(uint32_t reference)
{
    struct blkif_request request = {.operation = BLKIF_OP_READ, .nr_segments = 1};

    request.seg[0] = (struct blkif_request_segment){reference, 0, 7};
    return request;
}

/* A request that says something else each time it is looked at: a harmless one when it is published, one
 * beyond everything a moment later (XSA-155). */
int disk_rewrite(struct block_device *device)
{
    blkif_sring_t *sring = device->ring.sring;
    RING_IDX produced = take_ring(device, "rewrite");
    void *page = memory_alloc_page();
    int reference = grant_access(device->back_domid, page, false);

    for (unsigned int i = 0; i < REWRITES && reference >= 0; i++) {
        volatile struct blkif_request *slot;

        while (produced - __atomic_load_n(&sring->rsp_prod, __ATOMIC_ACQUIRE) ==
               device->ring.nr_ents) {
            thread_sleep(TIME_MILLISECOND_NS / 10);
        }
        slot = RING_GET_REQUEST(&device->ring, produced);
        *slot = one_read((uint32_t)reference);
        __atomic_store_n(&sring->req_prod, ++produced, __ATOMIC_RELEASE);
        (void)event_send((event_port_t)device->port);
        slot->operation = (uint8_t)(i % 8);
        slot->nr_segments = 255;
        slot->sector_number = ~0ull - i;
        slot->seg[0].gref = i * 2654435761u;
        slot->seg[0].first_sect = 200;
        slot->seg[0].last_sect = 255;
    }
    printf("rewrite: is over\n");
    return 0;
}

/* What was published is taken back. */
int disk_rewind(struct block_device *device)
{
    RING_IDX produced = take_ring(device, "rewind");

    __atomic_store_n(&device->ring.sring->req_prod, produced - 5, __ATOMIC_RELEASE);
    (void)event_send((event_port_t)device->port);
    thread_sleep(300 * TIME_MILLISECOND_NS);
    printf("rewind: is over\n");
    return 0;
}

/* Every state, and some that are none, while requests are under way. */
int disk_flap(struct block_device *device)
{
    static const char *const values[] = {"4", "5", "1", "6",  "3", "2",
                                         "0", "8", "4", "99", "x", "6"};
    char path[BLKFRONT_PATH + 8];

    (void)take_ring(device, "flap");
    snprintf(path, sizeof(path), "%s/state", device->front);
    for (unsigned int i = 0; i < FLAPS; i++) {
        (void)xenbus_printf(xenbus_default(), XENBUS_NO_TRANSACTION, path, "%s",
                            values[i * 7 % (sizeof(values) / sizeof(values[0]))]);
        if (i % 3 == 0) {
            thread_sleep(TIME_MILLISECOND_NS);
        }
    }
    printf("flap: is over\n");
    return 0;
}

static void nobody_waits(struct block_io *io, int result)
{
    (void)io;
    (void)result;
}

int disk_vanish(struct block_device *device)
{
    static struct block_io ios[16];
    static char bytes[16][4096];

    for (unsigned int i = 0; i < 16; i++) {
        ios[i] =
            (struct block_io){BLOCK_IO_READ, i * 8, bytes[i], sizeof(bytes[i]), nobody_waits, NULL};
        (void)block_submit(device, &ios[i]);
    }
    printf("vanish: with %u requests under way\n", device->nr_in_flight);
    fflush(stdout);
    shutdown_poweroff(0);
}

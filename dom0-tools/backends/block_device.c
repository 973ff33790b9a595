/* SPDX-License-Identifier: MIT */
/*
 * block_device.c: connecting a front end's ring and serving it.
 * Invariants BLK2, BLK3, BLK4 (block_device.h). Read next: block_request.c, block_grants.c.
 */
#include "dom0-tools/backends/block_device.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <public/errno.h>

#include "dom0-tools/backends/block_fault.h"
#include "dom0-tools/libpv/seam.h"

/* What the disk said of a request. */
static int16_t disk_status(struct block_device *device, int result)
{
    if (result < 0) {
        device->counters.last_error = -result;
    }
    return result < 0 ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY;
}

/* ---- one request -------------------------------------------------------------------------------- */

static int16_t serve_read(struct block_device *device)
{
    struct block_request *request = &device->request;

    if (disk_status(device, block_disk_read(&device->disk, request->first_sector, device->staging,
                                            request->bytes)) != BLKIF_RSP_OKAY) {
        return BLKIF_RSP_ERROR;
    }
    if (device->fault != NULL) {
        block_fault_shorten(device);
    }
    if (block_grants_move(device, true) < 0) {
        return BLKIF_RSP_ERROR;
    }
    device->counters.reads++;
    device->counters.sectors_read += request->bytes / BLOCK_SECTOR;
    return BLKIF_RSP_OKAY;
}

static int16_t serve_write(struct block_device *device)
{
    const struct block_request *request = &device->request;

    if (block_grants_move(device, false) < 0 ||
        disk_status(device, block_disk_write(&device->disk, request->first_sector, device->staging,
                                             request->bytes)) != BLKIF_RSP_OKAY) {
        return BLKIF_RSP_ERROR;
    }
    device->counters.writes++;
    device->counters.sectors_written += request->bytes / BLOCK_SECTOR;
    return BLKIF_RSP_OKAY;
}

static int16_t serve_flush(struct block_device *device)
{
    device->counters.flushes++;
    return disk_status(device, block_disk_flush(&device->disk));
}

static int16_t serve_barrier(struct block_device *device)
{
    int16_t status = serve_flush(device);

    if (status == BLKIF_RSP_OKAY && device->request.nr_segments > 0) {
        status = serve_write(device);
        status = status == BLKIF_RSP_OKAY ? serve_flush(device) : status;
    }
    return status;
}

static int16_t serve_discard(struct block_device *device)
{
    const struct block_request *request = &device->request;

    if (disk_status(device, block_disk_discard(&device->disk, request->first_sector,
                                               request->nr_sectors)) != BLKIF_RSP_OKAY) {
        return BLKIF_RSP_ERROR;
    }
    device->counters.discards++;
    return BLKIF_RSP_OKAY;
}

static int16_t serve_request(struct block_device *device, const struct blkif_request *raw)
{
    static int16_t (*const serve[])(struct block_device *) = {
        [BLOCK_READ] = serve_read,       [BLOCK_WRITE] = serve_write,
        [BLOCK_FLUSH] = serve_flush,     [BLOCK_BARRIER] = serve_barrier,
        [BLOCK_DISCARD] = serve_discard,
    };
    struct block_request *request = &device->request;
    int16_t status = block_request_read(raw, &device->disk.limits, request);

    if (status == BLKIF_RSP_OKAY && request->indirect) {
        status = block_grants_segments(device) < 0
                     ? (int16_t)BLKIF_RSP_ERROR
                     : block_request_segments(&device->disk.limits, request);
    }
    return status == BLKIF_RSP_OKAY ? serve[request->operation](device) : status;
}

void block_device_put(struct block_device *device, const struct blkif_response *response)
{
    blkif_back_ring_t *ring = &device->ring;
    unsigned int notify;

    *RING_GET_RESPONSE(ring, ring->rsp_prod_pvt) = *response;
    ring->rsp_prod_pvt++;
    RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);
    if (notify) {
        device->counters.notifications++;
        seam_event_notify(device->events, (uint32_t)device->port);
    }
}

static void respond(struct block_device *device, const struct blkif_request *raw, int16_t status)
{
    struct blkif_response response;

    device->counters.requests++;
    device->counters.errors += status != BLKIF_RSP_OKAY;
    memset(&response, 0, sizeof(response));
    response.id = raw->id;
    response.operation = block_request_answered(raw);
    response.status = status;
    if (device->fault != NULL) {
        block_fault_answer(device, &response);
    } else if (!device->abandoned) {
        block_device_put(device, &response);
    }
}

/* ---- the ring ----------------------------------------------------------------------------------- */

/* Serve what is there now. false: nothing more, and the front end will ring for the next. */
static bool serve_ring(struct block_device *device)
{
    blkif_back_ring_t *ring = &device->ring;
    RING_IDX produced = __atomic_load_n(&ring->sring->req_prod, __ATOMIC_ACQUIRE);
    unsigned int more;

    if (RING_REQUEST_PROD_OVERFLOW(ring, produced)) {
        device->broken = "the front end overran its ring";
        return false;
    }
    while (ring->req_cons != produced && !device->stopping) {
        struct blkif_request raw;

        RING_COPY_REQUEST(ring, ring->req_cons, &raw);
        ring->req_cons++;
        if (device->fault != NULL && !block_fault_admits(device)) {
            respond(device, &raw, BLKIF_RSP_ERROR);
        } else {
            respond(device, &raw, serve_request(device, &raw));
        }
    }
    if (device->fault != NULL && !device->abandoned) {
        block_fault_flush(device);
    }
    if (device->stopping) {
        return false;
    }
    RING_FINAL_CHECK_FOR_REQUESTS(ring, more);
    return more != 0;
}

/* Until the front end rings or somebody wants the thread to end. */
static void wait_for_work(struct block_device *device)
{
    struct seam_wait waits[2] = {{device->events, SEAM_READ, 0}, {device->wake[0], SEAM_READ, 0}};
    uint32_t port;
    char byte;

    if (seam_wait_any(waits, 2, -1) <= 0) {
        return;
    }
    if (waits[0].ready != 0 && read(device->events, &port, sizeof(port)) == sizeof(port)) {
        seam_event_unmask(device->events, port);
    }
    if (waits[1].ready != 0) {
        (void)read(device->wake[0], &byte, 1);
    }
}

static void disconnect(struct block_device *device)
{
    if (device->port > 0) {
        seam_event_close(device->events, (uint32_t)device->port);
    }
    if (device->events >= 0) {
        seam_event_shut(device->events);
    }
    for (int i = 0; i < 2; i++) {
        if (device->wake[i] >= 0) {
            close(device->wake[i]);
        }
        device->wake[i] = -1;
    }
    block_grants_release(device);
    if (device->ring_pages != NULL) {
        seam_unmap_grants(device->ring_pages);
    }
    free(device->staging_memory);
    free(device->fault);
    device->staging_memory = NULL;
    device->fault = NULL;
    device->ring_pages = NULL;
    device->events = device->port = -1;
}

static void device_run(void *argument)
{
    struct block_device *device = argument;
    int done = device->done;

    while (!device->stopping && device->broken == NULL) {
        while (serve_ring(device)) {
            /* A front end that never lets the ring run dry is one of several that want us. */
            (void)seam_wait_any(NULL, 0, 0);
        }
        if (!device->stopping && device->broken == NULL) {
            wait_for_work(device);
        }
    }
    disconnect(device);
    /* Whoever reads the byte may free the device. */
    (void)write(done, "x", 1);
}

/* ---- connecting --------------------------------------------------------------------------------- */

/* A back end that comes back finds requests that its predecessor did not answer: from rsp_prod on. */
static int attach_ring(struct block_device *device, const struct block_offer *offer)
{
    size_t bytes = (size_t)BLOCK_PAGE << offer->ring_order;
    blkif_sring_t *sring = device->ring_pages;
    RING_IDX answered = sring->rsp_prod;

    BACK_RING_ATTACH(&device->ring, sring, answered, bytes);
    return RING_REQUEST_PROD_OVERFLOW(&device->ring, sring->req_prod) ? -XEN_EINVAL : 0;
}

static int take_resources(struct block_device *device, const struct block_offer *offer)
{
    int result;

    device->staging_memory = malloc(BLOCK_REQUEST_BYTES + BLOCK_PAGE);
    if (device->staging_memory == NULL) {
        return -XEN_ENOMEM;
    }
    device->staging = (uint8_t *)(((uintptr_t)device->staging_memory + BLOCK_PAGE - 1) &
                                  ~(uintptr_t)(BLOCK_PAGE - 1));
    if (offer->persistent) {
        device->grants = calloc(BLOCK_GRANTS, sizeof(*device->grants));
    }
    device->persistent = device->grants != NULL;
    device->events = seam_event_open();
    if (device->events < 0) {
        return device->events;
    }
    result = seam_stream_pair(device->wake);
    if (result < 0) {
        device->wake[0] = device->wake[1] = -1;
        return result;
    }
    result = seam_map_grants(device->domid, offer->ring_references, (size_t)1 << offer->ring_order,
                             SEAM_READ | SEAM_WRITE, &device->ring_pages);
    if (result < 0) {
        device->ring_pages = NULL;
        return result;
    }
    result = attach_ring(device, offer);
    if (result == 0) {
        device->port = seam_event_bind_interdomain(device->events, device->domid, offer->port);
        result = device->port < 0 ? device->port : 0;
    }
    return result;
}

int block_device_connect(struct block_device *device, const struct block_offer *offer, int done)
{
    int result;

    if (offer->ring_order > BLOCK_RING_MAX_ORDER) {
        return -XEN_EINVAL;
    }
    device->events = device->port = device->wake[0] = device->wake[1] = -1;
    device->done = done;
    device->stopping = device->abandoned = false;
    device->broken = NULL;
    device->fault = block_fault_read(offer->fault);
    result = take_resources(device, offer);
    if (result == 0) {
        result = seam_thread_start("block", device_run, device);
    }
    if (result < 0) {
        disconnect(device);
    }
    return result;
}

void block_device_stop(struct block_device *device)
{
    if (device->ring_pages != NULL && !device->stopping) {
        device->stopping = true;
        (void)write(device->wake[1], "x", 1);
    }
}

void block_device_abandon(struct block_device *device)
{
    device->abandoned = device->ring_pages != NULL;
    block_device_stop(device);
}

bool block_device_is_connected(const struct block_device *device)
{
    return device->ring_pages != NULL;
}

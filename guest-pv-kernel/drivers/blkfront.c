/* SPDX-License-Identifier: MIT */
/*
 * Block requests: into the ring, out of it, and the calls that wait for them.
 * Invariants BF1 (pvk/block.h), BF2, BF3 (blkfront.h). Read next: blkfront_connect.c
 */
#include "blkfront.h"

#include <errno.h>
#include <string.h>

#include <pvk/console.h>
#include <pvk/memory.h>

#define SLOT_IDS (1ull << 32) /* what an id grows by each time its slot is used */

/* ---- responses ---------------------------------------------------------------------------------- */

static void page_put(struct block_device *device, struct blkfront_page *page)
{
    /* Lent for one request only; if the back end keeps it, the page is lost (BF3). */
    if (!device->information.persistent && page->reference >= 0) {
        if (grant_end_access((grant_reference_t)page->reference) != 0) {
            return;
        }
        page->reference = -1;
    }
    page->next = device->free_pages;
    device->free_pages = page;
    device->nr_free_pages++;
}

static void copy_out(const struct blkfront_slot *slot)
{
    struct block_io *io = slot->io;

    for (size_t done = 0, i = 0; done < io->bytes; i++) {
        size_t left = io->bytes - done;
        size_t count = left < MEMORY_PAGE_SIZE ? left : MEMORY_PAGE_SIZE;

        memcpy((char *)io->buffer + done, slot->pages[i]->address, count);
        done += count;
    }
}

static void slot_finish(struct block_device *device, struct blkfront_slot *slot, int result)
{
    struct block_io *io = slot->io;

    if (result == 0 && io->kind == BLOCK_IO_READ) {
        copy_out(slot);
    }
    for (unsigned int i = 0; i < slot->nr_pages; i++) {
        page_put(device, slot->pages[i]);
    }
    slot->io = NULL;
    device->nr_in_flight--;
    io->done(io, result);
}

void blkfront_fail_all(struct block_device *device, int result)
{
    for (unsigned int i = 0; i < device->nr_slots; i++) {
        struct blkfront_slot *slot = &device->slots[i];

        if (slot->io != NULL) {
            struct block_io *io = slot->io;

            /* The back end may still write into its pages: they stay with the slot (BF2). */
            slot->io = NULL;
            device->nr_in_flight--;
            io->done(io, result);
        }
    }
    wait_queue_wake_all(&device->room);
}

static void give_up(struct block_device *device, const char *why)
{
    device->broken = why;
    device->connected = false;
    console_printf("%s: %s; the disk is given up\n", device->name, why);
    blkfront_fail_all(device, -EIO);
    blkfront_step_soon(device);
}

static int errno_of_status(int16_t status)
{
    return status == BLKIF_RSP_OKAY ? 0 : status == BLKIF_RSP_EOPNOTSUPP ? -EOPNOTSUPP : -EIO;
}

/* The request under way that a response answers; NULL: there is none. */
static struct blkfront_slot *slot_of(struct block_device *device,
                                     const struct blkif_response *response)
{
    uint64_t index = response->id % SLOT_IDS;
    struct blkfront_slot *slot = &device->slots[index];

    return index < device->nr_slots && slot->io != NULL && slot->id == response->id &&
                   slot->operation == response->operation
               ? slot
               : NULL;
}

void blkfront_event(event_port_t port, void *data)
{
    struct block_device *device = data;
    blkif_front_ring_t *ring = &device->ring;
    unsigned int more;

    (void)port;
    device->nr_received++;
    do {
        RING_IDX produced = __atomic_load_n(&ring->sring->rsp_prod, __ATOMIC_ACQUIRE);

        if (device->broken != NULL) {
            return;
        }
        if (RING_RESPONSE_PROD_OVERFLOW(ring, produced)) {
            give_up(device, "the back end overran the ring");
            return;
        }
        while (ring->rsp_cons != produced) {
            struct blkif_response response;
            struct blkfront_slot *slot;

            RING_COPY_RESPONSE(ring, ring->rsp_cons, &response);
            ring->rsp_cons++;
            slot = slot_of(device, &response);
            if (slot == NULL) {
                give_up(device, "the back end answered what was not asked");
                return;
            }
            slot_finish(device, slot, errno_of_status(response.status));
        }
        RING_FINAL_CHECK_FOR_RESPONSES(ring, more);
    } while (more);
    wait_queue_wake_all(&device->room);
    if (!device->connected && device->nr_in_flight == 0) {
        blkfront_step_soon(device); /* it waited for this to close */
    }
}

/* ---- requests ----------------------------------------------------------------------------------- */

static unsigned int pages_of(size_t bytes)
{
    return (unsigned int)((bytes + MEMORY_PAGE_SIZE - 1) / MEMORY_PAGE_SIZE);
}

static bool indirect(unsigned int nr_segments)
{
    return nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST;
}

/* A page from the pool, lent to the back end. NULL: it cannot be lent. */
static struct blkfront_page *page_get(struct block_device *device)
{
    struct blkfront_page *page = device->free_pages;

    if (page->reference < 0) {
        page->reference = grant_access(device->back_domid, page->address, false);
        if (page->reference < 0) {
            return NULL;
        }
    }
    device->free_pages = page->next;
    device->nr_free_pages--;
    return page;
}

static int slot_fill_pages(struct block_device *device, struct blkfront_slot *slot,
                           unsigned int count)
{
    for (slot->nr_pages = 0; slot->nr_pages < count; slot->nr_pages++) {
        slot->pages[slot->nr_pages] = page_get(device);
        if (slot->pages[slot->nr_pages] == NULL) {
            while (slot->nr_pages > 0) {
                page_put(device, slot->pages[--slot->nr_pages]);
            }
            return -ENOMEM;
        }
    }
    return 0;
}

/* Segments for the slot's pages; what is written goes into them. */
static void fill_segments(const struct blkfront_slot *slot, const struct block_io *io,
                          struct blkif_request_segment *segments)
{
    for (size_t done = 0, i = 0; done < io->bytes; i++) {
        size_t left = io->bytes - done;
        size_t count = left < MEMORY_PAGE_SIZE ? left : MEMORY_PAGE_SIZE;

        if (io->kind == BLOCK_IO_WRITE) {
            memcpy(slot->pages[i]->address, (const char *)io->buffer + done, count);
        }
        segments[i] = (struct blkif_request_segment){
            .gref = (grant_ref_t)slot->pages[i]->reference,
            .first_sect = 0,
            .last_sect = (uint8_t)(count / BLKFRONT_SECTOR - 1),
        };
        done += count;
    }
}

static void put_request(struct block_device *device, struct blkfront_slot *slot,
                        unsigned int nr_segments)
{
    static const uint8_t operations[] = {BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_FLUSH_DISKCACHE,
                                         BLKIF_OP_DISCARD};
    const struct block_io *io = slot->io;
    struct blkif_request request = {.operation = operations[io->kind]};

    slot->operation = request.operation;
    slot->id =
        slot->id < SLOT_IDS ? (uint64_t)(slot - device->slots) + SLOT_IDS : slot->id + SLOT_IDS;
    if (io->kind == BLOCK_IO_DISCARD) {
        *(struct blkif_request_discard *)(void *)&request =
            (struct blkif_request_discard){.operation = BLKIF_OP_DISCARD,
                                           .id = slot->id,
                                           .sector_number = io->sector,
                                           .nr_sectors = io->bytes / BLKFRONT_SECTOR};
    } else if (indirect(nr_segments)) {
        struct blkif_request_indirect *large = (struct blkif_request_indirect *)(void *)&request;
        struct blkfront_page *list = slot->pages[nr_segments];

        *large = (struct blkif_request_indirect){
            .operation = BLKIF_OP_INDIRECT,
            .indirect_op = slot->operation,
            .nr_segments = (uint16_t)nr_segments,
            .id = slot->id,
            .sector_number = io->sector,
            .indirect_grefs = {(grant_ref_t)list->reference},
        };
        fill_segments(slot, io, list->address);
    } else {
        request.nr_segments = (uint8_t)nr_segments;
        request.id = slot->id;
        request.sector_number = io->sector;
        fill_segments(slot, io, request.seg);
    }
    *RING_GET_REQUEST(&device->ring, device->ring.req_prod_pvt) = request;
    device->ring.req_prod_pvt++;
}

static struct blkfront_slot *slot_free(struct block_device *device)
{
    for (unsigned int i = 0; i < device->nr_slots; i++) {
        if (device->slots[i].io == NULL) {
            return &device->slots[i];
        }
    }
    return NULL;
}

static int check(const struct block_device *device, const struct block_io *io)
{
    const struct block_information *disk = &device->information;

    if (!device->connected) {
        return device->broken != NULL ? -EIO : -ENODEV;
    }
    if (io->kind == BLOCK_IO_FLUSH) {
        return disk->can_flush ? 0 : -EOPNOTSUPP;
    }
    if (io->kind == BLOCK_IO_DISCARD && !disk->can_discard) {
        return -EOPNOTSUPP;
    }
    if (io->kind != BLOCK_IO_READ && disk->read_only) {
        return -EROFS;
    }
    if (io->bytes == 0 || (io->kind != BLOCK_IO_DISCARD && io->bytes > disk->most_bytes) ||
        io->bytes % disk->sector_size != 0 ||
        io->sector % (disk->sector_size / BLKFRONT_SECTOR) != 0 || io->sector > disk->nr_sectors ||
        io->bytes / BLKFRONT_SECTOR > disk->nr_sectors - io->sector) {
        return -EINVAL;
    }
    return 0;
}

static bool carries_data(const struct block_io *io)
{
    return io->kind == BLOCK_IO_READ || io->kind == BLOCK_IO_WRITE;
}

int block_submit(struct block_device *device, struct block_io *io)
{
    unsigned int nr_segments = carries_data(io) ? pages_of(io->bytes) : 0;
    unsigned int nr_pages = nr_segments + (indirect(nr_segments) ? 1 : 0);
    struct blkfront_slot *slot;
    unsigned int notify;
    int result = check(device, io);

    while (result == 0 && (RING_FULL(&device->ring) || device->nr_free_pages < nr_pages)) {
        wait_queue_wait_always(&device->room);
        result = check(device, io);
    }
    slot = result == 0 ? slot_free(device) : NULL;
    if (slot == NULL) {
        return result == 0 ? -EIO : result;
    }
    if (io->kind == BLOCK_IO_FLUSH) {
        io->bytes = 0;
    }
    result = slot_fill_pages(device, slot, nr_pages);
    if (result != 0) {
        return result;
    }
    slot->io = io;
    device->nr_in_flight++;
    put_request(device, slot, nr_segments);
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&device->ring, notify);
    device->nr_requests++;
    if (notify) {
        device->nr_sent++;
        (void)event_send((event_port_t)device->port);
    }
    return 0;
}

/* ---- waiting for them --------------------------------------------------------------------------- */

/* What one caller waits for. */
struct waiting {
    unsigned int nr_left;
    int result; /* the first error */
    struct wait_queue queue;
};

static void one_done(struct block_io *io, int result)
{
    struct waiting *waiting = io->data;

    if (result != 0 && waiting->result == 0) {
        waiting->result = result;
    }
    waiting->nr_left--;
    wait_queue_wake_all(&waiting->queue);
}

#define AT_ONCE 4u /* pieces of one call that are under way together */

static int transfer(struct block_device *device, enum block_operation_kind kind, uint64_t sector,
                    void *buffer, size_t bytes)
{
    struct waiting waiting = {0, 0, WAIT_QUEUE_INIT};
    struct block_io pieces[AT_ONCE];
    unsigned int used = 0;

    if (!device->connected) {
        return device->broken != NULL ? -EIO : -ENODEV;
    }
    while ((bytes > 0 || waiting.nr_left > 0) && (waiting.result == 0 || waiting.nr_left > 0)) {
        size_t most = device->information.most_bytes;
        size_t count = bytes < most ? bytes : most;

        if (bytes == 0 || used == AT_ONCE || waiting.result != 0) {
            while (waiting.nr_left > 0) {
                wait_queue_wait_always(&waiting.queue);
            }
            used = 0;
            continue;
        }
        pieces[used] = (struct block_io){kind, sector, buffer, count, one_done, &waiting};
        waiting.nr_left++;
        int result = block_submit(device, &pieces[used++]);
        if (result != 0) {
            waiting.nr_left--;
            waiting.result = waiting.result != 0 ? waiting.result : result;
        }
        sector += count / BLKFRONT_SECTOR;
        buffer = (char *)buffer + count;
        bytes -= count;
    }
    return waiting.result;
}

int block_read(struct block_device *device, uint64_t sector, void *buffer, size_t bytes)
{
    return transfer(device, BLOCK_IO_READ, sector, buffer, bytes);
}

int block_write(struct block_device *device, uint64_t sector, const void *buffer, size_t bytes)
{
    return transfer(device, BLOCK_IO_WRITE, sector, (void *)(uintptr_t)buffer, bytes);
}

/* A request without data, waited for. */
static int submit_and_wait(struct block_device *device, enum block_operation_kind kind,
                           uint64_t sector, size_t bytes)
{
    struct waiting waiting = {1, 0, WAIT_QUEUE_INIT};
    struct block_io io = {kind, sector, NULL, bytes, one_done, &waiting};
    int result = block_submit(device, &io);

    while (result == 0 && waiting.nr_left > 0) {
        wait_queue_wait_always(&waiting.queue);
    }
    return result != 0 ? result : waiting.result;
}

int block_flush(struct block_device *device)
{
    int result = submit_and_wait(device, BLOCK_IO_FLUSH, 0, 0);

    return result == -EOPNOTSUPP && device->connected ? 0 : result;
}

int block_discard(struct block_device *device, uint64_t sector, uint64_t nr_sectors)
{
    if (nr_sectors > device->information.nr_sectors) {
        return -EINVAL;
    }
    return submit_and_wait(device, BLOCK_IO_DISCARD, sector, (size_t)nr_sectors * BLKFRONT_SECTOR);
}

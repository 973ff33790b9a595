/* SPDX-License-Identifier: MIT */
/*
 * The page shared with xenstored, as a file that speaks xs_wire.
 * Invariant XR1: we write only req_prod and rsp_cons, after the bytes they stand for.
 * Guest ABI: io/xs_wire.h. Read next: xenbus_client.c
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <public/xen.h>
#include <pvk/event.h>
#include <pvk/file.h>
#include <pvk/memory.h>
#include <pvk/start.h>
#include "ring.h"
#include "wire.h"

static struct xenstore_domain_interface *page;
static event_port_t port;

static uint32_t load(const uint32_t *index)
{
    return __atomic_load_n(index, __ATOMIC_SEQ_CST);
}

static void store(uint32_t *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_SEQ_CST);
    (void)event_send(port);
}

static ssize_t ring_read(struct file *file, void *buffer, size_t count)
{
    for (;;) {
        uint32_t consumed = page->rsp_cons;
        long moved = wire_ring_get(page->rsp, load(&page->rsp_prod), consumed, buffer, count);
        int error;

        if (moved < 0) {
            return -EIO;
        }
        if (moved > 0) {
            store(&page->rsp_cons, consumed + (uint32_t)moved);
            return moved;
        }
        error = file_wait(file, THREAD_FOREVER);
        if (error != 0) {
            return error;
        }
    }
}

static ssize_t ring_write(struct file *file, const void *buffer, size_t count)
{
    for (;;) {
        uint32_t produced = page->req_prod;
        long moved = wire_ring_put(page->req, produced, load(&page->req_cons), buffer, count);
        int error;

        if (moved < 0) {
            return -EIO;
        }
        if (moved > 0) {
            store(&page->req_prod, produced + (uint32_t)moved);
            return moved;
        }
        error = file_wait(file, THREAD_FOREVER);
        if (error != 0) {
            return error;
        }
    }
}

static unsigned int ring_poll(struct file *file)
{
    (void)file;
    return (load(&page->rsp_prod) != page->rsp_cons ? POLLIN : 0u) |
           (page->req_prod - load(&page->req_cons) < XENSTORE_RING_SIZE ? POLLOUT : 0u);
}

static void ring_rang(event_port_t rung, void *file)
{
    (void)rung;
    file_notify(file);
}

struct file *ring_open(void)
{
    static const struct file_operations operations = {
        .read = ring_read,
        .write = ring_write,
        .poll = ring_poll,
    };
    const struct start_info *start = start_information();
    struct file *file;

    if (start->store_mfn == 0 || start->store_evtchn == 0) {
        return NULL;
    }
    page = memory_address_of_pfn(memory_pfn_of_mfn(start->store_mfn));
    port = start->store_evtchn;
    file = file_create(&operations, NULL, O_RDWR);
    if (file != NULL && event_attach(port, ring_rang, file) != 0) {
        file_put(file);
        file = NULL;
    }
    return file;
}

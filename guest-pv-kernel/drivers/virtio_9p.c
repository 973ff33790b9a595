/* SPDX-License-Identifier: MIT */
/*
 * virtio-9p (see virtio_9p.h): a message is a chain of two, the request and room for the reply.
 *
 * Owns: struct channel, never freed.
 * Invariant: V9P1 (virtio_9p.h).
 * Read next: p9_client.c.
 */
#include "virtio_9p.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/memory.h>
#include <pvk/thread.h>

#include "virtio_pci.h"

#define FEATURE_MOUNT_TAG 1u

/* Kernels and disks are read through this: a big reply saves a round trip to the host for each
 * part. Requests are small but for writes. */
#define REQUEST_ORDER 4u
#define REPLY_ORDER   7u
#define QUEUE_SIZE    8u

struct channel {
    struct p9_transport transport; /* first: the client's pointer is ours */
    struct virtio_device device;
    struct virtio_device_queue queue;
    struct mutex mutex;
    struct wait_queue answered;
    bool busy;
    uint32_t reply_length;
};

static void on_interrupt(event_port_t port, void *data)
{
    struct channel *channel = data;

    (void)port;
    if (virtio_queue_take(&channel->queue.ring, &channel->reply_length) != NULL) {
        channel->busy = false;
        wait_queue_wake_all(&channel->answered);
    }
}

static void lock(struct p9_transport *transport)
{
    mutex_lock(&((struct channel *)transport)->mutex);
}

static void unlock(struct p9_transport *transport)
{
    mutex_unlock(&((struct channel *)transport)->mutex);
}

static int exchange(struct p9_transport *transport, uint32_t length)
{
    struct channel *channel = (struct channel *)transport;
    const struct virtio_buffer buffers[2] = {
        {memory_machine_address_of(transport->request), length},
        {memory_machine_address_of(transport->reply), transport->reply_capacity},
    };
    int result = virtio_queue_add(&channel->queue.ring, buffers, 1, 1, channel);

    if (result < 0) {
        return -EIO;
    }
    channel->busy = true;
    virtio_pci_kick(&channel->queue);
    while (channel->busy) {
        wait_queue_wait_always(
            &channel->answered); /* the buffer is the device's until it says so */
    }
    return channel->reply_length <= transport->reply_capacity ? (int)channel->reply_length : -EIO;
}

/* Is the device's mount tag (config: u16 length, then bytes) this one? */
static bool has_tag(const struct virtio_device *device, const char *tag)
{
    uint16_t length = virtio_pci_config16(device, 0);

    if (length != strlen(tag)) {
        return false;
    }
    for (uint16_t i = 0; i < length; i++) {
        if (virtio_pci_config8(device, 2u + i) != (uint8_t)tag[i]) {
            return false;
        }
    }
    return true;
}

static int set_up(struct channel *channel)
{
    struct p9_transport *transport = &channel->transport;

    *transport = (struct p9_transport){
        .lock = lock,
        .unlock = unlock,
        .exchange = exchange,
        .request = memory_alloc_dma(REQUEST_ORDER, 0),
        .request_capacity = (uint32_t)MEMORY_PAGE_SIZE << REQUEST_ORDER,
        .reply = memory_alloc_dma(REPLY_ORDER, 0),
        .reply_capacity = (uint32_t)MEMORY_PAGE_SIZE << REPLY_ORDER,
    };
    if (transport->request == NULL || transport->reply == NULL) {
        return -ENOMEM;
    }
    int result = virtio_pci_start(&channel->device, FEATURE_MOUNT_TAG, on_interrupt, channel);
    if (result < 0) {
        return result;
    }
    result = virtio_pci_setup_queue(&channel->device, 0, QUEUE_SIZE, &channel->queue);
    if (result < 0) {
        virtio_pci_fail(&channel->device);
        return result;
    }
    virtio_pci_ready(&channel->device);
    return 0;
}

int virtio_9p_open(const char *tag, struct p9_transport **transport)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    int result;

    if (channel == NULL) {
        return -ENOMEM;
    }
    for (unsigned int nth = 0;; nth++) {
        result = virtio_pci_find(VIRTIO_TYPE_9P, nth, &channel->device);
        if (result < 0 || has_tag(&channel->device, tag)) {
            break;
        }
    }
    if (result == 0) {
        result = set_up(channel);
    }
    if (result < 0) {
        if (channel->transport.request != NULL) {
            memory_free_dma(channel->transport.request, REQUEST_ORDER);
        }
        if (channel->transport.reply != NULL) {
            memory_free_dma(channel->transport.reply, REPLY_ORDER);
        }
        free(channel);
        return result;
    }
    *transport = &channel->transport;
    return 0;
}

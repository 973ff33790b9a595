/* SPDX-License-Identifier: MIT */
/*
 * virtio-net (see virtio_net.h); section numbers are the virtio 1.0 specification's (5.1).
 *
 * No offloads are asked for: QEMU's user network offers none, and a frame is then complete as it is.
 * Owns: struct card, never freed.
 * Invariant: VN1, VN2 (virtio_net.h).
 * Read next: virtio_queue.h.
 */
#include "virtio_net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/file.h>
#include <pvk/memory.h>

#include "virtio_pci.h"

#define QUEUE_RECEIVE 0u
#define QUEUE_SEND    1u
#define NR_BUFFERS    128u
#define BUFFER_BYTES  2048u /* two in a page */

/* 5.1.6: in front of every frame. All zero: no offload; the last field exists since 1.0. */
struct net_header {
    uint8_t flags, gso_type;
    uint16_t header_length, gso_size, checksum_start, checksum_offset, nr_buffers;
};
_Static_assert(sizeof(struct net_header) == 12, "virtio 1.0, 5.1.6");

struct buffer {
    uint8_t *bytes; /* the header, then the frame */
    uint32_t length;
    struct buffer *next;
};

struct card {
    struct virtio_device device;
    struct virtio_device_queue receive, send;
    struct buffer receive_buffers[NR_BUFFERS], send_buffers[NR_BUFFERS];
    struct buffer *ready; /* a frame taken from the queue ahead of its read */
    struct buffer *free;  /* to send with */
    struct file *file;
};

static bool offer(struct card *card, struct buffer *buffer)
{
    const struct virtio_buffer piece = {memory_machine_address_of(buffer->bytes), BUFFER_BYTES};

    return virtio_queue_add(&card->receive.ring, &piece, 0, 1, buffer) == 0;
}

/* The next frame that the card has filled in; bad lengths go straight back. */
static struct buffer *next_frame(struct card *card)
{
    uint32_t written;

    while (card->ready == NULL) {
        struct buffer *buffer = virtio_queue_take(&card->receive.ring, &written);

        if (buffer == NULL) {
            return NULL;
        }
        if (written > sizeof(struct net_header) && written <= BUFFER_BYTES) {
            buffer->length = written - (uint32_t)sizeof(struct net_header);
            card->ready = buffer;
        } else {
            offer(card, buffer);
        }
    }
    return card->ready;
}

static void reclaim_sent(struct card *card)
{
    struct buffer *buffer;
    uint32_t written;

    while ((buffer = virtio_queue_take(&card->send.ring, &written)) != NULL) {
        buffer->next = card->free;
        card->free = buffer;
    }
}

static void on_interrupt(event_port_t port, void *data)
{
    struct card *card = data;

    (void)port;
    reclaim_sent(card);
    if (card->file != NULL && next_frame(card) != NULL) {
        file_notify(card->file);
    }
}

static ssize_t card_read(struct file *file, void *buffer, size_t count)
{
    struct card *card = file->data;
    struct buffer *frame = next_frame(card);

    if (frame == NULL) {
        return -EAGAIN;
    }
    count = count < frame->length ? count : frame->length;
    memcpy(buffer, frame->bytes + sizeof(struct net_header), count);
    card->ready = NULL;
    if (offer(card, frame)) {
        virtio_pci_kick(&card->receive);
    }
    return (ssize_t)count;
}

static ssize_t card_write(struct file *file, const void *bytes, size_t count)
{
    struct card *card = file->data;
    struct buffer *buffer;

    if (count > VIRTIO_NET_FRAME_MAX) {
        return -EMSGSIZE;
    }
    reclaim_sent(card);
    buffer = card->free;
    if (buffer == NULL) {
        return -EAGAIN;
    }
    memset(buffer->bytes, 0, sizeof(struct net_header));
    memcpy(buffer->bytes + sizeof(struct net_header), bytes, count);
    const struct virtio_buffer piece = {memory_machine_address_of(buffer->bytes),
                                        (uint32_t)(sizeof(struct net_header) + count)};
    if (virtio_queue_add(&card->send.ring, &piece, 1, 0, buffer) != 0) {
        return -EAGAIN;
    }
    card->free = buffer->next;
    virtio_pci_kick(&card->send);
    return (ssize_t)count;
}

static unsigned int card_poll(struct file *file)
{
    return next_frame(file->data) != NULL ? POLLIN | POLLOUT : POLLOUT;
}

static const struct file_operations card_operations = {
    .read = card_read,
    .write = card_write,
    .poll = card_poll,
};

static int make_buffers(struct buffer *buffers)
{
    for (size_t i = 0; i < NR_BUFFERS; i += 2) {
        uint8_t *page = memory_alloc_page();

        if (page == NULL) {
            return -ENOMEM;
        }
        buffers[i].bytes = page;
        buffers[i + 1].bytes = page + BUFFER_BYTES;
    }
    return 0;
}

static void free_buffers(struct buffer *buffers)
{
    for (size_t i = 0; i < NR_BUFFERS; i += 2) {
        if (buffers[i].bytes != NULL) {
            memory_free_page(buffers[i].bytes);
        }
    }
}

static int start(struct card *card)
{
    int result = virtio_pci_start(&card->device, 0, on_interrupt, card);

    if (result < 0) {
        return result;
    }
    result = virtio_pci_setup_queue(&card->device, QUEUE_RECEIVE, NR_BUFFERS, &card->receive);
    if (result == 0) {
        result = virtio_pci_setup_queue(&card->device, QUEUE_SEND, NR_BUFFERS, &card->send);
    }
    if (result < 0) {
        virtio_pci_fail(&card->device);
        return result;
    }
    for (size_t i = 0; i < card->receive.ring.size; i++) {
        offer(card, &card->receive_buffers[i]);
    }
    for (size_t i = 0; i < card->send.ring.size; i++) {
        card->send_buffers[i].next = card->free;
        card->free = &card->send_buffers[i];
    }
    virtio_pci_ready(&card->device);
    virtio_pci_kick(&card->receive);
    return 0;
}

int virtio_net_open(struct file **file)
{
    struct card *card = calloc(1, sizeof(*card));
    int result = card == NULL ? -ENOMEM : virtio_pci_find(VIRTIO_TYPE_NET, 0, &card->device);

    if (result == 0) {
        result = make_buffers(card->receive_buffers);
    }
    if (result == 0) {
        result = make_buffers(card->send_buffers);
    }
    if (result == 0) {
        card->file = file_create(&card_operations, card, O_RDWR);
        result = card->file == NULL ? -ENOMEM : start(card);
    }
    if (result < 0 && card != NULL) {
        if (card->file != NULL) {
            file_put(card->file);
        }
        free_buffers(card->receive_buffers);
        free_buffers(card->send_buffers);
        free(card);
        return result;
    }
    *file = card != NULL ? card->file : NULL;
    return result;
}

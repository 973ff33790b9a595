/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue of virtio 1.0 (section 2.4): descriptors, available ring, used ring.
 *
 * Owns: the rings' memory, once given, and the free list of descriptors.
 * Invariant: VQ1 a descriptor is on the free list or belongs to exactly one chain in flight.
 *            VQ2 a used element that names no chain in flight is ignored and counted.
 * Locks: none; the caller's. Touches memory only, so host tests run it as it is.
 *
 * Read next: virtio_pci.h, which tells the device where the rings are.
 */
#ifndef DRIVERS_VIRTIO_QUEUE_H
#define DRIVERS_VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_queue_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct virtio_queue_available {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[];
};

struct virtio_queue_used_element {
    uint32_t id;
    uint32_t length;
};

struct virtio_queue_used {
    uint16_t flags;
    uint16_t index;
    struct virtio_queue_used_element ring[];
};

#define VIRTIO_QUEUE_MAX_SIZE 128u

/* One piece of a request, in machine memory. */
struct virtio_buffer {
    uint64_t maddr;
    uint32_t length;
};

struct virtio_queue {
    uint16_t size; /* a power of two, at most VIRTIO_QUEUE_MAX_SIZE */
    volatile struct virtio_queue_descriptor *descriptors;
    volatile struct virtio_queue_available *available;
    volatile struct virtio_queue_used *used;
    uint16_t free_head;
    uint16_t free_count;
    uint16_t available_index;            /* our copy: the device may not decide it */
    uint16_t used_index;                 /* the next used element to look at */
    uint32_t bad_used;                   /* VQ2 */
    void *tokens[VIRTIO_QUEUE_MAX_SIZE]; /* by chain head; NULL: no chain in flight */
    uint16_t chain_length[VIRTIO_QUEUE_MAX_SIZE];
    uint16_t next_free[VIRTIO_QUEUE_MAX_SIZE]; /* also the links of a chain: never read back */
};

/* Where each ring lies within one block of memory, in bytes. */
struct virtio_queue_layout {
    size_t available_offset;
    size_t used_offset;
    size_t total;
};

struct virtio_queue_layout virtio_queue_layout(uint16_t size);

/* Lay an empty queue of `size` entries over zeroed `memory` of virtio_queue_layout(size).total. */
void virtio_queue_init(struct virtio_queue *queue, uint16_t size, void *memory);

/*
 * Offer a chain: `readable` buffers that the device reads, then `writable` ones that it fills.
 * `token` (not NULL) comes back from virtio_queue_take().
 * -ENOSPC: too few free descriptors. -EINVAL: no buffer at all, or no token.
 */
int virtio_queue_add(struct virtio_queue *queue, const struct virtio_buffer *buffers,
                     unsigned int readable, unsigned int writable, void *token);

/* Does the device want to hear about what was added? */
bool virtio_queue_wants_notify(const struct virtio_queue *queue);

/* The next finished chain's token with the number of bytes written, or NULL. */
void *virtio_queue_take(struct virtio_queue *queue, uint32_t *written);

/* Give up a chain that the device has lost: its descriptors are free again. Only for a chain that
 * the device surely does not hold any more. Nothing happens when `token` is not in flight. */
void virtio_queue_forget(struct virtio_queue *queue, const void *token);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue of virtio 1.0 (see virtio_queue.h); section numbers are that specification's.
 *
 * Owns: the order of stores that makes a chain visible.
 * Invariant: VQ1, VQ2 (virtio_queue.h).
 * Read next: virtio_pci.c.
 */
#include "virtio_queue.h"

#include <errno.h>

#define DESCRIPTOR_NEXT  1u
#define DESCRIPTOR_WRITE 2u
#define USED_NO_NOTIFY   1u

struct virtio_queue_layout virtio_queue_layout(uint16_t size)
{
    struct virtio_queue_layout layout;

    /* 2.4: alignments 16, 2 and 4; the trailing event words are counted although unused. */
    layout.available_offset = sizeof(struct virtio_queue_descriptor) * size;
    size_t available_end = layout.available_offset + sizeof(uint16_t) * (3u + size);
    layout.used_offset = (available_end + 63u) & ~(size_t)63u;
    layout.total =
        layout.used_offset + 3 * sizeof(uint16_t) + sizeof(struct virtio_queue_used_element) * size;
    return layout;
}

void virtio_queue_init(struct virtio_queue *queue, uint16_t size, void *memory)
{
    struct virtio_queue_layout layout = virtio_queue_layout(size);
    char *base = memory;

    *queue = (struct virtio_queue){.size = size, .free_count = size};
    queue->descriptors = (volatile struct virtio_queue_descriptor *)memory;
    queue->available = (volatile struct virtio_queue_available *)(base + layout.available_offset);
    queue->used = (volatile struct virtio_queue_used *)(base + layout.used_offset);
    for (uint16_t i = 0; i < size; i++) {
        queue->next_free[i] = (uint16_t)(i + 1);
    }
}

int virtio_queue_add(struct virtio_queue *queue, const struct virtio_buffer *buffers,
                     unsigned int readable, unsigned int writable, void *token)
{
    unsigned int count = readable + writable;

    if (count == 0 || token == NULL) {
        return -EINVAL;
    }
    if (count > queue->free_count) {
        return -ENOSPC;
    }
    uint16_t head = queue->free_head;
    uint16_t index = head;
    for (unsigned int i = 0; i < count; i++) {
        volatile struct virtio_queue_descriptor *descriptor = &queue->descriptors[index];
        bool last = i + 1 == count;
        descriptor->address = buffers[i].maddr;
        descriptor->length = buffers[i].length;
        descriptor->flags =
            (uint16_t)((i >= readable ? DESCRIPTOR_WRITE : 0) | (last ? 0 : DESCRIPTOR_NEXT));
        descriptor->next = last ? 0 : queue->next_free[index];
        index = queue->next_free[index];
    }
    queue->free_head = index;
    queue->free_count = (uint16_t)(queue->free_count - count);
    queue->tokens[head] = token;
    queue->chain_length[head] = (uint16_t)count;

    /* 2.4.13: the ring entry before the index, and both after the descriptors. */
    queue->available->ring[queue->available_index % queue->size] = head;
    queue->available_index++;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    queue->available->index = queue->available_index;
    return 0;
}

bool virtio_queue_wants_notify(const struct virtio_queue *queue)
{
    /* Our index must be visible before we read the device's flag, or both sides could sleep. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return (queue->used->flags & USED_NO_NOTIFY) == 0;
}

/* Give a chain's descriptors back. */
static void release_chain(struct virtio_queue *queue, uint16_t head)
{
    uint16_t last = head;

    for (uint16_t i = 1; i < queue->chain_length[head]; i++) {
        last = queue->next_free[last];
    }
    queue->next_free[last] = queue->free_head;
    queue->free_head = head;
    queue->free_count = (uint16_t)(queue->free_count + queue->chain_length[head]);
    queue->tokens[head] = NULL;
}

void *virtio_queue_take(struct virtio_queue *queue, uint32_t *written)
{
    while (queue->used_index != queue->used->index) {
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        volatile struct virtio_queue_used_element *element =
            &queue->used->ring[queue->used_index % queue->size];
        uint32_t head = element->id;
        *written = element->length;
        queue->used_index++;
        if (head >= queue->size || queue->tokens[head] == NULL) {
            queue->bad_used++;
            continue;
        }
        void *token = queue->tokens[head];
        release_chain(queue, (uint16_t)head);
        return token;
    }
    return NULL;
}

void virtio_queue_forget(struct virtio_queue *queue, const void *token)
{
    for (uint16_t head = 0; head < queue->size; head++) {
        if (token != NULL && queue->tokens[head] == token) {
            release_chain(queue, head);
            return;
        }
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue against a device that this file plays.
 * Claims: VQ1, VQ2 (virtio_queue.h). Read next: guest-pv-kernel/drivers/virtio_queue.c
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "guest-pv-kernel/drivers/virtio_queue.h"

static _Alignas(4096) char memory[8192];
static struct virtio_queue queue;
static uint16_t device_index;

static void set_up(void)
{
    memset(memory, 0, sizeof(memory));
    device_index = 0;
    virtio_queue_init(&queue, 8, memory);
}

/* The device: take the next available chain. */
static uint16_t device_take(void)
{
    cr_assert_neq(queue.available->index, device_index);
    return queue.available->ring[device_index++ % queue.size];
}

static void device_finish(uint32_t head, uint32_t length)
{
    queue.used->ring[queue.used->index % queue.size] =
        (struct virtio_queue_used_element){head, length};
    queue.used->index++;
}

Test(virtio_queue, rings_do_not_overlap_for_any_size)
{
    for (uint16_t size = 1; size <= VIRTIO_QUEUE_MAX_SIZE; size = (uint16_t)(size * 2)) {
        struct virtio_queue_layout layout = virtio_queue_layout(size);
        cr_assert_geq(layout.available_offset, 16u * size);
        cr_assert_geq(layout.used_offset, layout.available_offset + 6 + 2u * size);
        cr_assert_eq(layout.used_offset % 4, 0);
        cr_assert_geq(layout.total, layout.used_offset + 6 + 8u * size);
        cr_assert_leq(layout.total, 8192);
    }
}

Test(virtio_queue, a_chain_has_its_readable_parts_before_its_writable_ones, .init = set_up)
{
    struct virtio_buffer buffers[3] = {{0x1000, 10}, {0x2000, 20}, {0x3000, 30}};
    int token;

    cr_assert_eq(virtio_queue_add(&queue, buffers, 1, 2, &token), 0);
    uint16_t head = device_take();
    cr_assert_eq(queue.descriptors[head].address, 0x1000);
    cr_assert_eq(queue.descriptors[head].flags, 1);
    uint16_t second = queue.descriptors[head].next;
    cr_assert_eq(queue.descriptors[second].length, 20);
    cr_assert_eq(queue.descriptors[second].flags, 3);
    uint16_t third = queue.descriptors[second].next;
    cr_assert_eq(queue.descriptors[third].address, 0x3000);
    cr_assert_eq(queue.descriptors[third].flags, 2);
}

Test(virtio_queue, VQ1_no_descriptor_is_lost_or_used_twice, .init = set_up)
{
    struct virtio_buffer buffers[3] = {{0x1000, 1}, {0x2000, 2}, {0x3000, 3}};
    int tokens[8];
    uint16_t in_flight[8];
    unsigned int count = 0;

    srand(1);
    for (unsigned int round = 0; round < 20000; round++) {
        unsigned int pieces = 1 + (unsigned int)rand() % 3;
        int result = virtio_queue_add(&queue, buffers, pieces, 0, &tokens[0]);
        if (result == 0) {
            in_flight[count++] = device_take();
        } else {
            cr_assert_eq(result, -ENOSPC);
        }
        while (count != 0 && (result != 0 || rand() % 2 == 0)) {
            unsigned int which = (unsigned int)rand() % count;
            uint32_t written;
            device_finish(in_flight[which], 7);
            in_flight[which] = in_flight[--count];
            cr_assert_eq(virtio_queue_take(&queue, &written), &tokens[0]);
            cr_assert_eq(written, 7);
        }
    }
    while (count != 0) {
        uint32_t written;
        device_finish(in_flight[--count], 0);
        cr_assert_not_null(virtio_queue_take(&queue, &written));
    }
    cr_assert_eq(queue.free_count, 8);
    cr_assert_eq(queue.bad_used, 0);
}

Test(virtio_queue, a_full_queue_refuses_and_a_finished_chain_makes_room, .init = set_up)
{
    struct virtio_buffer buffer = {0x1000, 1};
    int token;
    uint32_t written;

    for (unsigned int i = 0; i < 8; i++) {
        cr_assert_eq(virtio_queue_add(&queue, &buffer, 0, 1, &token), 0);
    }
    cr_assert_eq(virtio_queue_add(&queue, &buffer, 0, 1, &token), -ENOSPC);
    device_finish(device_take(), 1);
    cr_assert_eq(virtio_queue_take(&queue, &written), &token);
    cr_assert_eq(virtio_queue_add(&queue, &buffer, 0, 1, &token), 0);
}

Test(virtio_queue, empty_chains_and_missing_tokens_are_refused, .init = set_up)
{
    struct virtio_buffer buffer = {0x1000, 1};
    int token;

    cr_assert_eq(virtio_queue_add(&queue, &buffer, 0, 0, &token), -EINVAL);
    cr_assert_eq(virtio_queue_add(&queue, &buffer, 1, 0, NULL), -EINVAL);
}

Test(virtio_queue, VQ2_used_elements_that_name_nothing_are_ignored, .init = set_up)
{
    struct virtio_buffer buffer = {0x1000, 1};
    int token;
    uint32_t written;

    cr_assert_eq(virtio_queue_add(&queue, &buffer, 1, 0, &token), 0);
    uint16_t head = device_take();
    device_finish(1000000, 1);
    device_finish(head == 3 ? 4 : 3, 1);
    device_finish(head, 5);
    device_finish(head, 6);
    cr_assert_eq(virtio_queue_take(&queue, &written), &token);
    cr_assert_eq(written, 5);
    cr_assert_null(virtio_queue_take(&queue, &written));
    cr_assert_eq(queue.bad_used, 3);
    cr_assert_eq(queue.free_count, 8);
}

Test(virtio_queue, a_device_that_wants_no_doorbell_gets_none, .init = set_up)
{
    cr_assert(virtio_queue_wants_notify(&queue));
    queue.used->flags = 1;
    cr_assert_not(virtio_queue_wants_notify(&queue));
}

Test(virtio_queue, a_lost_chain_can_be_forgotten, .init = set_up)
{
    struct virtio_buffer buffers[2] = {{0x1000, 1}, {0x2000, 1}};
    int lost, other;
    uint32_t written;

    cr_assert_eq(virtio_queue_add(&queue, buffers, 2, 0, &lost), 0);
    uint16_t lost_head = device_take();
    cr_assert_eq(virtio_queue_add(&queue, buffers, 1, 0, &other), 0);
    virtio_queue_forget(&queue, &lost);
    virtio_queue_forget(&queue, &lost);
    virtio_queue_forget(&queue, NULL);
    cr_assert_eq(queue.free_count, 7);
    device_finish(lost_head, 0);
    device_finish(device_take(), 0);
    cr_assert_eq(virtio_queue_take(&queue, &written), &other);
    cr_assert_eq(queue.free_count, 8);
    cr_assert_eq(queue.bad_used, 1);
}

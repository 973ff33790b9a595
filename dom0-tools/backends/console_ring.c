/* SPDX-License-Identifier: MIT */
/*
 * console_ring.c: taking a guest's output and giving it keys; the guest may write anything at any
 * time into the page.
 * Invariant CON1 (console_ring.h).
 * Read next: console_guest.c.
 */
#include "dom0-tools/backends/console_ring.h"

#include <stdint.h>

size_t console_ring_take(struct xencons_interface *ring, char *buffer, size_t size, bool *overrun)
{
    XENCONS_RING_IDX consumer = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
    XENCONS_RING_IDX producer = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
    uint32_t available = producer - consumer;

    *overrun = available > sizeof(ring->out);
    if (*overrun) {
        __atomic_store_n(&ring->out_cons, producer, __ATOMIC_RELEASE);
        return 0;
    }
    if (available > size) {
        available = (uint32_t)size;
    }
    for (uint32_t i = 0; i < available; i++) {
        buffer[i] = ring->out[MASK_XENCONS_IDX(consumer + i, ring->out)];
    }
    __atomic_store_n(&ring->out_cons, consumer + available, __ATOMIC_RELEASE);
    return available;
}

size_t console_ring_give(struct xencons_interface *ring, const char *bytes, size_t size)
{
    XENCONS_RING_IDX producer = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
    XENCONS_RING_IDX consumer = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
    uint32_t used = producer - consumer;
    size_t room = used <= sizeof(ring->in) ? sizeof(ring->in) - used : 0;

    if (size > room) {
        size = room;
    }
    for (size_t i = 0; i < size; i++) {
        ring->in[MASK_XENCONS_IDX(producer + (uint32_t)i, ring->in)] = bytes[i];
    }
    __atomic_store_n(&ring->in_prod, producer + (uint32_t)size, __ATOMIC_RELEASE);
    return size;
}

/* SPDX-License-Identifier: MIT */
/*
 * console_ring.h: the back end's side of a guest's console ring.
 * Invariant CON1: an index that the guest wrote is read once and clamped before use.
 * Guest ABI: io/console.h.
 */
#ifndef BACKENDS_CONSOLE_RING_H
#define BACKENDS_CONSOLE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include <public/io/console.h>

/*
 * Take what the guest wrote, up to `size` bytes. A producer index more than a ring ahead is nonsense:
 * *overrun is set, the ring is emptied, and nothing is taken.
 */
size_t console_ring_take(struct xencons_interface *ring, char *buffer, size_t size, bool *overrun);

/* Give the guest keys; returns how many it had room for (none when its index is nonsense). */
size_t console_ring_give(struct xencons_interface *ring, const char *bytes, size_t size);

#endif

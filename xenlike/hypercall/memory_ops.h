/* SPDX-License-Identifier: MIT */
/* The sub-operations of memory_op, by file: memory_reservation.c, memory_exchange.c, memory_maps.c. */
#ifndef XENLIKE_HYPERCALL_MEMORY_OPS_H
#define XENLIKE_HYPERCALL_MEMORY_OPS_H

#include <public/memory.h>

#include "hypercall.h"

#define MEMORY_OP_MASK  63u
#define MEMORY_OP_SHIFT 6

/* argument: the guest's pointer; start: extents done before a continuation. A result, a negated errno, or hypercall_continue()'s. */
typedef int64_t memory_handler(uint32_t op, uint32_t start, gva_t argument);

memory_handler memory_reservation_change, memory_reservation_query, memory_reservation_claim;
memory_handler memory_exchange;
memory_handler memory_maps_maximum_ram_page, memory_maps_maximum_gpfn, memory_maps_m2p,
    memory_maps_m2p_frames, memory_maps_get, memory_maps_set, memory_maps_machine,
    memory_maps_acquire, memory_maps_translated_only;

/* The largest extent that the caller may name. */
static inline unsigned int memory_ops_max_order(void)
{
    return current_domain()->is_privileged ? 12 : 9;
}

#endif

/* SPDX-License-Identifier: MIT */
/* The sub-operations of memory_op, by file: memory_reservation.c, memory_exchange.c, memory_maps.c. */
#pragma once

#include <public/memory.h>

#include "hypercall.h"

#define MEMORY_OP_MASK  63u
#define MEMORY_OP_SHIFT 6

struct memory_call {
    uint32_t op;
    uint32_t start; /* extents done before a continuation */
    gva_t argument; /* the guest's pointer, for answers */
    union {         /* what was read there, once */
        struct xen_memory_reservation reservation;
        struct xen_memory_exchange exchange;
        struct xen_memory_domain domain;
        struct xen_machphys_mfn_list m2p_frames;
        struct xen_memory_map map;
        struct xen_foreign_memory_map foreign_map;
        struct xen_mem_acquire_resource resource;
    } u;
};
/* A result, a negated errno, or hypercall_continue()'s. */
typedef int64_t memory_handler(struct memory_call *call);

memory_handler memory_reservation_change, memory_reservation_query, memory_reservation_claim;
memory_handler memory_exchange;
memory_handler memory_maps_maximum_ram_page, memory_maps_m2p, memory_maps_m2p_frames,
    memory_maps_get, memory_maps_set, memory_maps_machine, memory_maps_acquire,
    memory_maps_translated_only;

/* The largest extent that the caller may name. */
static inline unsigned int memory_ops_max_order(void)
{
    return current_domain()->is_privileged ? 12 : 9;
}

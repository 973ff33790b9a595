/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_memory_op(cmd, argument): the table of its sub-operations.
 *
 * Guest ABI: docs/abi/memory_op.md. Read next: memory_reservation.c, memory_maps.c, memory_exchange.c.
 */
#include "memory_ops.h"

static memory_handler *const handlers[] = {
    [XENMEM_increase_reservation] = memory_reservation_change,
    [XENMEM_decrease_reservation] = memory_reservation_change,
    [XENMEM_populate_physmap] = memory_reservation_change,
    [XENMEM_current_reservation] = memory_reservation_query,
    [XENMEM_maximum_reservation] = memory_reservation_query,
    [XENMEM_claim_pages] = memory_reservation_claim,
    [XENMEM_exchange] = memory_exchange,
    [XENMEM_maximum_ram_page] = memory_maps_maximum_ram_page,
    [XENMEM_maximum_gpfn] = memory_maps_maximum_gpfn,
    [XENMEM_machphys_mapping] = memory_maps_m2p,
    [XENMEM_machphys_mfn_list] = memory_maps_m2p_frames,
    [XENMEM_memory_map] = memory_maps_get,
    [XENMEM_set_memory_map] = memory_maps_set,
    [XENMEM_machine_memory_map] = memory_maps_machine,
    [XENMEM_acquire_resource] = memory_maps_acquire,
    [XENMEM_add_to_physmap] = memory_maps_translated_only,
    [XENMEM_add_to_physmap_batch] = memory_maps_translated_only,
    [XENMEM_remove_from_physmap] = memory_maps_translated_only,
};

int64_t hc_memory_op(uint64_t cmd, uint64_t argument, uint64_t a3, uint64_t a4, uint64_t a5,
                     uint64_t a6)
{
    uint32_t op = (uint32_t)cmd & MEMORY_OP_MASK;

    (void)a3;
    (void)a4;
    (void)a5;
    (void)a6;
    if (op >= ARRAY_SIZE(handlers) || handlers[op] == NULL) {
        return -XEN_ENOSYS;
    }
    return handlers[op](op, (uint32_t)cmd >> MEMORY_OP_SHIFT, GVA(argument));
}

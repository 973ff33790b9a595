/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_memory_op(cmd, argument): the table of its sub-operations.
 *
 * Guest ABI: docs/abi/memory_op.md. Read next: memory_reservation.c, memory_maps.c, memory_exchange.c.
 */
#include "memory_ops.h"

#include "../mm/guest_access.h"

/* The handler, and the size of its argument (0: it only answers, or takes none). */
static const struct {
    memory_handler *handler;
    size_t size;
} operations[] = {
#define OPERATION(name, handler, member) \
    [XENMEM_##name] = {handler, sizeof(((struct memory_call *)0)->u.member)}
#define ANSWER(name, handler) [XENMEM_##name] = {handler, 0}
    OPERATION(increase_reservation, memory_reservation_change, reservation),
    OPERATION(decrease_reservation, memory_reservation_change, reservation),
    OPERATION(populate_physmap, memory_reservation_change, reservation),
    OPERATION(current_reservation, memory_reservation_query, domain),
    OPERATION(maximum_reservation, memory_reservation_query, domain),
    OPERATION(maximum_gpfn, memory_reservation_query, domain),
    OPERATION(claim_pages, memory_reservation_claim, reservation),
    OPERATION(exchange, memory_exchange, exchange),
    ANSWER(maximum_ram_page, memory_maps_maximum_ram_page),
    ANSWER(machphys_mapping, memory_maps_m2p),
    OPERATION(machphys_mfn_list, memory_maps_m2p_frames, m2p_frames),
    OPERATION(memory_map, memory_maps_get, map),
    OPERATION(set_memory_map, memory_maps_set, foreign_map),
    OPERATION(machine_memory_map, memory_maps_machine, map),
    OPERATION(acquire_resource, memory_maps_acquire, resource),
    ANSWER(add_to_physmap, memory_maps_translated_only),
    ANSWER(add_to_physmap_batch, memory_maps_translated_only),
    ANSWER(remove_from_physmap, memory_maps_translated_only),
};

HYPERCALL_2(hc_memory_op, cmd, argument)
{
    struct memory_call call;

    call.op = (uint32_t)cmd & MEMORY_OP_MASK;
    call.start = (uint32_t)cmd >> MEMORY_OP_SHIFT;
    call.argument = GVA(argument);
    if (call.op >= ARRAY_SIZE(operations) || operations[call.op].handler == NULL) {
        return -XEN_ENOSYS;
    }
    if (operations[call.op].size != 0 &&
        guest_access_read(&call.u, call.argument, operations[call.op].size) != 0) {
        /* A batch says what was done before. */
        return operations[call.op].handler == memory_reservation_change ? (int64_t)call.start
                                                                        : -XEN_EFAULT;
    }
    return operations[call.op].handler(&call);
}

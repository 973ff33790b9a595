/* SPDX-License-Identifier: MIT */
/*
 * update_descriptor(machine address, descriptor): one entry of a GDT or LDT in use.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/update_descriptor.md. Read next: domain/pv_segments.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

int64_t hc_update_descriptor(uint64_t address, uint64_t descriptor, uint64_t a3, uint64_t a4,
                             uint64_t a5, uint64_t a6)
{
    (void)a3, (void)a4, (void)a5, (void)a6;
    return pv_update_descriptor(current_domain(), MADDR(address), descriptor);
}

/* SPDX-License-Identifier: MIT */
/*
 * update_descriptor(machine address, descriptor): one entry of a GDT or LDT in use.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/update_descriptor.md. Read next: domain/pv_segments.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

HYPERCALL_2(hc_update_descriptor, address, descriptor)
{
    return pv_update_descriptor(current_domain(), MADDR(address), descriptor);
}

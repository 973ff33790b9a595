/* SPDX-License-Identifier: MIT */
/*
 * set_gdt(frames, entries): the guest's part of the descriptor table of this vCPU.
 *
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/set_gdt.md. Read next: domain/pv_segments.c.
 */
#include "../domain/pv.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

HYPERCALL_2(hc_set_gdt, list, entries)
{
    uint64_t frames[GUEST_GDT_FRAMES];
    uint32_t nr_entries = (uint32_t)entries;
    size_t nr_frames = ((size_t)nr_entries + 511) / 512;

    if (nr_entries > FIRST_RESERVED_GDT_ENTRY) {
        return -XEN_EINVAL;
    }
    if (guest_access_read(frames, GVA(list), nr_frames * sizeof(frames[0])) != 0) {
        return -XEN_EFAULT;
    }
    return pv_set_gdt(current_vcpu(), frames, nr_entries);
}

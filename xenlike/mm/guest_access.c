/* SPDX-License-Identifier: MIT */
/*
 * The only door to the running guest's memory.
 *
 * Invariant: GA1 no byte of the hypervisor's half is ever read or written for a guest. Locks: none.
 * Guest ABI: -EFAULT for every bad pointer. Read next: cpu/machine.h.
 */
#include "guest_access.h"

#include <public/errno.h>

#include "../cpu/machine.h"
#include "layout.h"

bool guest_access_range_ok(gva_t start, size_t size)
{
    uint64_t end;

    if (ckd_add(&end, start.v, size)) {
        /* Only a range that ends exactly at the top of the address space is left whole. */
        return end == 0 && start.v >= HV_VIRT_END;
    }
    return end <= UINT64_C(1) << 47 || start.v >= HV_VIRT_END;
}

int guest_access_read_any(void *destination, gva_t source, size_t size)
{
    if (unlikely(!guest_access_range_ok(source, size)) ||
        unlikely(machine_copy_from_guest(destination, source, size) != 0)) {
        return -XEN_EFAULT;
    }
    /* What was copied is what is decided on: no second read of guest memory in its place. */
    compiler_barrier();
    return 0;
}

int guest_access_write_any(gva_t destination, const void *source, size_t size)
{
    if (unlikely(!guest_access_range_ok(destination, size)) ||
        unlikely(machine_copy_to_guest(destination, source, size) != 0)) {
        return -XEN_EFAULT;
    }
    return 0;
}

int guest_access_clear(gva_t destination, size_t size)
{
    if (unlikely(!guest_access_range_ok(destination, size)) ||
        unlikely(machine_clear_guest(destination, size) != 0)) {
        return -XEN_EFAULT;
    }
    return 0;
}

size_t guest_access_fetch(uint8_t bytes[GUEST_FETCH_SIZE], uint64_t rip)
{
    size_t first = min_u64(GUEST_FETCH_SIZE, PAGE_SIZE - (rip & (PAGE_SIZE - 1)));

    if (guest_access_read(bytes, GVA(rip), first) != 0) {
        return 0;
    }
    if (first < GUEST_INSTRUCTION_MAX &&
        guest_access_read(bytes + first, GVA(rip + first), GUEST_INSTRUCTION_MAX - first) != 0) {
        return first;
    }
    return GUEST_INSTRUCTION_MAX;
}

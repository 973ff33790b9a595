/* SPDX-License-Identifier: MIT */
/*
 * The flushes that guests ask for.
 *
 * Invariant: a guest flushes only translations of its own half. Locks: none. Read next: cpu/machine.h.
 */
#include "mmu_flush.h"

#include "../mm/guest_access.h"

int mmu_flush_vcpu_mask(const struct domain *d, uint64_t bitmap_pointer, cpumask_t *mask)
{
    *mask = 0;
    for (uint32_t base = 0; base < d->max_vcpus; base += 64) {
        uint64_t word = 0;
        /* The guest promises as many bytes as its vCPUs need, no more. */
        size_t bytes = (size_t)min_u64((d->max_vcpus - base + 7) / 8, sizeof(word));
        int result = guest_access_read(&word, GVA(bitmap_pointer + base / 8), bytes);

        if (result != 0) {
            return result;
        }
        for (uint32_t id = base; word != 0 && id < d->max_vcpus; id++, word >>= 1) {
            if ((word & 1) != 0 && d->vcpus[id] != NULL) {
                *mask |= READ_ONCE(d->vcpus[id]->dirty_cpus);
            }
        }
    }
    return 0;
}

void mmu_flush(cpumask_t mask, bool page, gva_t address)
{
    bool local = mask == mmu_flush_local_mask();

    if (page && (!address_is_canonical(address.v) ||
                 address.v - HV_VIRT_START < HV_VIRT_END - HV_VIRT_START)) {
        return;
    }
    if (page && likely(local)) {
        machine_flush_page_local(address);
    } else if (likely(local)) {
        machine_flush_local(true);
    } else if (page && mask != 0) {
        machine_flush_page_mask(mask, address);
    } else if (mask != 0) {
        machine_flush_mask(mask, true);
    }
}

/* SPDX-License-Identifier: MIT */
/* The flushes that guests ask for: update_va_mapping's flags and mmuext_op. */
#pragma once

#include "../domain/domain.h"

static inline cpumask_t mmu_flush_local_mask(void)
{
    return UINT64_C(1) << machine_cpu();
}
/* CPUs whose TLB may hold translations of the vCPUs in a bitmap of the guest. 0; -EFAULT. Bits of vCPUs that do not exist are ignored. */
int mmu_flush_vcpu_mask(const struct domain *d, uint64_t bitmap_pointer, cpumask_t *mask);
/* A page of the guest's half (others have nothing to flush), or everything: a guest's user entries are global, so those too. */
void mmu_flush(cpumask_t mask, bool page, gva_t address);

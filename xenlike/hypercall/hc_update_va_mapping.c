/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_update_va_mapping(address, value, flags) and its form for another domain's frames: one L1 entry, found by the address that it
 * maps, and the flush that goes with it.
 *
 * The tables are walked in software from the current base (abi T6): what an earlier entry of a multicall changed is seen.
 * Locks: the caller's page_lock. Guest ABI: docs/abi/update_va_mapping.md. Read next: mm/pt_update.c, mmu_flush.h.
 */
#include "hypercall.h"
#include "mmu_domains.h"
#include "mmu_flush.h"

#include "../mm/page_type.h"
#include "../mm/pt_update.h"

static inline __attribute__((always_inline)) int update(struct vcpu *v, gva_t address, pte_t value,
                                                        struct domain *frame_owner)
{
    struct domain *d = v->domain;

    spin_lock(&d->page_lock);
    int result = page_type_drain(d);
    if (likely(result == 0)) {
        result = pt_update_address(d, v->kernel_base, address, value, frame_owner);
    }
    spin_unlock(&d->page_lock);
    return result;
}

/* After a successful update, which has checked the address. */
static int flush(struct vcpu *v, gva_t address, uint64_t flags)
{
    uint64_t target = flags & ~UVMF_FLUSHTYPE_MASK;
    cpumask_t mask;
    int result;

    if (likely(flags == (UVMF_INVLPG | UVMF_LOCAL))) {
        machine_flush_page_local(address);
        return 0;
    }
    if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_NONE ||
        (flags & UVMF_FLUSHTYPE_MASK) == UVMF_FLUSHTYPE_MASK) {
        return 0;
    }
    if (target == UVMF_LOCAL) {
        mask = mmu_flush_local_mask();
    } else if (target == UVMF_ALL) {
        mask = v->domain->dirty_cpus;
    } else {
        result = mmu_flush_vcpu_mask(v->domain, target, &mask);
        if (result != 0) {
            return result;
        }
    }
    mmu_flush(mask, (flags & UVMF_FLUSHTYPE_MASK) == UVMF_INVLPG, address);
    return 0;
}

HYPERCALL_3(hc_update_va_mapping, address, value, flags)
{
    struct vcpu *v = current_vcpu();
    int result = update(v, GVA(address), value, v->domain);

    if (unlikely(result == -XEN_ERESTART)) {
        return hypercall_continue(__HYPERVISOR_update_va_mapping, address, value, flags, 0, 0, 0);
    }
    return result != 0 || flags == UVMF_NONE ? result : flush(v, GVA(address), flags);
}

HYPERCALL_4(hc_update_va_mapping_otherdomain, address, value, flags, id)
{
    struct vcpu *v = current_vcpu();
    struct mmu_domains domains;
    int result = mmu_domains_get(&domains, (domid_t)id);

    if (result != 0) {
        return result;
    }
    result = update(v, GVA(address), value, domains.frames);
    mmu_domains_put(&domains);
    if (result == -XEN_ERESTART) {
        return hypercall_continue(__HYPERVISOR_update_va_mapping_otherdomain, address, value, flags,
                                  id, 0, 0);
    }
    return result == 0 ? flush(v, GVA(address), flags) : result;
}

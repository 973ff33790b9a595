/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_mmu_update(requests, count, done, domains): page-table entries and machine-to-physical entries.
 *
 * Decodes and copies; mm/pt_update.c decides. Invariant: HU1 a request is read once; HU2 `done` tells how many were carried out, also
 * when the call goes on later (MMU_UPDATE_PREEMPTED in count). Locks: page_lock of the tables' owner, per request.
 * Guest ABI: docs/abi/mmu_update.md. Read next: mm/pt_update.c.
 */
#include "hypercall.h"
#include "mmu_domains.h"

#include "../mm/guest_access.h"
#include "../mm/page_table.h"
#include "../mm/page_type.h"
#include "../mm/pt_update.h"

#define MMU_UPDATE_PREEMPTED 0x80000000u
#define COMMAND_MASK         UINT64_C(7)

static int update_table(struct domain *d, const struct mmu_domains *domains, maddr_t entry,
                        pte_t value, enum pt_store how)
{
    int result;

    spin_lock(&d->page_lock);
    result = page_type_drain(d);
    if (likely(result == 0)) {
        result = pt_update_entry(d, mfn_from_maddr(entry),
                                 (unsigned int)(entry.a & (PAGE_SIZE - 1)) / sizeof(pte_t), value,
                                 domains->frames, how);
    }
    spin_unlock(&d->page_lock);
    return result;
}

static int update_m2p(const struct mmu_domains *domains, mfn_t mfn, uint64_t gpfn)
{
    if (domains->tables != current_domain()) {
        return -XEN_EPERM;
    }
    if (domains->frames == NULL || !frame_get(mfn, domains->frames)) {
        return -XEN_EINVAL;
    }
    m2p_set(mfn, gpfn);
    frame_put(mfn);
    return 0;
}

static int carry_out(const struct mmu_domains *domains, const struct mmu_update *request)
{
    maddr_t entry = MADDR(request->ptr & ~COMMAND_MASK);

    switch (request->ptr & COMMAND_MASK) {
    case MMU_NORMAL_PT_UPDATE:
    case MMU_PT_UPDATE_NO_TRANSLATE:
        return update_table(domains->tables, domains, entry, request->val, PT_STORE_PLAIN);
    case MMU_PT_UPDATE_PRESERVE_AD:
        return update_table(domains->tables, domains, entry, request->val, PT_STORE_PRESERVE_AD);
    case MMU_MACHPHYS_UPDATE:
        return update_m2p(domains, mfn_from_maddr(entry), request->val);
    default:
        return -XEN_ENOSYS;
    }
}

int64_t hc_mmu_update(uint64_t requests, uint64_t count_argument, uint64_t done_pointer,
                      uint64_t domain_argument, uint64_t a5, uint64_t a6)
{
    uint32_t count = (uint32_t)count_argument & ~MMU_UPDATE_PREEMPTED;
    uint32_t done = 0;
    struct mmu_domains domains;
    uint32_t i;
    int result;

    (void)a5;
    (void)a6;
    if (((uint32_t)count_argument & MMU_UPDATE_PREEMPTED) != 0 && done_pointer != 0) {
        (void)guest_access_read(&done, GVA(done_pointer), sizeof(done));
    }
    result = mmu_domains_get(&domains, (uint32_t)domain_argument);
    if (unlikely(result != 0)) {
        return result;
    }
    for (i = 0; i < count; i++) {
        struct mmu_update request;

        if (i % 32 == 31 && hypercall_preempt_wanted()) {
            result = -XEN_ERESTART;
            break;
        }
        result = guest_access_read(&request, GVA(requests + i * sizeof(request)), sizeof(request));
        if (likely(result == 0)) {
            result = carry_out(&domains, &request);
        }
        if (unlikely(result != 0)) {
            break;
        }
    }
    if (result == 0) {
        result = page_table_settle(domains.tables);
    }
    mmu_domains_put(&domains);
    done += i;
    if (done_pointer != 0) {
        (void)guest_access_write(GVA(done_pointer), &done, sizeof(done));
    }
    if (unlikely(result == -XEN_ERESTART)) {
        return hypercall_continue(__HYPERVISOR_mmu_update, requests + i * sizeof(struct mmu_update),
                                  (count - i) | MMU_UPDATE_PREEMPTED, done_pointer, domain_argument,
                                  0, 0);
    }
    return result;
}

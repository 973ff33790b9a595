/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_mmu_update(requests, count, done, domains): page-table entries and machine-to-physical entries.
 *
 * Decodes and copies; mm/pt_update.c decides. Invariant: HU1 a request is read once; HU2 `done` tells how many were carried out, also
 * when the call goes on later (MMU_UPDATE_PREEMPTED in count). Locks: page_lock of the tables' owner, for
 * the whole list: at most 32 requests between two looks at what waits.
 * Guest ABI: docs/abi/mmu_update.md. Read next: mm/pt_update.c.
 */
#include "hypercall.h"
#include "mmu_domains.h"

#include "../mm/guest_access.h"
#include "../mm/page_type.h"
#include "../mm/pt_update.h"

#define COMMAND_MASK UINT64_C(7)

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

/* With the tables' page_lock held. */
static inline __attribute__((always_inline)) int carry_out(const struct mmu_domains *domains,
                                                           const struct mmu_update *request)
{
    maddr_t entry = MADDR(request->ptr & ~COMMAND_MASK);
    unsigned int index = (unsigned int)(entry.a & (PAGE_SIZE - 1)) / sizeof(pte_t);
    unsigned int command = (unsigned int)(request->ptr & COMMAND_MASK);

    if (unlikely(command == MMU_MACHPHYS_UPDATE)) {
        return update_m2p(domains, mfn_from_maddr(entry), request->val);
    }
    if (unlikely(command > MMU_PT_UPDATE_NO_TRANSLATE)) {
        return -XEN_ENOSYS;
    }
    int result = page_type_drain(domains->tables);

    if (unlikely(result != 0)) {
        return result;
    }
    return pt_update_entry(
        domains->tables, mfn_from_maddr(entry), index, request->val, domains->frames,
        command == MMU_PT_UPDATE_PRESERVE_AD ? PT_STORE_PRESERVE_AD : PT_STORE_PLAIN);
}

/* Requests are copied in by so many: one copy serves them all. */
#define CHUNK 8

/* As many of the list as can be read, at most a chunk; 0: not even the first. */
static uint32_t read_chunk(struct mmu_update chunk[CHUNK], uint64_t list, uint32_t left)
{
    uint32_t n = (uint32_t)min_u64(left, CHUNK);

    if (likely(guest_access_read(chunk, GVA(list), n * sizeof(chunk[0])) == 0)) {
        return n;
    }
    /* The readable ones before a fault still count. */
    return n > 1 && guest_access_read(chunk, GVA(list), sizeof(chunk[0])) == 0 ? 1 : 0;
}

/* Carries out requests from the start of the list; *done tells how many. */
static int update_list(const struct mmu_domains *domains, uint64_t list, uint32_t count,
                       uint32_t *done)
{
    struct mmu_update chunk[CHUNK];
    uint32_t i = 0;
    int result = 0;

    while (i < count && result == 0) {
        uint32_t n = read_chunk(chunk, list + i * sizeof(chunk[0]), count - i);

        if (unlikely(n == 0)) {
            result = -XEN_EFAULT;
        } else if (i != 0 && i % 32 == 0 && machine_preempt_wanted()) {
            result = -XEN_ERESTART;
        }
        for (uint32_t j = 0; j < n && result == 0; j++) {
            result = carry_out(domains, &chunk[j]);
            i += result == 0;
        }
    }
    *done = i;
    return result;
}

static int update_locked(const struct mmu_domains *domains, uint64_t list, uint32_t count,
                         uint32_t *done)
{
    spin_lock(&domains->tables->page_lock);
    int result = update_list(domains, list, count, done);
    if (likely(result != -XEN_ERESTART)) {
        /* The frames that the list set free are free for other uses when it returns. */
        int left = page_type_drain(domains->tables);

        result = result == 0 ? left : result;
    }
    spin_unlock(&domains->tables->page_lock);
    return result;
}

static __attribute__((noinline)) int64_t update_many(uint64_t requests, uint64_t count,
                                                     uint64_t done, uint64_t domain)
{
    const struct mmu_list call = {requests, count, done, domain};

    return mmu_domains_run_list(__HYPERVISOR_mmu_update, &call, sizeof(struct mmu_update),
                                update_locked);
}

/* Half of what a Linux asks for is one request of its own: that goes straight. */
HYPERCALL_4(hc_mmu_update, requests, count, done, domain)
{
    struct domain *d = current_domain();
    const struct mmu_domains domains = {d, d, false};
    struct mmu_update request;

    if (count != 1 || done != 0 || (uint32_t)domain != DOMID_SELF) {
        return update_many(requests, count, done, domain);
    }
    if (unlikely(guest_access_read(&request, GVA(requests), sizeof(request)) != 0)) {
        return -XEN_EFAULT;
    }
    spin_lock(&d->page_lock);
    int result = carry_out(&domains, &request);
    int left = page_type_drain(d);
    spin_unlock(&d->page_lock);
    /* What was not begun, or left something to be taken apart, goes the long way. */
    if (unlikely(result == -XEN_ERESTART)) {
        return update_many(requests, 1, 0, DOMID_SELF);
    }
    return likely(left == 0) || result != 0 ? result : update_many(requests, 0, 0, DOMID_SELF);
}

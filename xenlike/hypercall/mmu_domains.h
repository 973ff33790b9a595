/* SPDX-License-Identifier: MIT */
/* The two domains that a memory-management call is about: whose tables, and whose frames they may name. */
#pragma once

#include "../mm/guest_access.h"
#include "hypercall.h"

struct mmu_domains {
    struct domain *tables;
    struct domain *frames; /* NULL: device memory (DOMID_IO) */
    bool held;             /* references were taken */
};

/* The argument: bits 15:0 the frames' domain, bits 31:16 the tables' domain plus 1, 0: the caller.
 * 0; -ESRCH no such domain; -EPERM not the caller's business. */
int mmu_domains_get_foreign(struct mmu_domains *domains, uint32_t argument);
void mmu_domains_put_foreign(const struct mmu_domains *domains);

static inline int mmu_domains_get(struct mmu_domains *domains, uint32_t argument)
{
    if (unlikely(argument != DOMID_SELF)) {
        return mmu_domains_get_foreign(domains, argument);
    }
    domains->tables = domains->frames = current_domain();
    domains->held = false;
    return 0;
}
static inline void mmu_domains_put(const struct mmu_domains *domains)
{
    if (unlikely(domains->held)) {
        mmu_domains_put_foreign(domains);
    }
}

/* In the count: `done` says how many an earlier part of the call has carried out. */
#define MMU_UPDATE_PREEMPTED 0x80000000u

/* The four arguments of mmu_update and of mmuext_op: a list whose elements are carried out in order, perhaps with pauses. */
struct mmu_list {
    uint64_t list, count, done_pointer, domains;
};
/* Carries out elements from the start of the list; *done tells how many. */
typedef int mmu_list_handler(const struct mmu_domains *domains, uint64_t list, uint32_t count,
                             uint32_t *done);

/* Runs the handler on what is left of the call's list; hypercall nr goes on later after -ERESTART.
 * Part of its callers: half of what a Linux asks of mmuext_op is one base pointer. */
static inline __attribute__((always_inline)) int64_t
mmu_domains_run_list(uint64_t nr, const struct mmu_list *call, size_t element_size,
                     mmu_list_handler *handler)
{
    uint32_t count = (uint32_t)call->count & ~MMU_UPDATE_PREEMPTED;
    uint32_t before = 0;
    uint32_t now;
    struct mmu_domains domains;
    int result;

    if (unlikely(((uint32_t)call->count & MMU_UPDATE_PREEMPTED) != 0) && call->done_pointer != 0) {
        (void)guest_access_read(&before, GVA(call->done_pointer), sizeof(before));
    }
    result = mmu_domains_get(&domains, (uint32_t)call->domains);
    if (unlikely(result != 0)) {
        return result;
    }
    result = handler(&domains, call->list, count, &now);
    mmu_domains_put(&domains);
    if (call->done_pointer != 0) {
        before += now;
        (void)guest_access_write(GVA(call->done_pointer), &before, sizeof(before));
    }
    if (unlikely(result == -XEN_ERESTART)) {
        return hypercall_continue(nr, call->list + now * element_size,
                                  (count - now) | MMU_UPDATE_PREEMPTED, call->done_pointer,
                                  call->domains, 0, 0);
    }
    return result;
}

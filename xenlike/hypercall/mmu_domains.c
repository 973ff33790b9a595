/* SPDX-License-Identifier: MIT */
/*
 * Which domains a memory-management call is about.
 *
 * Invariant: only a privileged caller reaches beyond itself. Locks: none; references keep foreign domains. Read next: hc_mmu_update.c.
 */
#include "mmu_domains.h"

#include "../mm/guest_access.h"
#include "hypercall.h"

static int get_frames_domain(domid_t id, struct domain **d)
{
    if (id == DOMID_IO || id == DOMID_XEN) {
        *d = NULL;
        return current_domain()->is_privileged ? 0 : -XEN_EPERM;
    }
    return domain_get_for_caller(id, d);
}

int mmu_domains_get_foreign(struct mmu_domains *domains, uint32_t argument)
{
    uint32_t tables = argument >> 16;
    int result = get_frames_domain((domid_t)argument, &domains->frames);

    if (result != 0) {
        return result;
    }
    result =
        domain_get_for_caller(tables == 0 ? DOMID_SELF : (domid_t)(tables - 1), &domains->tables);
    if (result != 0) {
        if (domains->frames != NULL) {
            domain_put(domains->frames);
        }
        return result;
    }
    domains->held = true;
    return 0;
}

void mmu_domains_put_foreign(const struct mmu_domains *domains)
{
    domain_put(domains->tables);
    if (domains->frames != NULL) {
        domain_put(domains->frames);
    }
}

int64_t mmu_domains_run_list(uint64_t nr, const struct mmu_list *call, size_t element_size,
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

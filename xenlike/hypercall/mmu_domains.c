/* SPDX-License-Identifier: MIT */
/*
 * Which domains a memory-management call is about.
 *
 * Invariant: only a privileged caller reaches beyond itself. Locks: none; references keep foreign domains. Read next: hc_mmu_update.c.
 */
#include "mmu_domains.h"

#include <public/errno.h>

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

/* SPDX-License-Identifier: MIT */
/*
 * Lending frames of our own. Mapping those of others: gntmap.h.
 */
#ifndef MINI_OS_GNTTAB_H
#define MINI_OS_GNTTAB_H

#include <public/grant_table.h>
#include <mini-os/os.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `frame` is a machine frame: virt_to_mfn(page). */
grant_ref_t gnttab_grant_access(domid_t domid, unsigned long frame, int readonly);
/* A new page, lent to domain 0 for writing. */
grant_ref_t gnttab_alloc_and_grant(void **page);
/* 1; 0: the other end still uses it, and the reference stays valid. */
int gnttab_end_access(grant_ref_t reference);
/* A GNTST_* in words. */
const char *gnttabop_error(int16_t status);

#ifdef __cplusplus
}
#endif

#endif

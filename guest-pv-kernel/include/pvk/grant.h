/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: lend a page of ours to another domain, map pages lent to us.
 * Owns: this domain's grant table. Read next: memory.h
 */
#ifndef PVK_GRANT_H
#define PVK_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t grant_reference_t;

/* Lends one page (page-aligned, of the direct map) to `domid`. Returns the reference (>= 0; 0-7 are
 * reserved by the ABI) or -ENOSPC: the table is full. */
int grant_access(uint16_t domid, const void *page, bool read_only);
/* Takes the page back. -EBUSY: the other domain still maps it, the reference stays valid. */
int grant_end_access(grant_reference_t reference);

struct grant_mapping {
    void *address; /* nr_pages contiguous pages */
    size_t nr_pages;
    uint32_t *handles; /* one per page */
};

/* Maps `nr_pages` grants of `domid` side by side. All or nothing.
 * -ENOMEM: no window or memory; -EINVAL: the hypervisor refused one (bad reference, no right). */
int grant_map(uint16_t domid, const grant_reference_t *references, size_t nr_pages, bool read_only,
              struct grant_mapping *mapping);
void grant_unmap(struct grant_mapping *mapping);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * domain_layout.h: where everything lies in a new PV domain, as pure arithmetic.
 *
 *   pfn 0 .. kernel | ramdisk | p2m | start_info | store | console | page tables | stack | slack
 *
 * from VIRT_BASE, address = virt_base + (pfn << 12). A ramdisk that the kernel takes by pfn, and a
 * p2m list that it wants at an address of its own (INIT_P2M, with its own page tables), come after
 * the stack, outside this map.
 * Invariant LAY1: after success all ranges lie inside [0, nr_pages) and do not overlap.
 * LAY2: every address that layout_fill_table maps has its tables among the ranges.
 * Guest ABI: start of day.
 * Read next: domain_build.c for the effects.
 */
#ifndef LIBPV_DOMAIN_LAYOUT_H
#define LIBPV_DOMAIN_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "dom0-tools/libpv/error.h"
#include "dom0-tools/libpv/kernel_image.h"

#define LAYOUT_TABLE_ENTRIES 512u
#define LAYOUT_LEVELS        4u

/* Frames [first, first + count), by guest frame number. */
struct layout_range {
    uint64_t first;
    uint64_t count;
};

/* Addresses [start, end) that map consecutive pfns from first_pfn; tables[l] hold level l + 1. */
struct layout_mapping {
    uint64_t start, end;
    uint64_t first_pfn;
    struct layout_range tables[LAYOUT_LEVELS];
};

struct domain_layout {
    uint64_t virt_base;
    uint64_t nr_pages;
    struct layout_range kernel, ramdisk, p2m, page_tables, p2m_tables;
    uint64_t start_info_pfn, store_pfn, console_pfn, stack_pfn;
    bool ramdisk_by_pfn;
    bool p2m_apart;
    struct layout_mapping mappings[2];
    unsigned int nr_mappings;
};

/* 0, or -1 with ERROR_TOO_SMALL or ERROR_KERNEL_MALFORMED (addresses no PV guest can have). */
int domain_layout_compute(const struct kernel_image *image, uint64_t nr_pages,
                          uint64_t ramdisk_bytes, struct domain_layout *layout,
                          struct error *error);

/* Guest virtual address of a pfn of the first map. */
uint64_t domain_layout_address(const struct domain_layout *layout, uint64_t pfn);

/* Whether the frame is a page table, to be mapped read-only. */
bool domain_layout_is_table(const struct domain_layout *layout, uint64_t pfn);

/* The frame that holds the L4. */
uint64_t domain_layout_root_pfn(const struct domain_layout *layout);

/*
 * The content of the page table in frame `pfn` (one for which domain_layout_is_table holds), given
 * the machine frame of every pfn.
 */
void domain_layout_fill_table(const struct domain_layout *layout, const uint64_t *mfns,
                              uint64_t pfn, uint64_t entries[LAYOUT_TABLE_ENTRIES]);

#endif

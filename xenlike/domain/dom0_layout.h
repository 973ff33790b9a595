/* SPDX-License-Identifier: MIT */
/*
 * Where in its pseudo-physical memory the first domain finds things; page 0 is at the image's virt_base. Pure.
 * Read next: dom0_layout.c.
 */
#pragma once

#include "elf_image.h"

struct dom0_layout {
    uint64_t initrd_pfn;
    uint64_t p2m_pfn, p2m_pages;
    uint64_t start_info_pfn;
    uint64_t table_pfn, nr_tables; /* the L4 first */
    uint64_t stack_pfn;
    uint64_t mapped_pages;                 /* from page 0 on, at virt_base */
    uint64_t p2m_table_pfn, nr_p2m_tables; /* with INIT_P2M: the tables that map the list */
    uint64_t used_pages;                   /* all of the above lie below */
};

void dom0_layout_plan(struct dom0_layout *layout, const struct elf_image *image,
                      uint64_t initrd_pages, uint64_t nr_pages);

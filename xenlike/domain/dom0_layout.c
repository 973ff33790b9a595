/* SPDX-License-Identifier: MIT */
/*
 * The first domain's memory, upwards: kernel, initrd, p2m list, start information, page tables, stack, slack to a 4 MiB border.
 * With INIT_P2M the list, with MOD_START_PFN the initrd lie behind the mapped part.
 *
 * Owns: nothing. Invariant: DL1 the tables map exactly the pages below mapped_pages, themselves included.
 * Locks: none. Guest ABI: docs/abi/start.md. Read next: build_dom0.c.
 */
#include "dom0_layout.h"

#include "../mm/addr.h"

#define SLACK_PAGES  128  /* 512 KiB after the stack, at least */
#define BORDER_PAGES 1024 /* 4 MiB */

/* Tables of levels 1 to 3 that a range of addresses [start, end) touches. */
static uint64_t tables_for(uint64_t start, uint64_t end)
{
    uint64_t count = 0;

    for (unsigned int shift = PAGE_SHIFT + 9; shift <= PAGE_SHIFT + 27; shift += 9) {
        count += ((end - 1) >> shift) - (start >> shift) + 1;
    }
    return count;
}

void dom0_layout_plan(struct dom0_layout *layout, const struct elf_image *image,
                      uint64_t initrd_pages, uint64_t nr_pages)
{
    uint64_t pfn = (image->load_end - image->virt_base + PAGE_SIZE - 1) >> PAGE_SHIFT;
    uint64_t end;

    *layout = (struct dom0_layout){.p2m_pages =
                                       (nr_pages * sizeof(uint64_t) + PAGE_SIZE - 1) >> PAGE_SHIFT};
    if (!image->initrd_by_frame) {
        layout->initrd_pfn = pfn;
        pfn += initrd_pages;
    }
    if (!image->has_init_p2m) {
        layout->p2m_pfn = pfn;
        pfn += layout->p2m_pages;
    }
    layout->start_info_pfn = pfn++;
    layout->table_pfn = pfn;
    uint64_t before_tables = pfn;
    /* More tables map more pages, which may need a table more: it settles after a round or two. */
    layout->nr_tables = 4;
    for (;;) {
        end = before_tables + layout->nr_tables + 1 + SLACK_PAGES;
        end = (end + BORDER_PAGES - 1) & ~(uint64_t)(BORDER_PAGES - 1);
        uint64_t wanted = 1 + tables_for(image->virt_base, image->virt_base + (end << PAGE_SHIFT));
        if (wanted <= layout->nr_tables) {
            break;
        }
        layout->nr_tables = wanted;
    }
    layout->stack_pfn = before_tables + layout->nr_tables;
    layout->mapped_pages = end;
    pfn = end;
    if (image->initrd_by_frame) {
        layout->initrd_pfn = pfn;
        pfn += initrd_pages;
    }
    if (image->has_init_p2m) {
        layout->p2m_pfn = pfn;
        pfn += layout->p2m_pages;
        layout->p2m_table_pfn = pfn;
        layout->nr_p2m_tables =
            tables_for(image->init_p2m, image->init_p2m + (layout->p2m_pages << PAGE_SHIFT));
        pfn += layout->nr_p2m_tables;
    }
    layout->used_pages = pfn;
}

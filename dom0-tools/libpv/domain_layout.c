/* SPDX-License-Identifier: MIT */
/*
 * domain_layout.c: the arithmetic of a new domain's start of day: ranges, and page-table contents.
 * Owns: nothing; no effects.
 * Invariants LAY1, LAY2 (domain_layout.h).
 * Read next: domain_build.c.
 */
#include "dom0-tools/libpv/domain_layout.h"

#include <string.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ull
#define LEVEL_BITS 9

/* The map ends on a 4 MiB boundary with at least this much behind the stack, if memory allows. */
#define MAP_ALIGNMENT (4ull << 20)
#define MAP_SLACK     (512ull << 10)

#define HOLE_START 0xffff800000000000ull
#define HOLE_END   0xffff880000000000ull

#define ENTRY_PRESENT  0x01ull
#define ENTRY_WRITE    0x02ull
#define ENTRY_USER     0x04ull
#define ENTRY_ACCESSED 0x20ull
#define ENTRY_DIRTY    0x40ull
#define ENTRIES_UPPER  (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED | ENTRY_DIRTY)
#define ENTRIES_LEAF   (ENTRY_PRESENT | ENTRY_ACCESSED)

static unsigned int level_shift(unsigned int level)
{
    return PAGE_SHIFT + (level - 1) * LEVEL_BITS;
}

/* Number of an address's table of a level: tables of level l each cover 2^shift(l + 1) bytes. */
static uint64_t table_index(uint64_t address, unsigned int level)
{
    return level == LAYOUT_LEVELS ? 0 : (address >> level_shift(level + 1));
}

static bool range_holds(const struct layout_range *range, uint64_t pfn)
{
    return pfn >= range->first && pfn - range->first < range->count;
}

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes >> PAGE_SHIFT) + ((bytes & (PAGE_SIZE - 1)) != 0);
}

uint64_t domain_layout_address(const struct domain_layout *layout, uint64_t pfn)
{
    return layout->virt_base + (pfn << PAGE_SHIFT);
}

uint64_t domain_layout_root_pfn(const struct domain_layout *layout)
{
    return layout->mappings[0].tables[LAYOUT_LEVELS - 1].first;
}

/* Tables that the second mapping shares with the first are the first's. */
static uint64_t tables_shared(const struct domain_layout *layout, unsigned int index,
                              unsigned int level)
{
    const struct layout_mapping *first = &layout->mappings[0];
    const struct layout_mapping *mapping = &layout->mappings[index];
    uint64_t first_low = table_index(first->start, level);
    uint64_t first_high = table_index(first->end - 1, level);
    uint64_t low = table_index(mapping->start, level);
    uint64_t high = table_index(mapping->end - 1, level);

    if (index == 0 || high < first_low || low > first_high) {
        return 0;
    }
    low = low > first_low ? low : first_low;
    high = high < first_high ? high : first_high;
    return high - low + 1;
}

/* Lay a mapping's tables out from `pfn` on, L4 first; returns how many there are. */
static uint64_t tables_place(struct domain_layout *layout, unsigned int index, uint64_t pfn)
{
    struct layout_mapping *mapping = &layout->mappings[index];
    uint64_t total = 0;

    for (unsigned int level = LAYOUT_LEVELS; level >= 1; level--) {
        uint64_t count =
            table_index(mapping->end - 1, level) - table_index(mapping->start, level) + 1;

        count -= tables_shared(layout, index, level);
        mapping->tables[level - 1].first = pfn + total;
        mapping->tables[level - 1].count = count;
        total += count;
    }
    return total;
}

static int too_small(struct error *error, uint64_t needed_pages, uint64_t nr_pages)
{
    error_set(error, ERROR_TOO_SMALL, "the domain's memory is too small for its kernel");
    error_why(error, "it needs at least %llu KiB, and has %llu KiB",
              (unsigned long long)(needed_pages * 4), (unsigned long long)(nr_pages * 4));
    return error_hint(error, "set `memory` to %llu or more",
                      (unsigned long long)((needed_pages * 4 + 1023) / 1024));
}

static bool address_usable(uint64_t start, uint64_t end)
{
    if (start < HOLE_START) {
        return end <= 0x0000800000000000ull;
    }
    return start >= HOLE_END && end > start;
}

/*
 * The page tables map themselves, so their number depends on itself: grow until it is stable.
 * Returns the first frame behind the stack.
 */
static uint64_t boot_map_place(struct domain_layout *layout, uint64_t first_table)
{
    struct layout_mapping *map = &layout->mappings[0];
    uint64_t count = 4;

    map->start = layout->virt_base;
    map->first_pfn = 0;
    for (;;) {
        uint64_t behind_stack = domain_layout_address(layout, first_table + count + 1);
        uint64_t placed;

        map->end = (behind_stack + MAP_SLACK + MAP_ALIGNMENT - 1) & ~(MAP_ALIGNMENT - 1);
        if (map->end < behind_stack) {
            map->end = ~(PAGE_SIZE - 1); /* the top of the address space */
        }
        placed = tables_place(layout, 0, first_table);
        if (placed <= count) {
            layout->page_tables = (struct layout_range){first_table, placed};
            layout->stack_pfn = first_table + placed;
            return layout->stack_pfn + 1;
        }
        count = placed;
    }
}

static int p2m_map_place(struct domain_layout *layout, const struct kernel_image *image,
                         uint64_t *pfn, struct error *error)
{
    struct layout_mapping *map = &layout->mappings[1];
    uint64_t bytes = layout->p2m.count << PAGE_SHIFT;

    layout->p2m.first = *pfn;
    *pfn += layout->p2m.count;
    map->start = image->init_p2m;
    map->first_pfn = layout->p2m.first;
    if ((map->start & (PAGE_SIZE - 1)) != 0 ||
        __builtin_add_overflow(map->start, bytes, &map->end) ||
        !address_usable(map->start, map->end) ||
        (map->start < layout->mappings[0].end && map->end > layout->mappings[0].start)) {
        error_set(error, ERROR_KERNEL_MALFORMED, "the kernel image is malformed");
        return error_why(error, "its INIT_P2M address cannot be used");
    }
    layout->nr_mappings = 2;
    layout->p2m_tables.first = *pfn;
    layout->p2m_tables.count = tables_place(layout, 1, *pfn);
    *pfn += layout->p2m_tables.count;
    return 0;
}

int domain_layout_compute(const struct kernel_image *image, uint64_t nr_pages,
                          uint64_t ramdisk_bytes, struct domain_layout *layout, struct error *error)
{
    uint64_t pfn = pages_of(image->end - image->virt_base);

    memset(layout, 0, sizeof(*layout));
    layout->virt_base = image->virt_base;
    layout->nr_pages = nr_pages;
    layout->kernel = (struct layout_range){0, pfn};
    layout->ramdisk.count = pages_of(ramdisk_bytes);
    layout->p2m.count = pages_of(nr_pages * sizeof(uint64_t));
    layout->ramdisk_by_pfn = image->module_by_pfn;
    layout->p2m_apart = image->has_init_p2m;
    layout->nr_mappings = 1;
    if (pfn > nr_pages || layout->ramdisk.count > nr_pages - pfn) {
        return too_small(error, pfn + layout->ramdisk.count, nr_pages);
    }
    if (!layout->ramdisk_by_pfn) {
        layout->ramdisk.first = pfn;
        pfn += layout->ramdisk.count;
    }
    if (!layout->p2m_apart) {
        layout->p2m.first = pfn;
        pfn += layout->p2m.count;
    }
    layout->start_info_pfn = pfn++;
    layout->store_pfn = pfn++;
    layout->console_pfn = pfn++;
    pfn = boot_map_place(layout, pfn);
    if (!address_usable(layout->virt_base, domain_layout_address(layout, pfn)) ||
        !address_usable(layout->virt_base, layout->mappings[0].end)) {
        error_set(error, ERROR_KERNEL_MALFORMED, "the kernel image is malformed");
        return error_why(error, "its VIRT_BASE is no address that a guest can use");
    }
    if (layout->ramdisk_by_pfn) {
        layout->ramdisk.first = pfn;
        pfn += layout->ramdisk.count;
    }
    if (layout->p2m_apart && p2m_map_place(layout, image, &pfn, error) < 0) {
        return -1;
    }
    return pfn <= nr_pages ? 0 : too_small(error, pfn, nr_pages);
}

bool domain_layout_is_table(const struct domain_layout *layout, uint64_t pfn)
{
    return range_holds(&layout->page_tables, pfn) || range_holds(&layout->p2m_tables, pfn);
}

/* The frame of a level's table with this index, or false when nothing is mapped there. */
static bool table_find(const struct domain_layout *layout, unsigned int level, uint64_t index,
                       uint64_t *pfn)
{
    for (unsigned int i = 0; i < layout->nr_mappings; i++) {
        const struct layout_mapping *mapping = &layout->mappings[i];
        const struct layout_range *tables = &mapping->tables[level - 1];
        uint64_t low = table_index(mapping->start, level);
        uint64_t high = table_index(mapping->end - 1, level);
        uint64_t shared = tables_shared(layout, i, level);

        if (index < low || index > high) {
            continue;
        }
        /* Shared tables are at one end of the range: the mappings do not overlap. */
        if (shared > 0 && table_index(layout->mappings[0].start, level) <= low) {
            low += shared;
        }
        if (index < low || index - low >= tables->count) {
            continue;
        }
        *pfn = tables->first + (index - low);
        return true;
    }
    return false;
}

/* Which level and index the table in frame pfn has. */
static void table_identify(const struct domain_layout *layout, uint64_t pfn, unsigned int *level,
                           uint64_t *index)
{
    for (unsigned int i = 0; i < layout->nr_mappings; i++) {
        const struct layout_mapping *mapping = &layout->mappings[i];

        for (*level = 1; *level <= LAYOUT_LEVELS; (*level)++) {
            const struct layout_range *tables = &mapping->tables[*level - 1];
            uint64_t shared = tables_shared(layout, i, *level);

            if (!range_holds(tables, pfn)) {
                continue;
            }
            *index = table_index(mapping->start, *level) + (pfn - tables->first);
            if (shared > 0 && table_index(layout->mappings[0].start, *level) <=
                                  table_index(mapping->start, *level)) {
                *index += shared;
            }
            return;
        }
    }
    *level = 0;
    *index = 0;
}

static uint64_t leaf_entry(const struct domain_layout *layout, const uint64_t *mfns,
                           uint64_t address)
{
    for (unsigned int i = 0; i < layout->nr_mappings; i++) {
        const struct layout_mapping *mapping = &layout->mappings[i];
        uint64_t pfn;

        if (address < mapping->start || address >= mapping->end) {
            continue;
        }
        pfn = mapping->first_pfn + ((address - mapping->start) >> PAGE_SHIFT);
        if (pfn >= layout->nr_pages) {
            return 0;
        }
        return mfns[pfn] << PAGE_SHIFT | ENTRIES_LEAF |
               (domain_layout_is_table(layout, pfn) ? 0 : ENTRY_WRITE);
    }
    return 0;
}

void domain_layout_fill_table(const struct domain_layout *layout, const uint64_t *mfns,
                              uint64_t pfn, uint64_t entries[LAYOUT_TABLE_ENTRIES])
{
    unsigned int level;
    uint64_t index;

    table_identify(layout, pfn, &level, &index);
    memset(entries, 0, LAYOUT_TABLE_ENTRIES * sizeof(entries[0]));
    for (unsigned int i = 0; level != 0 && i < LAYOUT_TABLE_ENTRIES; i++) {
        uint64_t child;

        if (level == 1) {
            /* The index holds the address's high bits, sign extension included. */
            uint64_t address = index << level_shift(2) | (uint64_t)i << PAGE_SHIFT;

            entries[i] = leaf_entry(layout, mfns, address);
            continue;
        }
        /* An L4's children carry the sign extension of the upper half in their index. */
        child = index << LEVEL_BITS | i;
        if (level == LAYOUT_LEVELS && i >= LAYOUT_TABLE_ENTRIES / 2) {
            child |= 0xffff000000000000ull >> level_shift(LAYOUT_LEVELS);
        }
        if (table_find(layout, level - 1, child, &child)) {
            entries[i] = mfns[child] << PAGE_SHIFT | ENTRIES_UPPER;
        }
    }
}

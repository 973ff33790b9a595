/* SPDX-License-Identifier: MIT */
/* Where things lie in a new domain: no overlap, every page mapped, tables read-only, small and huge. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/domain_layout.h"

static struct domain_layout layout;
static struct error error;

static int compute(uint64_t base, uint64_t kernel_bytes, bool p2m_apart, bool by_pfn,
                   uint64_t nr_pages, uint64_t ramdisk)
{
    struct kernel_image image = {.virt_base = base,
                                 .start = base,
                                 .end = base + kernel_bytes,
                                 .has_init_p2m = p2m_apart,
                                 .init_p2m = 0x8000000000,
                                 .module_by_pfn = by_pfn};

    error.code = ERROR_NONE;
    return domain_layout_compute(&image, nr_pages, ramdisk, &layout, &error);
}

/* A hardware walk over the computed tables; mfn of pfn n is n + 0x1000. ~0: not mapped. */
static uint64_t walk(uint64_t address, bool *writable)
{
    static uint64_t entries[LAYOUT_TABLE_ENTRIES];
    uint64_t *mfns = malloc(layout.nr_pages * sizeof(*mfns));
    uint64_t pfn = domain_layout_root_pfn(&layout);

    for (uint64_t i = 0; i < layout.nr_pages; i++) {
        mfns[i] = i + 0x1000;
    }
    for (unsigned int level = LAYOUT_LEVELS; level >= 1; level--) {
        uint64_t entry;

        cr_assert(domain_layout_is_table(&layout, pfn));
        domain_layout_fill_table(&layout, mfns, pfn, entries);
        entry = entries[address >> (12 + 9 * (level - 1)) & 511];
        if ((entry & 1) == 0) {
            free(mfns);
            return UINT64_MAX;
        }
        pfn = (entry >> 12) - 0x1000;
        cr_assert_lt(pfn, layout.nr_pages);
        *writable = (entry & 2) != 0;
        cr_assert_eq((entry & 4) != 0, level > 1, "only upper levels say user");
    }
    free(mfns);
    return pfn;
}

/* LAY1 over all ranges, by colouring frames. */
static void assert_disjoint(void)
{
    const struct layout_range single[] = {{layout.start_info_pfn, 1},
                                          {layout.store_pfn, 1},
                                          {layout.console_pfn, 1},
                                          {layout.stack_pfn, 1},
                                          layout.kernel,
                                          layout.ramdisk,
                                          layout.p2m,
                                          layout.page_tables,
                                          layout.p2m_tables};
    uint8_t *used = calloc(layout.nr_pages, 1);

    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        cr_assert_leq(single[i].first + single[i].count, layout.nr_pages);
        for (uint64_t pfn = single[i].first; pfn < single[i].first + single[i].count; pfn++) {
            cr_assert_eq(used[pfn], 0, "range %zu overlaps at pfn %lu", i, (unsigned long)pfn);
            used[pfn] = 1;
        }
    }
    free(used);
}

static void assert_boot_map(uint64_t step)
{
    bool writable;

    for (uint64_t pfn = 0; pfn <= layout.stack_pfn; pfn += step) {
        cr_assert_eq(walk(domain_layout_address(&layout, pfn), &writable), pfn);
        cr_assert_eq(writable, !domain_layout_is_table(&layout, pfn));
    }
    cr_assert_eq(walk(domain_layout_address(&layout, layout.stack_pfn), &writable),
                 layout.stack_pfn);
}

Test(domain_layout, a_small_kernel_linked_at_zero_is_mapped_from_page_zero)
{
    bool writable;

    cr_assert_eq(compute(0, 0x180000, false, false, 1024, 0), 0, "%s", error.why);
    assert_disjoint();
    assert_boot_map(1);
    cr_assert_eq(walk(0, &writable), 0);
    cr_assert(writable);
    cr_assert_eq(walk(layout.mappings[0].end, &writable), UINT64_MAX);
    cr_assert_eq(layout.mappings[0].end % (4 << 20), 0);
    cr_assert_geq(layout.mappings[0].end - domain_layout_address(&layout, layout.stack_pfn + 1),
                  512 << 10);
}

Test(domain_layout, LAY2_a_linux_like_kernel_has_its_p2m_apart_with_tables_of_its_own)
{
    bool writable;

    cr_assert_eq(compute(0xffffffff80000000, 0x2800000, true, true, 65536, 9000000), 0, "%s",
                 error.why);
    assert_disjoint();
    assert_boot_map(97);
    cr_assert_gt(layout.ramdisk.first, layout.stack_pfn);
    for (uint64_t i = 0; i < layout.p2m.count; i++) {
        cr_assert_eq(walk(0x8000000000 + (i << 12), &writable), layout.p2m.first + i);
        cr_assert(writable);
    }
    cr_assert_eq(walk(0x8000000000 + (layout.p2m.count << 12), &writable), UINT64_MAX);
    cr_assert_eq(layout.p2m_tables.first, layout.p2m.first + layout.p2m.count);
}

Test(domain_layout, LAY1_holds_for_every_size_and_too_small_is_refused_with_the_size_needed)
{
    for (uint64_t pages = 1; pages < 700; pages++) {
        if (compute(0, 300 * 4096, pages % 2 == 0, false, pages, 20000) < 0) {
            cr_assert_eq(error.code, ERROR_TOO_SMALL);
            cr_assert_lt(pages, 330);
        } else {
            assert_disjoint();
        }
    }
}

Test(domain_layout, a_ramdisk_lies_in_the_map_unless_the_kernel_takes_it_by_pfn)
{
    cr_assert_eq(compute(0, 0x100000, false, false, 4096, 1 << 20), 0);
    cr_assert_eq(layout.ramdisk.first, layout.kernel.count);
    cr_assert_eq(compute(0, 0x100000, false, true, 4096, 1 << 20), 0);
    cr_assert_gt(layout.ramdisk.first, layout.stack_pfn);
}

Test(domain_layout, addresses_no_guest_can_use_are_refused)
{
    static const uint64_t bases[] = {0xffff800000000000, 0xffff7ffffff00000, 0x0000800000000000,
                                     0x00007fffffff0000};

    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        cr_assert_eq(compute(bases[i], 0x100000, false, false, 4096, 0), -1, "base %zu", i);
        cr_assert_eq(error.code, ERROR_KERNEL_MALFORMED);
    }
}

Test(domain_layout, a_p2m_address_inside_the_map_or_the_hole_is_refused)
{
    static const uint64_t addresses[] = {0x200000, 0xffff800000000000, 0x8000000001,
                                         UINT64_MAX - 4095};

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct kernel_image image = {
            .end = 0x100000, .has_init_p2m = true, .init_p2m = addresses[i]};

        error.code = ERROR_NONE;
        cr_assert_eq(domain_layout_compute(&image, 4096, 0, &layout, &error), -1, "%zu", i);
    }
}

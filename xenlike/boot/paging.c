/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's address space, from the RAM map to CR3, and what is left of RAM to the heap.
 *
 * Owns: the tables below L4 slots 256-271. Invariant: BP1 nothing of the hypervisor is writable and executable; its text and
 * constants are read-only in the direct map, too. BP2 guests reach nothing but the machine-to-physical table, to read.
 * Locks: none, one CPU runs. Read next: mm/layout.h, cpu/percpu.c.
 */
#include "paging.h"

#include "../observe/crash_record.h"
#include "../cpu/registers.h"
#include "../lib/check.h"
#include "../lib/print.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/layout.h"
#include "../mm/page_table.h"
#include "boot_info.h"

#define LARGE_PAGE   (UINT64_C(1) << 21)
#define LOW_MEMORY   UINT64_C(0x100000) /* below: firmware data and start-up code of other CPUs */
#define BOOT_MAPPED  UINT64_C(0x100000000) /* head.S maps the first 4 GiB */
#define RIGHTS_TABLE (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define RIGHTS_DATA  (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL | PTE_NX)
#define RIGHTS_CONST (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL | PTE_NX)
#define RIGHTS_TEXT  (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)

extern char image_start[], image_text_end[], image_rodata_end[], image_end[];

mfn_t paging_idle_base;

/* RAM that nobody uses yet; boot allocations come off the end of one of these. */
static struct {
    uint64_t start, end;
} free_ranges[BOOT_MAX_RANGES + BOOT_MAX_MODULES + 3];
static unsigned int nr_free_ranges;
static bool heap_is_open;

static uint64_t image_physical(const char *symbol)
{
    return (uint64_t)symbol - HV_TEXT_START;
}

static void free_range_add(uint64_t start, uint64_t end)
{
    if (start < end && nr_free_ranges < ARRAY_SIZE(free_ranges)) {
        free_ranges[nr_free_ranges].start = start;
        free_ranges[nr_free_ranges].end = end;
        nr_free_ranges++;
    }
}

/* Takes [start, end) out of every free range. */
static void free_range_cut(uint64_t start, uint64_t end)
{
    unsigned int count = nr_free_ranges;

    for (unsigned int i = 0; i < count; i++) {
        uint64_t range_end = free_ranges[i].end;

        if (end <= free_ranges[i].start || start >= range_end) {
            continue;
        }
        free_ranges[i].end = max_u64(start, free_ranges[i].start);
        free_range_add(end, range_end);
    }
}

/* The pages of the crash record, unless something was loaded there: at the same place in each run, or nowhere. */
static void keep_crash_record(void)
{
    for (unsigned int i = 0; i < nr_free_ranges; i++) {
        if (free_ranges[i].start <= CRASH_RECORD_ADDRESS &&
            free_ranges[i].end >= CRASH_RECORD_ADDRESS + CRASH_RECORD_SIZE) {
            free_range_cut(CRASH_RECORD_ADDRESS, CRASH_RECORD_ADDRESS + CRASH_RECORD_SIZE);
            crash_record_found();
            return;
        }
    }
}

/* The part of the range that is RAM we use, half-open; false: none. */
static bool ram_of(uint32_t i, uint64_t *start, uint64_t *end)
{
    const struct boot_range *range = &boot_info.ranges[i];

    *start = range->start;
    *end = min_u64(range->start + range->size, MAX_RAM_BYTES);
    return range->type == BOOT_RANGE_RAM && *start < *end;
}

static void free_ranges_init(void)
{
    for (uint32_t i = 0; i < boot_info.nr_ranges; i++) {
        uint64_t start, end;

        if (ram_of(i, &start, &end)) {
            start = (max_u64(start, LOW_MEMORY) + PAGE_SIZE - 1) & PAGE_MASK;
            free_range_add(start, end & PAGE_MASK);
        }
    }
    free_range_cut(image_physical(image_start) & PAGE_MASK, image_physical(image_end));
    for (uint32_t i = 0; i < boot_info.nr_modules; i++) {
        const struct boot_module *module = &boot_info.modules[i];
        free_range_cut(module->start.a & PAGE_MASK,
                       (module->start.a + module->size + PAGE_SIZE - 1) & PAGE_MASK);
    }
    keep_crash_record();
}

/* Memory that stays the hypervisor's; contents undefined. From the highest place the boot tables map. */
static uint64_t boot_alloc(uint64_t size, uint64_t alignment)
{
    uint64_t best = 0;
    unsigned int chosen = 0;

    for (unsigned int i = 0; i < nr_free_ranges; i++) {
        uint64_t end = min_u64(free_ranges[i].end, BOOT_MAPPED);
        uint64_t place = end > size ? (end - size) & ~(alignment - 1) : 0;

        if (place >= free_ranges[i].start && place > best) {
            best = place;
            chosen = i;
        }
    }
    if (best == 0) {
        panic("not enough RAM below 4 GiB for the hypervisor's own tables");
    }
    free_range_add(best + size, free_ranges[chosen].end);
    free_ranges[chosen].end = best;
    return best;
}

mfn_t paging_frame(void)
{
    mfn_t mfn;

    if (heap_is_open) {
        mfn = frame_alloc_one();
        CHECK(mfn_valid_value(mfn));
        return mfn;
    }
    mfn = mfn_from_maddr(MADDR(boot_alloc(PAGE_SIZE, PAGE_SIZE)));
    memset(machine_frame(mfn), 0, PAGE_SIZE);
    return mfn;
}

/* The table below an entry, made when absent. */
static pte_t *table_below(pte_t *entry, uint64_t extra_rights)
{
    if ((*entry & PTE_PRESENT) == 0) {
        *entry = pte_make(paging_frame(), RIGHTS_TABLE | extra_rights);
    }
    return machine_frame(pte_mfn(*entry));
}

static pte_t *l2_entry(uint64_t address, uint64_t extra_rights)
{
    pte_t *l4e = &page_table_hypervisor_slots[pt_index(address, 4) - HV_L4_FIRST_SLOT];
    pte_t *l3 = table_below(l4e, extra_rights);

    return &table_below(&l3[pt_index(address, 3)], extra_rights)[pt_index(address, 2)];
}

pte_t *paging_entry(uint64_t address)
{
    return &table_below(l2_entry(address, 0), 0)[pt_index(address, 1)];
}

/* User accessibility is asked for at every level, so it is given to the upper tables of that slot, too. */
static void map_range(uint64_t address, uint64_t physical, uint64_t size, uint64_t rights)
{
    uint64_t extra = rights & PTE_USER;

    while (size != 0) {
        bool large = ((address | physical) & (LARGE_PAGE - 1)) == 0 && size >= LARGE_PAGE;
        uint64_t step = large ? LARGE_PAGE : PAGE_SIZE;
        mfn_t mfn = mfn_from_maddr(MADDR(physical));

        if (large) {
            *l2_entry(address, extra) = pte_make(mfn, rights | PTE_PSE);
        } else {
            *paging_entry(address) = pte_make(mfn, rights);
        }
        address += step;
        physical += step;
        size -= step;
    }
}

static void map_image(void)
{
    uint64_t start = (uint64_t)image_start;
    uint64_t text_end = (uint64_t)image_text_end;
    uint64_t rodata_end = (uint64_t)image_rodata_end;

    map_range(start, start - HV_TEXT_START, text_end - start, RIGHTS_TEXT);
    map_range(text_end, text_end - HV_TEXT_START, rodata_end - text_end, RIGHTS_CONST);
    map_range(rodata_end, rodata_end - HV_TEXT_START, (uint64_t)image_end - rodata_end,
              RIGHTS_DATA);
}

/* Splits the large page of a direct-map address, so that parts of it can have other rights. */
static void split_large(uint64_t physical)
{
    uint64_t base = physical & ~(LARGE_PAGE - 1);
    pte_t *entry = l2_entry(DIRECT_MAP_START + base, 0);

    if ((*entry & PTE_PSE) != 0) {
        *entry = 0;
        for (uint64_t offset = 0; offset < LARGE_PAGE; offset += PAGE_SIZE) {
            map_range(DIRECT_MAP_START + base + offset, base + offset, PAGE_SIZE, RIGHTS_DATA);
        }
    }
}

static void map_direct(void)
{
    uint64_t start = image_physical(image_start);
    uint64_t end = image_physical(image_rodata_end);

    map_range(DIRECT_MAP_START, 0, LARGE_PAGE, RIGHTS_DATA);
    for (uint32_t i = 0; i < boot_info.nr_ranges; i++) {
        uint64_t first, last;

        if (ram_of(i, &first, &last)) {
            first &= ~(LARGE_PAGE - 1);
            last = (last + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
            map_range(DIRECT_MAP_START + first, first, last - first, RIGHTS_DATA);
        }
    }
    for (uint64_t page = start; page < end; page += PAGE_SIZE) {
        split_large(page);
        map_range(DIRECT_MAP_START + page, page, PAGE_SIZE, RIGHTS_CONST);
    }
}

static uint64_t ram_end(void)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < boot_info.nr_ranges; i++) {
        const struct boot_range *range = &boot_info.ranges[i];
        if (range->type == BOOT_RANGE_RAM) {
            end = max_u64(end, range->start + range->size);
        }
    }
    if (end > MAX_RAM_BYTES) {
        print("RAM above %lu GiB is left alone\n", (unsigned long)(MAX_RAM_BYTES >> 30));
        end = MAX_RAM_BYTES;
    }
    return end & PAGE_MASK;
}

/* The machine-to-physical table, all entries invalid, mapped twice; the frame table, all zero. */
static void map_tables(void)
{
    uint64_t frames = ram_end() >> PAGE_SHIFT;
    uint64_t m2p_size = (frames * 8 + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    uint64_t table_size = (frames * sizeof(struct frame) + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    uint64_t m2p = boot_alloc(m2p_size, LARGE_PAGE);
    uint64_t table = boot_alloc(table_size, LARGE_PAGE);

    memset(machine_ram(MADDR(m2p)), 0xff, m2p_size);
    memset(machine_ram(MADDR(table)), 0, table_size);
    map_range(M2P_START, m2p, m2p_size, RIGHTS_CONST | PTE_USER);
    map_range(M2P_WRITE_START, m2p, m2p_size, RIGHTS_DATA);
    map_range(FRAME_TABLE_START, table, table_size, RIGHTS_DATA);
    frame_table_end = frames;
}

/* All of it, ours and the modules' included: what is not announced counts as device memory. */
static void announce_ram(void)
{
    for (uint32_t i = 0; i < boot_info.nr_ranges; i++) {
        uint64_t start, end;

        if (ram_of(i, &start, &end) && start + PAGE_SIZE - 1 < (end & PAGE_MASK)) {
            frame_table_add_ram(MFN((start + PAGE_SIZE - 1) >> PAGE_SHIFT), MFN(end >> PAGE_SHIFT));
        }
    }
}

void paging_init(void)
{
    free_ranges_init();
    map_tables();
    map_image();
    map_direct();
    (void)paging_entry(PERCPU_START);
    (void)paging_entry(FIXMAP_START);
    paging_idle_base = paging_frame();
    pte_t *base = machine_frame(paging_idle_base);
    memcpy(base + HV_L4_FIRST_SLOT, page_table_hypervisor_slots,
           sizeof(page_table_hypervisor_slots));
    write_cr3(maddr_from_mfn(paging_idle_base).a);
}

void paging_open_heap(void)
{
    announce_ram();
    for (unsigned int i = 0; i < nr_free_ranges; i++) {
        if (free_ranges[i].start < free_ranges[i].end) {
            frame_alloc_add_range(MFN(free_ranges[i].start >> PAGE_SHIFT),
                                  MFN(free_ranges[i].end >> PAGE_SHIFT));
        }
    }
    heap_is_open = true;
}

/* SPDX-License-Identifier: MIT */
/* The fake machine: RAM, frame table, CPUs, clock, counters, TLBs. See fake.h. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xenlike/lib/check.h"
#include "xenlike/mm/frame_word.h"
#include "xenlike/mm/page_table.h"

static char *ram;
static size_t ram_bytes;

unsigned int fake_preempt_every, fake_nr_preempt_questions;
uint64_t fake_now_ns, fake_deadline_ns = UINT64_MAX;
cpumask_t fake_kicked, fake_online = 1;
unsigned int fake_cpu;
struct fake_counts fake_counts;

static uint32_t flush_clock;
static uint32_t last_flush[FAKE_CPUS];

void fake_machine_init(unsigned int nr_frames)
{
    ram_bytes = (size_t)nr_frames * PAGE_SIZE;
    ram = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    frame_table_base = calloc(nr_frames, sizeof(struct frame));
    frame_table_m2p = malloc(nr_frames * sizeof(uint64_t));
    if (ram == MAP_FAILED || frame_table_base == NULL || frame_table_m2p == NULL) {
        abort();
    }
    memset(frame_table_m2p, 0xff, nr_frames * sizeof(uint64_t));
    memset(ram, 0xa5, ram_bytes); /* RAM at boot is garbage */
    frame_table_end = nr_frames;
    frame_table_add_ram(MFN(0), MFN(nr_frames));
    frame_alloc_add_range(MFN(1), MFN(nr_frames - 8));
    for (unsigned int i = 0; i < HV_L4_SLOTS; i++) {
        page_table_hypervisor_slots[i] =
            pte_make(MFN(nr_frames - 1), PTE_PRESENT | PTE_WRITE | PTE_ACCESSED);
    }
    memset(machine_frame(MFN(nr_frames - 1)), 0, PAGE_SIZE);
}

void *machine_ram(maddr_t address)
{
    CHECK(address.a < ram_bytes);
    return ram + address.a;
}

maddr_t machine_ram_address(const void *pointer)
{
    return MADDR((uint64_t)((const char *)pointer - ram));
}

/* --- TLBs ------------------------------------------------------------------------------------------ */

#define TLB_ENTRIES 1024

/* A translation (level 0) or a cached pointer to a table of `level` that translates `page`. */
struct tlb_entry {
    bool used;
    bool global, writable, dirty;
    unsigned int level;
    uint64_t page;
    mfn_t mfn;
    uint64_t owner; /* of the frame, when it was cached */
};
static struct tlb_entry tlb[FAKE_CPUS][TLB_ENTRIES];

static void tlb_drop(unsigned int cpu, bool (*wanted)(const struct tlb_entry *, uint64_t),
                     uint64_t argument)
{
    for (size_t i = 0; i < TLB_ENTRIES; i++) {
        if (tlb[cpu][i].used && wanted(&tlb[cpu][i], argument)) {
            tlb[cpu][i].used = false;
        }
    }
}

static bool is_any(const struct tlb_entry *entry, uint64_t argument)
{
    (void)entry;
    (void)argument;
    return true;
}

static bool is_local(const struct tlb_entry *entry, uint64_t argument)
{
    (void)argument;
    return !entry->global;
}

static bool is_of_page(const struct tlb_entry *entry, uint64_t argument)
{
    return entry->level != 0 || entry->page == argument;
}

void fake_tlb_forget(unsigned int cpu)
{
    tlb_drop(cpu, is_any, 0);
}

static void flush_cpu(unsigned int cpu, bool global)
{
    tlb_drop(cpu, global ? is_any : is_local, 0);
    if (global) {
        last_flush[cpu] = ++flush_clock;
        fake_counts.full_flushes++;
    }
}

void machine_load_base(mfn_t l4, bool global)
{
    (void)l4;
    fake_counts.cr3_loads++;
    flush_cpu(fake_cpu, global);
}

void machine_flush_page_local(gva_t address)
{
    fake_counts.page_flushes++;
    tlb_drop(fake_cpu, is_of_page, address.v >> PAGE_SHIFT);
}

void machine_flush_local(bool global)
{
    flush_cpu(fake_cpu, global);
}

void machine_flush_mask(cpumask_t mask, bool global)
{
    fake_counts.mask_flushes++;
    for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
        if ((mask & (UINT64_C(1) << cpu)) != 0) {
            flush_cpu(cpu, global);
        }
    }
}

void machine_flush_page_mask(cpumask_t mask, gva_t address)
{
    fake_counts.page_flushes++;
    for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
        if ((mask & (UINT64_C(1) << cpu)) != 0) {
            tlb_drop(cpu, is_of_page, address.v >> PAGE_SHIFT);
        }
    }
}

void machine_flush_cache(void)
{
}

uint32_t machine_flush_clock(void)
{
    return flush_clock + 1;
}

cpumask_t machine_flush_filter(cpumask_t mask, uint32_t stamp)
{
    cpumask_t owed = 0;

    for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
        if ((mask & (UINT64_C(1) << cpu)) != 0 && (int32_t)(last_flush[cpu] - stamp) < 0) {
            owed |= UINT64_C(1) << cpu;
        }
    }
    return owed;
}

static uint64_t owner_of(mfn_t mfn)
{
    return mfn.n < frame_table_end ? frame_word_owner(frame_load(frame_of(mfn))) : 0;
}

static void tlb_fill(unsigned int cpu, struct tlb_entry entry)
{
    entry.used = true;
    entry.owner = owner_of(entry.mfn);
    for (size_t i = 0; i < TLB_ENTRIES; i++) {
        struct tlb_entry *old = &tlb[cpu][i];

        if (old->used && old->level == entry.level && old->page == entry.page) {
            *old = entry;
            return;
        }
    }
    for (size_t i = 0; i < TLB_ENTRIES; i++) {
        if (!tlb[cpu][i].used) {
            tlb[cpu][i] = entry;
            return;
        }
    }
    abort(); /* a test that needs more translations wants a larger TLB */
}

static struct tlb_entry *tlb_find(unsigned int cpu, uint64_t page)
{
    for (size_t i = 0; i < TLB_ENTRIES; i++) {
        if (tlb[cpu][i].used && tlb[cpu][i].level == 0 && tlb[cpu][i].page == page) {
            return &tlb[cpu][i];
        }
    }
    return NULL;
}

/* The walk of the processor; caches what it passes. */
static bool walk(struct vcpu *v, uint64_t address, bool write, struct tlb_entry *found)
{
    mfn_t table = v->pv.in_kernel ? v->kernel_base : v->user_base;
    bool writable = true;

    if (!mfn_valid_value(table)) {
        return false;
    }
    for (unsigned int level = 4; level >= 1; level--) {
        pte_t *slot = &((pte_t *)machine_frame(table))[pt_index(address, level)];

        if ((*slot & PTE_PRESENT) == 0 || (*slot & PTE_USER) == 0) {
            return false;
        }
        writable = writable && (*slot & PTE_WRITE) != 0;
        if (level == 1) {
            if (write && !writable) {
                return false;
            }
            *slot |= PTE_ACCESSED | (write ? PTE_DIRTY : 0);
            *found = (struct tlb_entry){.global = (*slot & PTE_GLOBAL) != 0,
                                        .writable = writable,
                                        .dirty = write,
                                        .page = address >> PAGE_SHIFT,
                                        .mfn = pte_mfn(*slot)};
            return true;
        }
        *slot |= PTE_ACCESSED;
        table = pte_mfn(*slot);
        tlb_fill(v->processor, (struct tlb_entry){.level = level - 1,
                                                  .page = address >> (PAGE_SHIFT + 9 * (level - 1)),
                                                  .mfn = table});
    }
    return false;
}

bool fake_touch(struct vcpu *v, uint64_t address, bool write, mfn_t *mfn)
{
    unsigned int cpu = v->processor;
    struct tlb_entry *cached = tlb_find(cpu, address >> PAGE_SHIFT);
    struct tlb_entry fresh;

    if (cached != NULL && (!write || (cached->writable && cached->dirty))) {
        const char *wrong = fake_tlb_violation();

        if (wrong != NULL) {
            panic("the guest used a stale translation: %s", wrong);
        }
        *mfn = cached->mfn;
        return true;
    }
    if (!walk(v, address, write, &fresh)) {
        return false;
    }
    *mfn = fresh.mfn;
    tlb_fill(cpu, fresh);
    return true;
}

/* A frame in the heap may still be cached: it is flushed when it leaves. */
static const char *entry_violation(const struct tlb_entry *entry)
{
    uint64_t state = entry->mfn.n < frame_table_end ? frame_load(frame_of(entry->mfn)) : 0;
    uint64_t owner = frame_word_owner(state);
    enum frame_type type = frame_word_type_count(state) == 0 ? FRAME_NONE : frame_word_type(state);

    if (owner == FRAME_OWNER_FREE || owner == FRAME_OWNER_NONE) {
        return NULL;
    }
    if (owner != entry->owner) {
        return "a translation reaches a frame of another owner";
    }
    if (entry->level == 0) {
        bool table = (type >= FRAME_L1 && type <= FRAME_L4) || type == FRAME_SEG_DESC;

        return table && entry->writable && entry->dirty
                   ? "a writable translation reaches a page table or descriptors"
                   : NULL;
    }
    return type == FRAME_WRITABLE || type == FRAME_SEG_DESC
               ? "a cached table pointer reaches a frame that is not a table"
               : NULL;
}

const char *fake_tlb_violation(void)
{
    for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
        for (size_t i = 0; i < TLB_ENTRIES; i++) {
            const char *wrong = tlb[cpu][i].used ? entry_violation(&tlb[cpu][i]) : NULL;

            if (wrong != NULL) {
                return wrong;
            }
        }
    }
    return NULL;
}

/* --- CPUs, time, devices --------------------------------------------------------------------------- */

void (*fake_relax)(void);

void machine_relax(void)
{
    if (fake_relax == NULL) {
        panic("a lock is taken twice, or a vCPU waited for that nobody stops");
    }
    fake_relax();
}

unsigned int machine_cpu(void)
{
    return fake_cpu;
}

cpumask_t machine_cpus_online(void)
{
    return fake_online;
}

void machine_kick(unsigned int cpu)
{
    fake_kicked |= UINT64_C(1) << cpu;
}

bool machine_preempt_wanted(void)
{
    fake_nr_preempt_questions++;
    return fake_preempt_every != 0 && fake_nr_preempt_questions % fake_preempt_every == 0;
}

void machine_wait_for_interrupt(void)
{
    if (fake_deadline_ns != UINT64_MAX && fake_now_ns < fake_deadline_ns) {
        fake_now_ns = fake_deadline_ns;
    }
}

uint64_t machine_now_ns(void)
{
    return fake_now_ns;
}

uint64_t machine_ticks(void)
{
    return fake_now_ns;
}

void machine_print_crash_record(void)
{
}

__attribute__((weak)) bool fake_calls_traced;

void machine_trace_calls(bool on)
{
    fake_calls_traced = on;
}

uint64_t machine_tick_frequency_khz(void)
{
    return 1000000;
}

void machine_clock_parameters(struct vcpu_time_info *time)
{
    time->tsc_timestamp = 0;
    time->system_time = 0;
    time->tsc_to_system_mul = 0x80000000;
    time->tsc_shift = 1;
    time->flags = 0;
}

uint64_t machine_wall_clock_base_ns(void)
{
    return UINT64_C(1700000000) * 1000000000;
}

void machine_set_deadline(uint64_t when_ns)
{
    fake_deadline_ns = when_ns;
}

void machine_load_segments(struct vcpu *v)
{
    (void)v;
    fake_counts.segment_loads++;
}

void machine_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base)
{
    uint64_t *const bases[] = {&v->pv.fs_base, &v->pv.gs_base_user, &v->pv.gs_base_kernel};

    *bases[which] = base;
}

uint64_t machine_get_segment_base(const struct vcpu *v, unsigned int which)
{
    const uint64_t bases[] = {v->pv.fs_base, v->pv.gs_base_user, v->pv.gs_base_kernel};

    return bases[which];
}

void machine_load_user_gs(uint16_t selector)
{
    (void)selector;
    fake_counts.segment_loads++;
}

void machine_swap_gs(void)
{
    fake_counts.segment_loads++;
}

void machine_load_cr4(const struct vcpu *v)
{
    (void)v;
    fake_counts.cr4_loads++;
}

void machine_load_xcr0(const struct vcpu *v)
{
    (void)v;
    fake_counts.xcr0_loads++;
}

void machine_load_gdt(const struct vcpu *v)
{
    (void)v;
    fake_counts.gdt_loads++;
}

void machine_load_ldt(const struct vcpu *v)
{
    (void)v;
    fake_counts.ldt_loads++;
}

void machine_load_debug_registers(const struct vcpu *v)
{
    (void)v;
    fake_counts.debug_loads++;
}

void machine_load_task_switched(const struct vcpu *v)
{
    (void)v;
}

/* SPDX-License-Identifier: MIT */
/*
 * The trace rings.
 *
 * Invariant: TR1, TR2 (trace.h). Locks: trace lock for the settings; a ring is written by its CPU alone, with interrupts off.
 * Guest ABI: docs/abi/sysctl.md. Read next: cpu/percpu.c, which switches the table.
 */
#include "trace.h"

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/trace.h>

#include "../hypercall/domctl_internal.h"
#include "../lib/check.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"

#define MAX_TRACED_CPUS 64
#define MAX_RING_PAGES  64
#define RECORD_WORDS    3 /* header and stamp */

/* Of what arguments point to: how much is recorded. */
#define MEMORY_WORDS      (TRACE_EXTRA_MAX - 2)
#define MEMORY_ELEMENTS   8
#define MULTICALL_ENTRIES 32

static struct {
    spinlock_t lock;
    bool enabled;
    uint32_t pages; /* per ring; 0: none yet */
    uint32_t event_mask;
    cpumask_t cpus;
    mfn_t info;
    struct t_buf *rings[MAX_TRACED_CPUS]; /* NULL: the CPU was not there */
    uint32_t lost[MAX_TRACED_CPUS];
} trace = {.lock = SPINLOCK_INIT, .event_mask = TRC_ALL, .cpus = ~UINT64_C(0)};

/* --- Records --------------------------------------------------------------------------------------------------- */

static uint32_t room(void)
{
    return trace.pages * (uint32_t)PAGE_SIZE - (uint32_t)sizeof(struct t_buf);
}

/* Bytes that wait for the reader. Whatever it wrote, the answer is at most the room. */
static uint32_t waiting(const struct t_buf *ring)
{
    uint32_t cons = READ_ONCE(ring->cons), prod = ring->prod, all = 2 * room();

    if (cons >= all || (cons & 3) != 0) {
        return room();
    }
    uint32_t count = prod >= cons ? prod - cons : prod + all - cons;
    return count <= room() ? count : room();
}

static void put(struct t_buf *ring, const uint32_t *words, uint32_t count)
{
    uint32_t at = ring->prod >= room() ? ring->prod - room() : ring->prod;
    uint32_t next = ring->prod + count * 4;

    memcpy((char *)(ring + 1) + at, words, count * 4);
    __atomic_store_n(&ring->prod, next >= 2 * room() ? next - 2 * room() : next, __ATOMIC_RELEASE);
}

/* No record crosses the end of the ring: what is left there becomes records that say nothing. */
static void fill_to_end(struct t_buf *ring, uint32_t left)
{
    uint32_t filler[1 + TRACE_EXTRA_MAX] = {0};

    while (left != 0) {
        uint32_t words = (uint32_t)min_u64(left / 4, ARRAY_SIZE(filler));
        filler[0] = TRC_TRACE_WRAP_BUFFER | (words - 1) << TRACE_EXTRA_SHIFT;
        put(ring, filler, words);
        left -= words * 4;
    }
}

static bool put_record(struct t_buf *ring, uint32_t event, const uint32_t *extra, uint32_t nr_extra)
{
    uint32_t words[RECORD_WORDS + TRACE_EXTRA_MAX];
    uint32_t count = RECORD_WORDS + nr_extra, at = ring->prod % room();
    uint32_t left = room() - at >= count * 4 ? 0 : room() - at;
    uint64_t stamp = machine_ticks();

    if (waiting(ring) + left + count * 4 > room()) {
        return false;
    }
    fill_to_end(ring, left);
    words[0] = event | nr_extra << TRACE_EXTRA_SHIFT | UINT32_C(1) << 31;
    words[1] = (uint32_t)stamp;
    words[2] = (uint32_t)(stamp >> 32);
    memcpy(words + RECORD_WORDS, extra, nr_extra * 4);
    put(ring, words, count);
    return true;
}

/* The class and, within it, the sub-class must both be asked for. */
static bool wanted(uint32_t event)
{
    uint32_t both = trace.event_mask & event;

    return (both & 0x0fff0000) != 0 && (both & 0x0000f000) != 0;
}

static void record(uint32_t event, const uint32_t *extra, uint32_t nr_extra)
{
    unsigned int cpu = machine_cpu();
    struct t_buf *ring = cpu < MAX_TRACED_CPUS ? trace.rings[cpu] : NULL;

    if (ring == NULL || !trace.enabled || (trace.cpus >> cpu & 1) == 0 || !wanted(event)) {
        return;
    }
    if (trace.lost[cpu] != 0 && put_record(ring, TRC_LOST_RECORDS, &trace.lost[cpu], 1)) {
        trace.lost[cpu] = 0;
    }
    if (trace.lost[cpu] != 0 || !put_record(ring, event, extra, nr_extra)) {
        trace.lost[cpu]++;
    }
}

/* --- Hypercalls ------------------------------------------------------------------------------------------------ */

static uint32_t low(uint64_t value)
{
    return (uint32_t)value;
}

static uint32_t high(uint64_t value)
{
    return (uint32_t)(value >> 32);
}

/* Calls whose argument points to structures: which arguments say where and how many (from 1; 0: one), and their size. */
static const struct {
    uint8_t pointer, count, size;
} shapes[NR_HYPERCALLS] = {
    [__HYPERVISOR_mmu_update] = {1, 2, sizeof(struct mmu_update)},
    [__HYPERVISOR_mmuext_op] = {1, 2, sizeof(struct mmuext_op)},
    [__HYPERVISOR_event_channel_op] = {2, 0, sizeof(struct evtchn_status)},
    [__HYPERVISOR_grant_table_op] = {2, 3, sizeof(struct gnttab_copy)},
    [__HYPERVISOR_memory_op] = {2, 0, sizeof(struct xen_memory_reservation)},
    [__HYPERVISOR_sched_op] = {2, 0, sizeof(struct sched_poll)},
};
/* Of grant_table_op each operation has its own. */
static const uint8_t grant_sizes[] = {
    [GNTTABOP_map_grant_ref] = sizeof(struct gnttab_map_grant_ref),
    [GNTTABOP_unmap_grant_ref] = sizeof(struct gnttab_unmap_grant_ref),
    [GNTTABOP_setup_table] = sizeof(struct gnttab_setup_table),
    [GNTTABOP_copy] = sizeof(struct gnttab_copy),
    [GNTTABOP_query_size] = sizeof(struct gnttab_query_size),
    [GNTTABOP_set_version] = sizeof(struct gnttab_set_version),
};

static void record_element(uint32_t who, uint32_t call, uint64_t address, uint32_t size)
{
    for (uint32_t word = 0; word < size / 4; word += MEMORY_WORDS) {
        uint32_t words[2 + MEMORY_WORDS] = {who, call | word << 16};
        uint32_t count = (uint32_t)min_u64(MEMORY_WORDS, size / 4 - word);

        /* A small structure may end where the memory does. */
        while (count != 0 &&
               guest_access_read(words + 2, GVA(address + word * 4), count * 4) != 0) {
            count--;
        }
        record(TRACE_CALL_MEMORY, words, 2 + count);
    }
}

static void record_memory(uint32_t who, uint32_t nr, const uint64_t *arguments)
{
    uint32_t call = nr & (NR_HYPERCALLS - 1), size = shapes[call].size;

    if (size == 0) {
        return;
    }
    if (call == __HYPERVISOR_grant_table_op) {
        size = arguments[0] < ARRAY_SIZE(grant_sizes) ? grant_sizes[arguments[0]] : 0;
    }
    uint64_t address = arguments[shapes[call].pointer - 1];
    uint32_t count = shapes[call].count != 0 ? (uint32_t)arguments[shapes[call].count - 1] : 1;
    for (uint32_t i = 0; i < count && i < MEMORY_ELEMENTS && address != 0; i++) {
        record_element(who, nr | i << 8, address + (uint64_t)i * size, size);
    }
}

static void record_begin(uint32_t who, uint32_t nr, const uint64_t *a)
{
    record(TRACE_CALL, (uint32_t[]){who, nr, low(a[0]), high(a[0]), low(a[1]), high(a[1])}, 6);
    record(TRACE_CALL_MORE, (uint32_t[]){who, low(a[2]), high(a[2]), low(a[3]), high(a[3])}, 5);
}

static void record_result(uint32_t who, uint32_t nr, uint64_t result)
{
    record(TRACE_CALL_RESULT, (uint32_t[]){who, nr, low(result), high(result)}, 4);
}

/* The entries of a multicall, from where the guest reads their results. */
static void record_entries(uint32_t who, uint64_t list, uint64_t count)
{
    for (uint64_t i = 0; i < min_u64(count, MULTICALL_ENTRIES); i++) {
        struct multicall_entry entry;

        if (guest_access_read(&entry, GVA(list + i * sizeof(entry)), sizeof(entry)) != 0) {
            return;
        }
        uint32_t nr = ((uint32_t)entry.op & (NR_HYPERCALLS - 1)) | TRACE_INNER;
        record_begin(who, nr, entry.args);
        record_memory(who, nr, entry.args);
        record_result(who, nr, entry.result);
    }
}

static int64_t trace_call(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                          uint64_t a6)
{
    struct vcpu *v = current_vcpu();
    uint32_t nr = (uint32_t)v->regs.rax & (NR_HYPERCALLS - 1);
    uint64_t rip = v->regs.rip;

    if (v->domain->is_hardware) {
        return hypercall_table[nr](a1, a2, a3, a4, a5, a6);
    }
    uint32_t who = v->domain->id | v->id << 16;
    const uint64_t arguments[] = {a1, a2, a3, a4};
    record_begin(who, nr, arguments);
    if (nr == __HYPERVISOR_sched_op) {
        record_memory(who, nr, arguments); /* it may not return */
    }
    int64_t result = hypercall_table[nr](a1, a2, a3, a4, a5, a6);
    if (nr == __HYPERVISOR_multicall) {
        bool over = v->regs.rip == rip;
        record_entries(who, a1, over ? a2 : (v->regs.rdi - a1) / sizeof(struct multicall_entry));
    } else if (nr != __HYPERVISOR_sched_op) {
        record_memory(who, nr, arguments); /* with what came out */
    }
    if (v->regs.rip == rip) {
        record_result(who, nr, (uint64_t)result);
    }
    return result;
}

hypercall_handler *const trace_table[NR_HYPERCALLS] = {[0 ... NR_HYPERCALLS - 1] = trace_call};

/* --- Settings -------------------------------------------------------------------------------------------------- */

/* The frame that says where the rings are: a list of frame numbers behind the offsets of all CPUs. */
static void write_info(unsigned int nr_cpus, const mfn_t *first)
{
    struct t_info *info = machine_frame(trace.info);
    uint32_t *words = machine_frame(trace.info);
    uint32_t at = (uint32_t)(sizeof(*info) + nr_cpus * sizeof(info->mfn_offset[0]) + 3) / 4;

    info->tbuf_size = (uint16_t)trace.pages;
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        info->mfn_offset[cpu] = (uint16_t)at;
        for (uint32_t i = 0; i < trace.pages; i++) {
            words[at++] = (uint32_t)(first[cpu].n + i);
        }
    }
}

static mfn_t share_pages(uint32_t pages, bool readonly)
{
    unsigned int order = 0;
    while (UINT32_C(1) << order < pages) {
        order++;
    }
    mfn_t first = frame_alloc_hypervisor(order);
    for (uint32_t i = 0; mfn_valid_value(first) && i < pages; i++) {
        memset(machine_frame(MFN(first.n + i)), 0, PAGE_SIZE);
        frame_share_with_guest(MFN(first.n + i), hardware_domain, readonly);
    }
    return first;
}

static int make_rings(uint32_t pages)
{
    mfn_t first[MAX_TRACED_CPUS];
    unsigned int nr_cpus = 64u - (unsigned int)__builtin_clzll(machine_cpus_online());

    if (pages == 0 || pages > MAX_RING_PAGES ||
        sizeof(struct t_info) + nr_cpus * (pages * 4 + 2) + 4 > PAGE_SIZE) {
        return -XEN_EINVAL;
    }
    trace.info = share_pages(1, true);
    if (!mfn_valid_value(trace.info)) {
        return -XEN_ENOMEM;
    }
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        first[cpu] = share_pages(pages, false);
        if (!mfn_valid_value(first[cpu])) {
            return -XEN_ENOMEM; /* those made stay dom0's to map, and are few */
        }
    }
    trace.pages = pages;
    write_info(nr_cpus, first);
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        trace.rings[cpu] = machine_frame(first[cpu]);
    }
    return 0;
}

static int set_size(uint32_t pages)
{
    if (trace.pages != 0) {
        return pages == trace.pages ? 0 : -XEN_EINVAL;
    }
    return make_rings(pages);
}

static int enable(bool on)
{
    if (on && trace.pages == 0) {
        return -XEN_EINVAL;
    }
    trace.enabled = on;
    machine_trace_calls(on);
    return 0;
}

static int run(struct xen_sysctl_tbuf_op *op)
{
    switch (op->cmd) {
    case XEN_SYSCTL_TBUFOP_get_info:
        op->evt_mask = trace.event_mask;
        op->buffer_mfn = trace.pages != 0 ? trace.info.n : 0;
        op->size = trace.pages != 0 ? (uint32_t)PAGE_SIZE : 0;
        return 0;
    case XEN_SYSCTL_TBUFOP_set_cpu_mask:
        return hc_domctl_read_bitmap(&op->cpu_mask, &trace.cpus);
    case XEN_SYSCTL_TBUFOP_set_evt_mask:
        trace.event_mask = op->evt_mask;
        return 0;
    case XEN_SYSCTL_TBUFOP_set_size:
        return set_size(op->size);
    case XEN_SYSCTL_TBUFOP_enable:
        return enable(true);
    case XEN_SYSCTL_TBUFOP_disable:
        return enable(false);
    default:
        return -XEN_EINVAL;
    }
}

int trace_control(struct xen_sysctl_tbuf_op *op)
{
    spin_lock(&trace.lock);
    int result = run(op);
    spin_unlock(&trace.lock);
    return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Lengths of the hypervisor's paths. Under `-icount shift=0,sleep=off` the time stamp counts instructions, so each row is exact
 * and the same on every machine; the same image runs on real Xen. A row is the median of many samples, the cost of measuring
 * taken off. One line per row: "path: <name> <ticks>".
 */
#include <stdio.h>
#include <stdlib.h>
#include <public/callback.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>
#include <public/xen.h>
#include <pvk/grant.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include "guest-pv-kernel/arch-pv/page_table.h"

#define SAMPLES 101
#define PTE_RW  0x63ul /* present, writable, accessed, dirty */

typedef void operation(unsigned int sample);

uint32_t paths_trap(void *address);
uint32_t paths_upcall(uint64_t number, const void *a, const void *b);
uint32_t paths_user(int what);
extern const char paths_entry[], paths_syscall[];

static char *pages[SAMPLES];      /* ours, each mapped in the direct map */
static uint64_t frames[SAMPLES];  /* their machine frames */
static char *window;              /* SAMPLES pages of address space with no mapping of their own */
static uint64_t entries[SAMPLES]; /* machine addresses of the window's L1 entries */
static char stack[8192];          /* for entries from user mode */
static unsigned long stack_top = (unsigned long)(stack + sizeof(stack));

static uint32_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return low;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void report(const char *name, uint32_t samples[SAMPLES], unsigned int per)
{
    qsort(samples, SAMPLES, sizeof(samples[0]), by_size);
    printf("path: %-40s %u\n", name, samples[SAMPLES / 2] / per);
}

static void nothing(unsigned int sample)
{
    (void)sample;
}

/* Samples of an operation, less those of none; `per` units of work in each. */
static void measure(const char *name, operation *prepare, operation *run, unsigned int per)
{
    static uint32_t samples[SAMPLES];
    operation *volatile none = nothing;
    operation *volatile operate = run;

    for (unsigned int i = 0; i < SAMPLES; i++) {
        uint32_t start, middle, end;

        if (prepare != NULL) {
            prepare(i);
        }
        start = ticks();
        none(i);
        middle = ticks();
        operate(i);
        end = ticks();
        samples[i] = (end - middle) - (middle - start);
    }
    report(name, samples, per);
}

/* A hypercall, raw: no wrapper's instructions are counted. */
#define RAW_CALL(name, number, a, b, c, d)                                                    \
    static void name(unsigned int sample)                                                     \
    {                                                                                         \
        unsigned long result = (number);                                                      \
        unsigned long first = (unsigned long)(a);                                             \
        unsigned long second = (unsigned long)(b);                                            \
        unsigned long third = (unsigned long)(c);                                             \
        register unsigned long fourth __asm__("r10") = (unsigned long)(d);                    \
        (void)sample;                                                                         \
        __asm__ volatile("syscall"                                                            \
                         : "+a"(result), "+D"(first), "+S"(second), "+d"(third), "+r"(fourth) \
                         :                                                                    \
                         : "rcx", "r11", "memory");                                           \
        last_result = (long)result;                                                           \
    }

#define BATCH 64

static volatile long last_result;
static struct mmu_update updates[BATCH];
static struct mmuext_op extended;
static struct multicall_entry calls[32];
static struct evtchn_send send;
static uint32_t rung_port; /* the other end */
static struct gnttab_map_grant_ref map_grant;
static struct gnttab_unmap_grant_ref unmap_grant;
static struct gnttab_copy copies[32];
static uint64_t future = ~0ul >> 2;

RAW_CALL(null_call, 63, 0, 0, 0, 0)
RAW_CALL(version, __HYPERVISOR_xen_version, 0, 0, 0, 0)
RAW_CALL(multicall, __HYPERVISOR_multicall, calls, 32, 0, 0)
RAW_CALL(map_one, __HYPERVISOR_update_va_mapping, window + sample * 4096ul,
         frames[sample] << 12 | PTE_RW, 0, 0)
RAW_CALL(change_one, __HYPERVISOR_update_va_mapping, window + sample * 4096ul,
         frames[(sample + 7) % SAMPLES] << 12 | PTE_RW, UVMF_INVLPG, 0)
RAW_CALL(update_one, __HYPERVISOR_mmu_update, updates, 1, 0, DOMID_SELF)
RAW_CALL(update_batch, __HYPERVISOR_mmu_update, updates, BATCH, 0, DOMID_SELF)
RAW_CALL(mmuext, __HYPERVISOR_mmuext_op, &extended, 1, 0, DOMID_SELF)
RAW_CALL(stack_switch, __HYPERVISOR_stack_switch, 0xe02b, stack_top, 0, 0)
RAW_CALL(segment_base, __HYPERVISOR_set_segment_base, SEGBASE_FS, 0x1000 + sample, 0, 0)
RAW_CALL(task_switch, __HYPERVISOR_fpu_taskswitch, 0, 0, 0, 0)
RAW_CALL(timer, __HYPERVISOR_set_timer_op, future + sample, 0, 0, 0)
RAW_CALL(yield, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0)
RAW_CALL(lend_map, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &map_grant, 1, 0)
RAW_CALL(lend_unmap, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &unmap_grant, 1, 0)
RAW_CALL(copy_one, __HYPERVISOR_grant_table_op, GNTTABOP_copy, copies, 1, 0)
RAW_CALL(copy_batch, __HYPERVISOR_grant_table_op, GNTTABOP_copy, copies, 32, 0)
RAW_CALL(ring, __HYPERVISOR_event_channel_op, EVTCHNOP_send, &send, 0, 0)

static void read_cr0(unsigned int sample)
{
    unsigned long value;

    (void)sample;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
}

static void read_msr(unsigned int sample)
{
    uint32_t low, high;

    (void)sample;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080));
}

static void prepare_map(unsigned int sample)
{
    (void)hypercall_update_va_mapping((unsigned long)window + sample * 4096ul, 0, UVMF_INVLPG);
}

static void prepare_update(unsigned int sample)
{
    updates[0].ptr = entries[sample];
    updates[0].val = frames[(sample + 3) % SAMPLES] << 12 | PTE_RW;
}

static void prepare_batch(unsigned int sample)
{
    for (unsigned int i = 0; i < BATCH; i++) {
        updates[i].ptr = entries[(sample + i) % SAMPLES];
        updates[i].val = frames[(sample + 5 * i) % SAMPLES] << 12 | PTE_RW;
    }
}

static void prepare_ring(unsigned int sample)
{
    struct shared_info *shared = start_shared_info();

    (void)sample;
    /* As if it had never rung; upcalls wait, or the kernel's own would mask a port that it does not know. */
    shared->vcpu_info[0].evtchn_upcall_mask = 1;
    shared->evtchn_mask[0] &= ~(1ul << rung_port);
    shared->evtchn_pending[0] = 0;
    shared->vcpu_info[0].evtchn_pending_sel = 0;
    shared->vcpu_info[0].evtchn_upcall_pending = 0;
}

static void measure_special(const char *name, uint32_t (*run)(unsigned int sample))
{
    static uint32_t samples[SAMPLES];

    for (unsigned int i = 0; i < SAMPLES; i++) {
        samples[i] = run(i);
    }
    report(name, samples, 1);
}

static uint32_t run_trap(unsigned int sample)
{
    return paths_trap(window + SAMPLES * 4096ul + sample);
}
static uint32_t run_upcall(unsigned int sample)
{
    prepare_ring(sample);
    start_shared_info()->vcpu_info[0].evtchn_upcall_mask = 0;
    return paths_upcall(__HYPERVISOR_event_channel_op, (const void *)EVTCHNOP_send, &send);
}
static uint32_t run_iret(unsigned int sample)
{
    (void)sample;
    return paths_user(0);
}
static uint32_t run_user_syscall(unsigned int sample)
{
    (void)sample;
    return paths_user(1);
}
static uint32_t run_round_trip(unsigned int sample)
{
    (void)sample;
    return paths_user(2);
}

static void make_pages(void)
{
    window = memory_window_alloc(SAMPLES + 2);
    for (unsigned int i = 0; i < SAMPLES; i++) {
        pages[i] = memory_alloc_page();
        frames[i] = memory_mfn_of(pages[i]);
        (void)hypercall_update_va_mapping((unsigned long)window + i * 4096ul,
                                          frames[i] << 12 | PTE_RW, UVMF_INVLPG);
        entries[i] = page_table_entry_machine_address(window + i * 4096ul);
    }
}

/* A channel from this domain to itself. */
static void make_channel(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};

    (void)hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &unbound);
    bind.remote_port = unbound.port;
    (void)hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind);
    send.port = bind.local_port;
    rung_port = unbound.port;
}

/* Each sample maps a page of ours, by grant to ourselves, over a mapping of the window, and takes it off again. */
static void prepare_grant_map(unsigned int sample)
{
    map_grant.host_addr = (unsigned long)window + sample * 4096ul;
    if (sample != 0) {
        unmap_grant.host_addr = map_grant.host_addr - 4096;
        unmap_grant.handle = map_grant.handle;
        lend_unmap(0);
    }
}

static void prepare_grant_unmap(unsigned int sample)
{
    map_grant.host_addr = (unsigned long)window + sample * 4096ul;
    lend_map(0);
    unmap_grant.host_addr = map_grant.host_addr;
    unmap_grant.handle = map_grant.handle;
}

static void measure_grants(void)
{
    map_grant.flags = GNTMAP_host_map;
    map_grant.ref = (grant_ref_t)grant_access(0, pages[0], false);
    measure("grant map", prepare_grant_map, lend_map, 1);
    unmap_grant.host_addr = map_grant.host_addr;
    unmap_grant.handle = map_grant.handle;
    lend_unmap(0);
    measure("grant unmap, never touched", prepare_grant_unmap, lend_unmap, 1);
    for (unsigned int i = 0; i < 32; i++) {
        copies[i].source.u.ref = map_grant.ref;
        copies[i].dest.u.gmfn = frames[1];
        copies[i].dest.domid = DOMID_SELF;
        copies[i].len = 64;
        copies[i].flags = GNTCOPY_source_gref;
    }
    measure("grant copy, 64 bytes", NULL, copy_one, 1);
    measure("grant copy, 64 bytes, each of 32", NULL, copy_batch, 32);
    for (unsigned int i = 0; i < 32; i++) {
        copies[i].len = 4096;
    }
    measure("grant copy, a page", NULL, copy_one, 1);
}

static void measure_memory(void)
{
    measure("update_va_mapping, absent to present", prepare_map, map_one, 1);
    measure("update_va_mapping, change, INVLPG", NULL, change_one, 1);
    measure("mmu_update, one", prepare_update, update_one, 1);
    measure("mmu_update, each of 64", prepare_batch, update_batch, BATCH);
    extended.cmd = MMUEXT_TLB_FLUSH_LOCAL;
    measure("TLB_FLUSH_LOCAL", NULL, mmuext, 1);
    extended.cmd = MMUEXT_INVLPG_LOCAL;
    extended.arg1.linear_addr = (unsigned long)window;
    measure("INVLPG_LOCAL", NULL, mmuext, 1);
    extended.cmd = MMUEXT_NEW_BASEPTR;
    extended.arg1.mfn = memory_mfn_of((const void *)start_information()->pt_base);
    measure("NEW_BASEPTR", NULL, mmuext, 1);
}

/* Both modes on one base: all our pages are user pages to the hardware. */
static void measure_entries(void)
{
    static const struct trap_info traps[] = {{14, 0, 0xe033, (unsigned long)paths_entry},
                                             {0, 0, 0, 0}};
    struct callback_register callback = {.type = CALLBACKTYPE_syscall,
                                         .address = (unsigned long)paths_syscall};

    extended.cmd = MMUEXT_NEW_USER_BASEPTR;
    mmuext(0);
    (void)hypercall_callback_op(CALLBACKOP_register, &callback);
    stack_switch(0);
    (void)hypercall_set_trap_table(traps);
    measure_special("page fault to its handler", run_trap);
    measure_special("iret to user mode", run_iret);
    measure_special("user syscall to the kernel", run_user_syscall);
    measure_special("user syscall and back", run_round_trip);
    callback.type = CALLBACKTYPE_event;
    callback.address = (unsigned long)paths_entry;
    (void)hypercall_callback_op(CALLBACKOP_register, &callback);
    measure_special("event to its upcall", run_upcall);
}

int main(void)
{
    make_pages();
    make_channel();
    for (unsigned int i = 0; i < 32; i++) {
        calls[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version};
    }
    measure("null hypercall", NULL, null_call, 1);
    measure("xen_version", NULL, version, 1);
    measure("multicall, each of 32", NULL, multicall, 32);
    measure_memory();
    measure("stack_switch", NULL, stack_switch, 1);
    measure("set_segment_base", NULL, segment_base, 1);
    measure("fpu_taskswitch", NULL, task_switch, 1);
    measure("set_timer_op", NULL, timer, 1);
    (void)hypercall_set_timer_op(0);
    measure("yield, nobody else", NULL, yield, 1);
    measure("evtchn_send, not delivering", prepare_ring, ring, 1);
    measure_grants();
    measure("mov from cr0", NULL, read_cr0, 1);
    measure("rdmsr", NULL, read_msr, 1);
    measure_entries();
    printf("path: end\n");
    shutdown_poweroff(0);
}

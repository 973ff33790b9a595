/* SPDX-License-Identifier: MIT */
/* Attacks on events, time, grants, and on the back ends and the store of dom0. */
#include "attack.h"

#include <stdio.h>
#include <string.h>

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/io/console.h>
#include <public/io/xs_wire.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <pvk/grant.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/start.h>
#include <pvk/time.h>

/* --- Events and time -------------------------------------------------------------------------------------- */

static long alloc_unbound(uint16_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = remote};
    long result = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &op);

    *port = op.port;
    return result;
}

/* All ports there are, each rung and closed in some order; in the end many stay open. */
void event_storm(void)
{
    uint32_t port, first = 0;
    long result;
    unsigned int got = 0;

    while ((result = alloc_unbound(got % 3 == 0 ? 0 : DOMID_SELF, &port)) == 0) {
        first = first == 0 ? port : first;
        got++;
    }
    attack_expect("exhausted", result, -28);
    printf("%u ports\n", got);
    for (uint32_t p = first; p < first + got; p += 3) {
        struct evtchn_send send = {p};
        struct evtchn_close close = {p};
        struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF, .remote_port = p + 1};
        struct evtchn_unmask unmask = {p};

        (void)hypercall_event_channel_op(EVTCHNOP_send, &send);
        (void)hypercall_event_channel_op(EVTCHNOP_close, &close);
        (void)hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind);
        send.port = bind.local_port;
        (void)hypercall_event_channel_op(EVTCHNOP_send, &send);
        (void)hypercall_event_channel_op(EVTCHNOP_unmask, &unmask);
    }
    for (unsigned int command = 0; command < 16; command++) {
        uint32_t words[8] = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
                             0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};

        if (command != EVTCHNOP_reset) {
            attack_expect("nonsense is refused", hypercall_event_channel_op(command, words) < 0, 1);
        }
        attack_expect("a bad pointer",
                      hypercall_event_channel_op(command, (void *)IN_HYPERVISOR) < 0, 1);
    }
}

void shared_info(void)
{
    volatile uint8_t *bytes = (volatile uint8_t *)start_shared_info();
    uint64_t seed = 12345;

    for (unsigned int round = 0; round < 200; round++) {
        for (unsigned int i = 64; i < 4096;
             i++) { /* not this vCPU's own mask: it has no handler for everything */
            seed = seed * 6364136223846793005ul + 1442695040888963407ul;
            bytes[i] = (uint8_t)(seed >> 56);
        }
        (void)hypercall_sched_op(SCHEDOP_yield, NULL);
        (void)hypercall_set_timer_op(time_monotonic_ns());
        struct evtchn_send send = {1};
        (void)hypercall_event_channel_op(EVTCHNOP_send, &send);
    }
    memset((void *)(uintptr_t)(bytes + 64), 0, 2000);
    attack_expect("still here", 0, 0);
}

void timers(void)
{
    static const uint64_t deadlines[] = {0, 1, 1ul << 62, 1ul << 63, ~0ul, 1000};
    struct vcpu_set_periodic_timer period = {.period_ns = 1};
    struct vcpu_set_singleshot_timer once = {.timeout_abs_ns = 1};

    for (unsigned int i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        attack_expect("set_timer_op", hypercall_set_timer_op(deadlines[i]), 0);
    }
    attack_expect("a period of 1 ns", hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &period),
                  -22);
    period.period_ns = 1ul << 63;
    printf("a period of 2^63 ns: %ld\n", hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &period));
    period.period_ns = 1000000;
    attack_expect("a period of 1 ms", hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &period), 0);
    for (unsigned int i = 0; i < 20000; i++) {
        (void)hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &once);
        (void)hypercall_set_timer_op(1);
    }
    attack_expect("no such vCPU", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 99, NULL), -2);
    attack_expect("stop", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
}

/* Lists as long as the ABI allows. */
void long_lists(void)
{
    enum { COUNT = 20000 };
    static struct multicall_entry calls[COUNT];
    static struct mmu_update updates[COUNT];
    struct victim page = victim_page();
    uint64_t entry = attack_entry_of(page.words);
    unsigned int done = 0;

    for (unsigned int i = 0; i < COUNT; i++) {
        calls[i].op = i % 7 == 0   ? __HYPERVISOR_multicall
                      : i % 7 == 1 ? 77
                                   : __HYPERVISOR_xen_version;
        updates[i] =
            (struct mmu_update){entry, i % 2 == 0 ? page.mfn << 12 | 5 : page.mfn << 12 | 7};
    }
    attack_expect("multicall", hypercall_multicall(calls, COUNT), 0);
    attack_expect("a multicall inside", (long)calls[0].result, -22);
    attack_expect("an unknown call inside", (long)calls[1].result, -38);
    attack_expect("mmu_update", hypercall_mmu_update(updates, COUNT, &done, DOMID_SELF), 0);
    attack_expect("done", done, COUNT);
    attack_expect("2^32-1 updates", hypercall_mmu_update(updates, ~0u, &done, DOMID_SELF) < 0, 1);
    attack_expect("2^32-1 calls", hypercall_multicall(calls, ~0u) < 0, 1);
    attack_expect("a list that leaves the half",
                  hypercall_multicall((void *)0x7ffffffff000, ~0u) < 0, 1);
}

/* vcpu_op initialise with hostile contexts, on a vCPU that does not exist or is this one. */
void contexts(void)
{
    static struct vcpu_guest_context context;

    memset(&context, 0xff, sizeof(context));
    attack_expect("this vCPU", hypercall_vcpu_op(VCPUOP_initialise, 0, &context) < 0, 1);
    for (unsigned int vcpu = 1; vcpu < 4; vcpu++) {
        attack_expect("no vCPU", hypercall_vcpu_op(VCPUOP_initialise, vcpu, &context), -2);
        attack_expect("up", hypercall_vcpu_op(VCPUOP_up, vcpu, NULL), -2);
    }
    attack_expect("2^31", hypercall_vcpu_op(VCPUOP_is_up, 1u << 31, NULL), -2);
}

void vcpu_areas(void)
{
    struct vcpu_register_vcpu_info info = {.mfn = victim_page().mfn, .offset = 4090};
    struct vcpu_register_runstate_memory_area runstate;

    attack_expect("straddles", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info) < 0, 1);
    info.offset = 0xffffffff;
    attack_expect("far away", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info) < 0, 1);
    info.offset = 0;
    info.mfn = 0xfee00;
    attack_expect("a device", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info) < 0, 1);
    memset(&runstate, 0, sizeof(runstate));
    runstate.addr.p = IN_HYPERVISOR;
    printf("runstate in the hypervisor: %ld\n",
           hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &runstate));
    for (unsigned int i = 0; i < 100; i++) {
        (void)hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    runstate.addr.p = NOT_MAPPED;
    printf("runstate not mapped: %ld\n",
           hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &runstate));
    for (unsigned int i = 0; i < 100; i++) {
        (void)hypercall_sched_op(SCHEDOP_yield, NULL);
    }
}

/* --- Grants ------------------------------------------------------------------------------------------------- */

static uint8_t *window;

static long map(uint32_t reference, uint32_t flags, uint16_t domid, unsigned long address,
                uint32_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = address, .flags = flags, .ref = reference, .dom = domid};
    long result = hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);

    *handle = op.handle;
    return result != 0 ? result : op.status;
}

static long unmap(uint32_t handle, unsigned long address)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = address, .handle = handle};
    long result = hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1);

    return result != 0 ? result : op.status;
}

static uint32_t lend(struct victim page, bool read_only)
{
    return (uint32_t)grant_access(start_domid(), page.words, read_only);
}

void grant_maps(void)
{
    struct victim page = victim_page(), table = victim_page();
    uint16_t self = start_domid();
    uint32_t reference = lend(page, false), sealed = lend(page, true), of_table, handle, wrong;
    unsigned long here;

    window = memory_window_alloc(4);
    here = (unsigned long)window;
    (void)victim_map(table, ENTRY_PRESENT);
    attack_expect("pin", attack_mmuext(MMUEXT_PIN_L1_TABLE, table.mfn), 0);
    of_table = lend(table, false);
    attack_expect("a page table, writable", map(of_table, GNTMAP_host_map, self, here, &handle),
                  -1);
    attack_expect("beyond the table", map(~0u, GNTMAP_host_map, self, here, &handle), -3);
    attack_expect("domain 999", map(reference, GNTMAP_host_map, 999, here, &handle), -2);
    attack_expect("read-only, writable", map(sealed, GNTMAP_host_map, self, here, &handle), -1);
    attack_expect("in the hypervisor",
                  map(reference, GNTMAP_host_map, self, IN_HYPERVISOR, &handle), -1);
    attack_expect("not canonical", map(reference, GNTMAP_host_map, self, NOT_CANONICAL, &handle),
                  -1);
    for (uint32_t ref = 0; ref < 64; ref++) {
        long seen = map(ref, GNTMAP_host_map, 0, here, &handle);

        attack_expect("dom0's", seen != 0, 1);
    }
    attack_expect("map", map(reference, GNTMAP_host_map, self, here, &handle), 0);
    attack_expect("unmap elsewhere", unmap(handle, here + 4096) != 0, 1);
    attack_expect("unmap what is not", unmap(handle + 1000, here), -4);
    printf("map read-only over it: %ld\n",
           map(sealed, GNTMAP_host_map | GNTMAP_readonly, self, here, &wrong));
    printf("unmap the first of two at one place: %ld\n", unmap(handle, here));
    printf("unmap the second: %ld\n", unmap(wrong, here));
    printf("the first again: %ld\n", unmap(handle, here));
}

/* An entry that changes between two looks cannot change here (one vCPU): every value it can have is tried. */
void grant_flip(void)
{
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    unsigned long frame;
    struct victim page = victim_page();
    uint32_t reference = lend(page, false), handle;
    struct grant_entry_v1 *table;
    uint64_t seed = 77;
    unsigned int held = 0;

    set_xen_guest_handle(setup.frame_list, &frame);
    attack_expect("setup_table", hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
    table = memory_map_frames(&frame, 1, MEMORY_WRITE, DOMID_SELF, NULL);
    attack_expect("the table", table != NULL && reference < 512, 1);
    window = memory_window_alloc(1);
    for (unsigned int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005ul + 1442695040888963407ul;
        table[reference].frame = i % 3 == 0 ? (uint32_t)page.mfn : (uint32_t)(seed >> 32);
        table[reference].domid = i % 2 == 0 ? start_domid() : (uint16_t)seed;
        table[reference].flags = (uint16_t)(seed >> 16);
        if (map(reference, (uint32_t)(seed >> 40), start_domid(), (unsigned long)window, &handle) ==
            0) {
            held++;
            table[reference].frame = (uint32_t)(seed >> 20);
            table[reference].flags = 0;
            (void)unmap(handle, (unsigned long)window);
        }
    }
    printf("%u maps\n", held);
}

void grant_revoke(void)
{
    struct victim page = victim_page();
    uint32_t reference = lend(page, false), handle;
    unsigned long here;

    window = memory_window_alloc(1);
    here = (unsigned long)window;
    attack_expect("map", map(reference, GNTMAP_host_map, start_domid(), here, &handle), 0);
    attack_expect("take it back while mapped", grant_end_access(reference) < 0, 1);
    attack_expect("the entry goes behind the hypervisor's back",
                  hypercall_update_va_mapping(here, 0, UVMF_INVLPG), 0);
    attack_expect("unmap what is gone", unmap(handle, here) != 0, 1);
    attack_expect("another mapping of the frame",
                  hypercall_update_va_mapping(here, page.mfn << 12 | 7, UVMF_INVLPG), 0);
    printf("unmap now: %ld\n", unmap(handle, here));
    printf("end access: %d\n", grant_end_access(reference));
}

/* Maps until there are no more handles; they stay for the domain's end. */
void grant_exhaust(void)
{
    struct victim page = victim_page();
    uint32_t reference = lend(page, true), handle;
    unsigned int got = 0;
    long result;

    window = memory_window_alloc(1);
    while ((result = map(reference, GNTMAP_host_map | GNTMAP_readonly, start_domid(),
                         (unsigned long)window, &handle)) == 0 &&
           got < 1u << 22) {
        got++;
    }
    printf("%u maps, then %ld\n", got, result);
    attack_expect("it ends with a status", result < 0, 1);
}

void grant_tables(void)
{
    static unsigned long frames[64];
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1000000};
    struct gnttab_copy copies[2];

    set_xen_guest_handle(setup.frame_list, frames);
    attack_expect("setup_table", hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
    attack_expect("a million frames", setup.status, -1);
    setup.nr_frames = 32;
    attack_expect("setup_table", hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
    memset(copies, 0, sizeof(copies));
    copies[0].source.domid = copies[0].dest.domid = DOMID_SELF;
    copies[0].source.u.gmfn = victim_page().mfn;
    copies[0].dest.u.gmfn = memory_mfn_of((const void *)start_information()->pt_base);
    copies[0].len = 64;
    (void)hypercall_grant_table_op(GNTTABOP_copy, copies, 1);
    attack_expect("a copy into the live base", copies[0].status != 0, 1);
    copies[0].dest.u.gmfn = copies[0].source.u.gmfn;
    copies[0].source.offset = 0xffff;
    copies[0].len = 0xffff;
    (void)hypercall_grant_table_op(GNTTABOP_copy, copies, 1);
    attack_expect("an offset beyond the page", copies[0].status, -10);
    copies[0].source.offset = 0;
    copies[0].len = 16;
    copies[0].source.domid = 0;
    (void)hypercall_grant_table_op(GNTTABOP_copy, copies, 1);
    attack_expect("a frame of dom0's", copies[0].status != 0, 1);
    copies[0].source.domid = DOMID_SELF;
    copies[0].source.u.gmfn = 0xfee00;
    (void)hypercall_grant_table_op(GNTTABOP_copy, copies, 1);
    attack_expect("a device's frame", copies[0].status != 0, 1);
}

/* --- dom0's back ends ---------------------------------------------------------------------------------------- */

static void ring(uint32_t port)
{
    struct evtchn_send send = {port};

    (void)hypercall_event_channel_op(EVTCHNOP_send, &send);
}

void console_flood(void)
{
    const struct start_info *info = start_information();
    struct xencons_interface *page =
        memory_address_of_pfn(memory_pfn_of_mfn(info->console.domU.mfn));
    uint32_t old = page->out_prod;

    for (unsigned int i = 0; i < 2000; i++) {
        for (unsigned int j = 0; j < sizeof(page->out); j++) {
            page->out[j] = (char)(j * 7 + i);
        }
        page->out_prod += i % 3 == 0 ? 100000 : 2048;
        page->in_cons -= 70000;
        ring(info->console.domU.evtchn);
        (void)hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    memset(page->out, '\n', sizeof(page->out));
    page->out_prod = page->out_cons;
    page->in_cons = page->in_prod;
    (void)old;
    attack_expect("still here", 0, 0);
}

/* Headers that lie, a ring overrun, replies that nobody reads. */
void store_garbage(void)
{
    const struct start_info *info = start_information();
    struct xenstore_domain_interface *page =
        memory_address_of_pfn(memory_pfn_of_mfn(info->store_mfn));
    static const struct xsd_sockmsg lies[] = {{255, 1, 0, 8},
                                              {1, 2, 77, 4000},
                                              {0, 3, 0, 4097},
                                              {1, 4, 0, 0xffffffff},
                                              {11, 5, 0xffffffff, 1}};

    for (unsigned int i = 0; i < 400; i++) {
        const struct xsd_sockmsg *lie = &lies[i % 5];

        for (unsigned int j = 0; j < sizeof(page->req); j++) {
            page->req[j] = ((const char *)lie)[j % sizeof(*lie)];
        }
        page->req_prod += i % 7 == 0 ? 5000 : 1000;
        page->rsp_cons -= i % 11 == 0 ? 3000 : 0;
        ring(info->store_evtchn);
        (void)hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    attack_expect("still here", 0, 0);
}

/* For ever: its indices and entries are other ones at every moment, whenever dom0 comes to look at them again. */
void scribble(void)
{
    const struct start_info *info = start_information();
    struct xenstore_domain_interface *store =
        memory_address_of_pfn(memory_pfn_of_mfn(info->store_mfn));
    struct xencons_interface *console =
        memory_address_of_pfn(memory_pfn_of_mfn(info->console.domU.mfn));
    static xen_pfn_t frame;
    static struct gnttab_setup_table table = {.dom = DOMID_SELF, .nr_frames = 1};
    uint32_t noise = 1;

    printf("scribbles for ever\n");
    set_xen_guest_handle(table.frame_list, &frame);
    (void)hypercall_grant_table_op(GNTTABOP_setup_table, &table, 1);
    struct grant_entry_v1 *entries = memory_map_frames(&frame, 1, MEMORY_WRITE, DOMID_SELF, NULL);
    for (;;) {
        for (unsigned int i = 0; i < 2000; i++) {
            noise = noise * 1664525u + 1013904223u;
            ((uint32_t *)(void *)store)[(noise >> 4) % 1024] = noise;
            ((uint32_t *)(void *)console)[(noise >> 5) % 1024] = noise;
            if (entries != NULL) {
                entries[(noise >> 6) % 16].flags = (uint16_t)(noise >> 8);
                entries[(noise >> 7) % 16].frame = noise >> (noise & 15);
            }
        }
        ring(info->store_evtchn);
        ring(info->console.domU.evtchn);
        (void)hypercall_sched_op(SCHEDOP_yield, NULL);
    }
}

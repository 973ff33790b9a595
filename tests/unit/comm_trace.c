/* SPDX-License-Identifier: MIT */
/* The trace rings: settings, records, a full ring, and a reader that writes nonsense. */
#include <criterion/criterion.h>
#include <string.h>

#include <public/event_channel.h>
#include <public/trace.h>

#include "comm_world.h"
#include "xenlike/observe/trace.h"

static int64_t absent(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
    return -XEN_ENOSYS;
}

hypercall_handler *const hypercall_table[NR_HYPERCALLS] = {[0 ... NR_HYPERCALLS - 1] = absent};

#define PAGES 1u
#define ROOM  (PAGES * PAGE_SIZE - sizeof(struct t_buf))

extern bool fake_calls_traced;
static struct xen_sysctl_tbuf_op op;
static struct domain *guest;
static struct t_buf *ring;

static int control(uint32_t command)
{
    op.cmd = command;
    return trace_control(&op);
}

static void start(void)
{
    world_start();
    guest = world_guest(1);
    op.size = PAGES;
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_set_size), 0);
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_get_info), 0);
    const struct t_info *info = machine_frame(MFN(op.buffer_mfn));
    cr_assert_eq(info->tbuf_size, PAGES);
    ring = machine_frame(MFN(((const uint32_t *)info)[info->mfn_offset[0]]));
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_enable), 0);
}

/* A call without meaning to the hypervisor, from the guest or dom0. */
static int64_t call(struct vcpu *v)
{
    fake_run(v);
    v->regs.rax = 63;
    return trace_table[63](1, UINT64_C(2) << 32, 3, 4, 5, 6);
}

Test(trace, sizes_and_order_are_checked)
{
    world_start();
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_enable), -XEN_EINVAL, "no ring yet");
    op.size = 0;
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_set_size), -XEN_EINVAL);
    op.size = 65;
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_set_size), -XEN_EINVAL);
    op.size = 2;
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_set_size), 0);
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_set_size), 0);
    op.size = 3;
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_set_size), -XEN_EINVAL, "rings are made once");
    cr_assert_eq(control(99), -XEN_EINVAL);
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_enable), 0);
    cr_assert(fake_calls_traced);
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_disable), 0);
    cr_assert(!fake_calls_traced);
}

Test(trace, a_guests_call_leaves_three_records_and_dom0s_none)
{
    start();
    cr_assert_eq(call(guest->vcpus[0]), -XEN_ENOSYS);
    const uint32_t *words = (const uint32_t *)(ring + 1);
    cr_assert_eq(ring->prod, (9 + 8 + 7) * 4);
    cr_assert_eq(words[0], TRACE_CALL | 6u << 28 | 1u << 31);
    cr_assert_eq(words[3], guest->id);
    cr_assert_eq(words[4], 63);
    cr_assert_eq(words[8], 2);
    cr_assert_eq(words[9], TRACE_CALL_MORE | 5u << 28 | 1u << 31);
    cr_assert_eq(words[17], TRACE_CALL_RESULT | 4u << 28 | 1u << 31);
    cr_assert_eq((int32_t)words[22], -XEN_ENOSYS);
    cr_assert_eq(call(hardware_domain->vcpus[0]), -XEN_ENOSYS);
    cr_assert_eq(ring->prod, (9 + 8 + 7) * 4);
}

/* The next record's words; its event in *event. */
static const uint32_t *next_record(uint32_t *event)
{
    const uint32_t *words = (const uint32_t *)((char *)(ring + 1) + ring->cons % ROOM);

    *event = words[0] & 0x0fffffff;
    ring->cons += 4 * (1 + (words[0] >> 28 & 7) + 2);
    return words + 3;
}

Test(trace, a_multicalls_entries_follow_with_what_they_point_to)
{
    struct multicall_entry *entry;
    static const uint32_t events[] = {TRACE_CALL,        TRACE_CALL_MORE,   TRACE_CALL,
                                      TRACE_CALL_MORE,   TRACE_CALL_MEMORY, TRACE_CALL_MEMORY,
                                      TRACE_CALL_RESULT, TRACE_CALL_RESULT};
    uint32_t event;

    start();
    /* A structure at the very end of memory: what lies behind it is not read. */
    entry = (struct multicall_entry *)(void *)world.buffer;
    *entry = (struct multicall_entry){.op = __HYPERVISOR_event_channel_op, .result = 7};
    entry->args[0] = EVTCHNOP_send;
    entry->args[1] = WORLD_BUFFER + WORLD_BUFFER_SIZE - 4;
    *(uint32_t *)(void *)(world.buffer + WORLD_BUFFER_SIZE - 4) = 1234;
    fake_run(guest->vcpus[0]);
    guest->vcpus[0]->regs.rax = __HYPERVISOR_multicall;
    trace_table[__HYPERVISOR_multicall](WORLD_BUFFER, 1, 0, 0, 0, 0);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        const uint32_t *words = next_record(&event);

        cr_assert_eq(event, events[i], "record %zu: %x", i, event);
        if (i == 2 || i == 6) {
            cr_assert_eq(words[1], __HYPERVISOR_event_channel_op | TRACE_INNER);
        }
        cr_assert(i != 4 || words[2] == 1234);
        cr_assert(i != 6 || words[2] == 7, "the entry's own result");
        cr_assert(i != 7 || words[1] == __HYPERVISOR_multicall);
    }
    cr_assert_eq(ring->cons, ring->prod);
}

Test(trace, a_mask_keeps_events_out)
{
    start();
    op.evt_mask = TRC_SCHED;
    cr_assert_eq(control(XEN_SYSCTL_TBUFOP_set_evt_mask), 0);
    call(guest->vcpus[0]);
    cr_assert_eq(ring->prod, 0);
}

/* Reads all records, checking that each lies inside; how many calls were seen, how many lost. */
static uint32_t read_all(uint32_t *lost)
{
    uint32_t calls = 0;

    while (ring->cons != ring->prod) {
        const uint32_t *words = (const uint32_t *)((char *)(ring + 1) + ring->cons % ROOM);
        uint32_t event = words[0] & 0x0fffffff;
        uint32_t size = 4 * (1 + (words[0] >> 28 & 7) + (words[0] >> 31) * 2);

        cr_assert_leq(ring->cons % ROOM + size, ROOM, "a record crosses the end");
        calls += event == TRACE_CALL;
        *lost += event == TRC_LOST_RECORDS ? words[3] : 0;
        ring->cons = (ring->cons + size) % (2 * ROOM);
    }
    return calls;
}

Test(trace, a_full_ring_counts_what_it_loses_and_wraps)
{
    uint32_t lost = 0, calls = 0;

    start();
    for (int i = 0; i < 1000; i++) {
        call(guest->vcpus[0]);
        if (i % 7 == 0) {
            calls += read_all(&lost);
        }
    }
    calls += read_all(&lost);
    cr_assert_eq(calls, 1000);
    cr_assert_eq(lost, 0);
    for (int i = 0; i < 1000; i++) {
        call(guest->vcpus[0]);
    }
    calls = read_all(&lost);
    cr_assert(calls > 30 && calls < 60, "%u", calls);
    call(guest->vcpus[0]);
    read_all(&lost);
    cr_assert_gt(lost, 2000);
}

Test(trace, TR2_a_reader_that_writes_nonsense_moves_no_record_out_of_its_ring)
{
    start();
    memset((char *)ring + PAGES * PAGE_SIZE, 0, 8);
    for (uint32_t i = 0; i < 5000; i++) {
        ring->cons = i * UINT32_C(2654435761);
        call(guest->vcpus[0]);
        cr_assert_lt(ring->prod, 2 * ROOM);
    }
}

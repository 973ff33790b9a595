/* SPDX-License-Identifier: MIT */
/* Hypercalls as `strace` writes them: names, structures, lists that are longer than what was recorded. */
#include <criterion/criterion.h>
#include <string.h>

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/xen.h>

#include "dom0-tools/pvctl/hypercall_names.h"

static struct hypercall_memory memory;

static const char *text_of(uint32_t number, uint64_t a1, uint64_t a2, uint64_t a3)
{
    static char text[900];
    const uint64_t arguments[4] = {a1, a2, a3, DOMID_SELF};

    hypercall_names_call(number, arguments, &memory, text, sizeof(text));
    return text;
}

static void put(size_t element, const void *bytes, size_t size)
{
    memcpy(memory.elements[element], bytes, size);
    memory.nr_elements = element + 1;
}

Test(hypercalls, a_structure_that_was_not_recorded_is_an_address)
{
    cr_assert_str_eq(text_of(__HYPERVISOR_event_channel_op, EVTCHNOP_send, 0x1000, 0),
                     "event_channel_op(send, 0x1000)");
    cr_assert_str_eq(text_of(__HYPERVISOR_set_timer_op, 0, 0, 0), "set_timer_op(0)");
}

Test(hypercalls, event_channels_and_scheduling)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = 3, .remote_port = 4, .local_port = 5};
    struct sched_shutdown shutdown = {.reason = SHUTDOWN_crash};

    put(0, &bind, sizeof(bind));
    cr_assert_str_eq(
        text_of(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, 1, 0),
        "event_channel_op(bind_interdomain, {remote_dom=3, remote_port=4, local_port=5})");
    put(0, &shutdown, sizeof(shutdown));
    cr_assert_str_eq(text_of(__HYPERVISOR_sched_op, SCHEDOP_shutdown, 1, 0),
                     "sched_op(shutdown, {reason=crash})");
    cr_assert_str_eq(text_of(__HYPERVISOR_event_channel_op, 99, 0x20, 0),
                     "event_channel_op(0x63, 0x20)");
}

Test(hypercalls, page_tables)
{
    struct mmu_update update = {.ptr = 0x1000 | MMU_PT_UPDATE_PRESERVE_AD, .val = 0x2067};
    struct mmuext_op extended = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = 0x77};

    put(0, &update, sizeof(update));
    cr_assert_str_eq(text_of(__HYPERVISOR_mmu_update, 1, 20, 0),
                     "mmu_update([{ptr=0x1000|preserve_ad, val=0x2067}, ...], 0x14, 0, 0x7ff0)");
    put(0, &extended, sizeof(extended));
    cr_assert_str_eq(text_of(__HYPERVISOR_mmuext_op, 1, 1, 0),
                     "mmuext_op([{cmd=pin_l4, mfn=0x77, arg2=0x0}], 1, 0, 0x7ff0)");
    extended.cmd = 1000;
    put(0, &extended, sizeof(extended));
    cr_assert(strstr(text_of(__HYPERVISOR_mmuext_op, 1, 1, 0), "cmd=?") != NULL);
}

Test(hypercalls, grants_and_memory)
{
    struct gnttab_map_grant_ref map = {.host_addr = 0x5000,
                                       .ref = 8,
                                       .dom = 0,
                                       .handle = 2,
                                       .flags = GNTMAP_host_map | GNTMAP_readonly};
    struct xen_memory_reservation reservation = {
        .nr_extents = 2, .extent_order = 9, .domid = DOMID_SELF};

    put(0, &map, sizeof(map));
    cr_assert_str_eq(
        text_of(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, 1, 1),
        "grant_table_op(map_grant_ref, [{ref=8, dom=0, flags=host|ro, host_addr=0x5000, "
        "status=0, handle=2}], 1)");
    put(0, &reservation, sizeof(reservation));
    cr_assert_str_eq(text_of(__HYPERVISOR_memory_op, XENMEM_populate_physmap, 1, 0),
                     "memory_op(populate_physmap, {frames=0x0, nr=2, order=9, dom=self})");
}

/* Whatever a guest's memory holds: the text ends, and stays in its buffer (ASan). */
Test(hypercalls, any_bytes_give_a_text)
{
    memset(&memory, 0xff, sizeof(memory));
    memory.nr_elements = HYPERCALL_ELEMENTS;
    for (uint32_t number = 0; number < 64; number++) {
        for (uint64_t operation = 0; operation < 40; operation++) {
            cr_assert_lt(strlen(text_of(number, operation, ~0ull, ~0ull)), 900);
        }
    }
}

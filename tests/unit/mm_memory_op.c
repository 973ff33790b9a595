/* SPDX-License-Identifier: MIT */
/* memory_op: reservations, exchange, maps. */
#include <criterion/criterion.h>
#include <string.h>

#include "mm_tables.h"
#include "xenlike/hypercall/hypercall.h"
#include "xenlike/hypercall/memory_ops.h"

static struct guest g, control;
#define ARGUMENT UINT64_C(0x600000000000)
#define LIST     UINT64_C(0x500000000000)
#define OUT      UINT64_C(0x400000000000)
static void *argument;
static uint64_t *list, *out;

static void setup(void)
{
    fake_machine_init(2048);
    tables_guest(&control, 0, true);
    tables_guest(&g, 1, false);
    argument = fake_flat(ARGUMENT, PAGE_SIZE);
    list = fake_flat(LIST, PAGE_SIZE);
    out = fake_flat(OUT, PAGE_SIZE);
}

TestSuite(memory_op, .init = setup);

static void check(void)
{
    const char *wrong = fake_check();

    cr_assert_null(wrong, "%s", wrong);
}

static int64_t change(unsigned int op, uint64_t nr, unsigned int order, domid_t domid)
{
    struct xen_memory_reservation *r = argument;

    *r = (struct xen_memory_reservation){.nr_extents = nr, .extent_order = order, .domid = domid};
    r->extent_start.p = (void *)LIST;
    return hc_memory_op(op, ARGUMENT, 0, 0, 0, 0);
}

Test(memory_op, populate_then_decrease)
{
    uint32_t before = g.d->nr_frames;

    for (unsigned int i = 0; i < 10; i++) {
        list[i] = 1000 + i * 4;
    }
    cr_assert_eq(change(XENMEM_populate_physmap, 10, 2, DOMID_SELF), 10);
    cr_assert_eq(g.d->nr_frames, before + 40);
    for (unsigned int i = 0; i < 10; i++) {
        cr_assert_eq(list[i] % 4, 0);
        cr_assert_eq(m2p_get(MFN(list[i] + 3)), 1000 + i * 4 + 3);
    }
    check();
    cr_assert_eq(change(XENMEM_decrease_reservation, 10, 2, DOMID_SELF), 10);
    cr_assert_eq(g.d->nr_frames, before);
    cr_assert_eq(change(XENMEM_decrease_reservation, 10, 2, DOMID_SELF), 0, "they are gone");
    check();
}

Test(memory_op, batches_answer_with_what_was_done)
{
    list[0] = g.data[7].n;
    list[1] = control.data[0].n;
    cr_assert_eq(change(XENMEM_decrease_reservation, 2, 0, DOMID_SELF), 1, "another's stays");
    cr_assert_eq(change(XENMEM_populate_physmap, 1, 64, DOMID_SELF), 0);
    cr_assert_eq(change(XENMEM_populate_physmap, 1, 10, DOMID_SELF), 0);
    cr_assert_eq(change(XENMEM_populate_physmap, UINT64_C(1) << 60, 0, DOMID_SELF), 0);
    cr_assert_eq(change(XENMEM_populate_physmap, 1, 0, 99), 0, "no such domain");
    cr_assert_eq(change(XENMEM_populate_physmap, 1, 0, 0), -XEN_EPERM, "not privileged");
    cr_assert_eq(hc_memory_op(XENMEM_populate_physmap, HV_VIRT_START, 0, 0, 0, 0), 0);
    cr_assert_eq(hc_memory_op(XENMEM_populate_physmap | (7 << 6), HV_VIRT_START, 0, 0, 0, 0), 7);
    g.d->max_frames = g.d->nr_frames + 3;
    cr_assert_eq(change(XENMEM_populate_physmap, 5, 0, DOMID_SELF), 3);
    check();
}

Test(memory_op, a_fault_on_the_list_ends_the_batch)
{
    for (unsigned int n = 1; n <= 5; n++) {
        fake_fail_access = n;
        cr_assert_lt(change(XENMEM_populate_physmap, 2, 0, DOMID_SELF), 3);
        fake_fail_access = 0;
        check();
    }
}

Test(memory_op, a_batch_goes_on_where_it_was_preempted)
{
    uint64_t cmd = XENMEM_populate_physmap;
    unsigned int restarts = 0;
    int64_t result;
    struct xen_memory_reservation *r = argument;

    *r = (struct xen_memory_reservation){.nr_extents = 20, .domid = DOMID_SELF};
    r->extent_start.p = (void *)LIST;
    fake_preempt_every = 1;
    while ((result = hc_memory_op(cmd, ARGUMENT, 0, 0, 0, 0)) == -XEN_ERESTART) {
        cmd = (uint64_t)fake_continuation[1];
        restarts++;
    }
    cr_assert_eq(result, 20);
    cr_assert_eq(restarts, 19);
    check();
}

Test(memory_op, a_live_table_that_is_given_back_stays_one)
{
    list[0] = g.l1.n;
    cr_assert_eq(change(XENMEM_decrease_reservation, 1, 0, DOMID_SELF), 1);
    cr_assert_eq(frame_current_type(g.l1), FRAME_L1);
    check();
    uint32_t before = g.d->nr_frames;
    cr_assert_eq(tables_update(g.l2, 0, 0), 0);
    cr_assert_eq(g.d->nr_frames, before - 1, "freed with its last reference");
    check();
}

static int64_t exchange(uint64_t nr_in, unsigned int in_order, uint64_t nr_out,
                        unsigned int out_order, unsigned int bits)
{
    struct xen_memory_exchange *e = argument;

    *e = (struct xen_memory_exchange){0};
    e->in = (struct xen_memory_reservation){
        .nr_extents = nr_in, .extent_order = in_order, .domid = DOMID_SELF};
    e->in.extent_start.p = (void *)LIST;
    e->out = (struct xen_memory_reservation){
        .nr_extents = nr_out, .extent_order = out_order, .mem_flags = bits, .domid = DOMID_SELF};
    e->out.extent_start.p = (void *)OUT;
    return hc_memory_op(XENMEM_exchange, ARGUMENT, 0, 0, 0, 0);
}

Test(memory_op, exchange_for_contiguous_low_memory_and_back)
{
    uint32_t before = g.d->nr_frames;
    uint64_t low;

    for (unsigned int i = 0; i < 8; i++) {
        list[i] = tables_frame(g.d).n;
    }
    out[0] = 500;
    cr_assert_eq(exchange(8, 0, 1, 3, 21), 0);
    low = out[0];
    cr_assert_eq(low % 8, 0);
    cr_assert_lt(low, 512);
    cr_assert_eq(m2p_get(MFN(low + 7)), 507);
    cr_assert_eq(((struct xen_memory_exchange *)argument)->nr_exchanged, 8);
    cr_assert_eq(g.d->nr_frames, before + 8);
    check();
    list[0] = low;
    cr_assert_eq(exchange(1, 3, 8, 0, 0), 0);
    cr_assert_eq(g.d->nr_frames, before + 8);
    check();
}

Test(memory_op, exchange_refuses_what_is_in_use_and_undoes)
{
    list[0] = tables_frame(g.d).n;
    list[1] = g.data[0].n; /* mapped */
    cr_assert_eq(exchange(2, 0, 1, 1, 0), -XEN_EINVAL);
    check();
    list[1] = g.l1.n;
    cr_assert_eq(exchange(2, 0, 1, 1, 0), -XEN_EINVAL);
    list[1] = control.data[0].n;
    cr_assert_eq(exchange(2, 0, 1, 1, 0), -XEN_EINVAL);
    list[1] = tables_frame(g.d).n;
    cr_assert_eq(exchange(2, 0, 1, 1, 13), -XEN_ENOMEM, "no RAM below 8 KiB is free in twos");
    cr_assert_eq(exchange(2, 0, 2, 1, 0), -XEN_EINVAL, "other sums");
    cr_assert_eq(exchange(1, 10, 1, 10, 0), -XEN_EPERM);
    cr_assert_eq(exchange(UINT64_C(1) << 62, 0, UINT64_C(1) << 62, 0, 0), -XEN_EINVAL);
    cr_assert_eq(exchange(UINT64_C(1) << 60, 0, UINT64_C(1) << 60, 0, 0), -XEN_EFAULT);
    for (unsigned int n = 1; n < 4; n++) {
        fake_fail_access = n;
        cr_assert_neq(exchange(2, 0, 1, 1, 0), 0);
        fake_fail_access = 0;
        check();
    }
}

Test(memory_op, PT7_an_exchange_undone_forgets_no_flush)
{
    mfn_t reached;

    memset(machine_frame(g.data[0]), 0, PAGE_SIZE);
    /* The guest touches through its tables, so no flat memory may be in the way of the walk: fake_touch walks. */
    cr_assert(fake_touch(g.v, DATA_ADDRESS(0), true, &reached));
    cr_assert_eq(tables_update(g.l1, 1, 0), 0);
    list[0] = g.data[0].n;
    list[1] = g.l2.n;
    cr_assert_eq(exchange(2, 0, 1, 1, 0), -XEN_EINVAL);
    cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE, g.data[0].n, 0), 0);
    check();
}

Test(memory_op, queries)
{
    struct xen_memory_domain *which = argument;
    struct xen_machphys_mapping *mapping = argument;

    which->domid = DOMID_SELF;
    cr_assert_eq(hc_memory_op(XENMEM_current_reservation, ARGUMENT, 0, 0, 0, 0), g.d->nr_frames);
    cr_assert_eq(hc_memory_op(XENMEM_maximum_reservation, ARGUMENT, 0, 0, 0, 0), 4096);
    which->domid = 99;
    cr_assert_eq(hc_memory_op(XENMEM_current_reservation, ARGUMENT, 0, 0, 0, 0), -XEN_ESRCH);
    which->domid = 0;
    cr_assert_eq(hc_memory_op(XENMEM_current_reservation, ARGUMENT, 0, 0, 0, 0), -XEN_EPERM);
    cr_assert_eq(hc_memory_op(XENMEM_current_reservation, 0x1000, 0, 0, 0, 0), -XEN_EFAULT);
    cr_assert_eq(hc_memory_op(XENMEM_machphys_mapping, ARGUMENT, 0, 0, 0, 0), 0);
    cr_assert_eq(mapping->v_start, M2P_START);
    cr_assert_eq(hc_memory_op(XENMEM_maximum_ram_page, 0, 0, 0, 0, 0), 2047);
    cr_assert_eq(hc_memory_op(XENMEM_memory_map, ARGUMENT, 0, 0, 0, 0), -XEN_ENOSYS);
    cr_assert_eq(hc_memory_op(XENMEM_machine_memory_map, ARGUMENT, 0, 0, 0, 0), -XEN_EPERM);
    cr_assert_eq(hc_memory_op(XENMEM_add_to_physmap, ARGUMENT, 0, 0, 0, 0), -XEN_EACCES);
    for (unsigned int op = 16; op < 64; op++) {
        if (op != XENMEM_claim_pages && op != XENMEM_acquire_resource &&
            op != XENMEM_add_to_physmap_batch) {
            cr_assert_eq(hc_memory_op(op, ARGUMENT, 0, 0, 0, 0), -XEN_ENOSYS, "%u", op);
        }
    }
}

Test(memory_op, a_memory_map_is_set_once_and_read_often)
{
    struct xen_foreign_memory_map *set = argument;
    struct xen_memory_map *get = argument;

    fake_run(control.v);
    memset(list, 0x3c, 40);
    set->domid = 1;
    set->map.nr_entries = 2;
    set->map.buffer.p = (void *)LIST;
    cr_assert_eq(hc_memory_op(XENMEM_set_memory_map, ARGUMENT, 0, 0, 0, 0), 0);
    set->map.nr_entries = 129;
    cr_assert_eq(hc_memory_op(XENMEM_set_memory_map, ARGUMENT, 0, 0, 0, 0), -XEN_EINVAL);
    fake_run(g.v);
    get->nr_entries = 128;
    get->buffer.p = (void *)OUT;
    cr_assert_eq(hc_memory_op(XENMEM_memory_map, ARGUMENT, 0, 0, 0, 0), 0);
    cr_assert_eq(get->nr_entries, 2);
    cr_assert_eq(memcmp(out, list, 40), 0);
    set->domid = 1;
    cr_assert_eq(hc_memory_op(XENMEM_set_memory_map, ARGUMENT, 0, 0, 0, 0), -XEN_EPERM);
}

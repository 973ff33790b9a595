/* SPDX-License-Identifier: MIT */
/* Grants: the matrix of maps, copies, what a guest does to its entry meanwhile, limits, and deaths in the middle. */
#include <criterion/criterion.h>
#include <string.h>

#include "comm_world.h"
#include "xenlike/comm/grant_table.h"

static struct domain *granter, *mapper;
static struct grant_entry_v1 *table;
static mfn_t page;

/* granter grants `page` by reference 8 to mapper, writable; mapper runs. */
static void start(void)
{
    world_start();
    granter = world_guest(1);
    mapper = world_guest(1);
    page = frame_alloc_domain(granter, 0, 0);
    table = machine_frame(grant_table_frame(granter, 0));
    table[8].domid = mapper->id;
    table[8].frame = (uint32_t)page.n;
    table[8].flags = GTF_permit_access;
    fake_run(mapper->vcpus[0]);
}

static int map_at(uint32_t ref, uint32_t flags, domid_t dom, uint64_t address, uint32_t *handle)
{
    struct gnttab_map_grant_ref op = {.host_addr = address, .flags = flags, .ref = ref, .dom = dom};
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_map_grant_ref, &op, sizeof(op)), 0);
    *handle = op.handle;
    if (op.status == GNTST_okay) {
        cr_assert_eq(op.dev_bus_addr >> PAGE_SHIFT, page.n);
    }
    return op.status;
}

static int map_ref(uint32_t ref, uint32_t flags, uint32_t *handle)
{
    return map_at(ref, flags, granter->id, 0x4000, handle);
}

static int unmap_at(uint32_t handle, uint64_t address, uint64_t device)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = address, .dev_bus_addr = device, .handle = handle};
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_unmap_grant_ref, &op, sizeof(op)), 0);
    return op.status;
}

static uint16_t in_use(uint32_t ref)
{
    return table[ref].flags & (GTF_reading | GTF_writing);
}

Test(grant, GT1_a_mapping_sets_the_in_use_bits_and_its_end_clears_them)
{
    uint32_t handle;
    start();
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_okay);
    cr_assert_eq(in_use(8), GTF_reading | GTF_writing);
    cr_assert_eq(frame_current_type(page), FRAME_WRITABLE);
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
    cr_assert_eq(in_use(8), 0);
    cr_assert_eq(frame_current_type(page), FRAME_NONE);
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_bad_handle);
    cr_assert_eq(map_ref(8, GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_okay);
    cr_assert_eq(in_use(8), GTF_reading);
    cr_assert_eq(frame_current_type(page), FRAME_NONE, "PT3: only writers take the type");
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
    cr_assert_eq(in_use(8), 0);
}

Test(grant, the_bits_stay_until_the_last_of_several_uses_ends)
{
    uint32_t reader, writer, second;
    start();
    cr_assert_eq(map_at(8, GNTMAP_host_map | GNTMAP_readonly, granter->id, 0x4000, &reader), 0);
    cr_assert_eq(map_at(8, GNTMAP_host_map, granter->id, 0x5000, &writer), 0);
    cr_assert_eq(map_at(8, GNTMAP_host_map, granter->id, 0x6000, &second), 0);
    cr_assert_eq(unmap_at(writer, 0x5000, 0), 0);
    cr_assert_eq(in_use(8), GTF_reading | GTF_writing);
    cr_assert_eq(unmap_at(second, 0x6000, 0), 0);
    cr_assert_eq(in_use(8), GTF_reading);
    cr_assert_eq(unmap_at(reader, 0x4000, 0), 0);
    cr_assert_eq(in_use(8), 0);
}

Test(grant, maps_are_refused_with_xens_statuses)
{
    uint32_t handle;
    start();
    cr_assert_eq(map_ref(8, 0, &handle), GNTST_bad_gntref);
    cr_assert_eq(map_ref(8, GNTMAP_readonly, &handle), GNTST_bad_gntref);
    cr_assert_eq(map_at(8, GNTMAP_host_map, 999, 0, &handle), GNTST_bad_domain);
    cr_assert_eq(map_at(8, GNTMAP_host_map, DOMID_SELF, 0, &handle), GNTST_bad_domain);
    cr_assert_eq(map_ref(9, GNTMAP_host_map, &handle), GNTST_general_error);
    cr_assert_eq(map_ref(511, GNTMAP_host_map, &handle), GNTST_general_error);
    cr_assert_eq(map_ref(512, GNTMAP_host_map, &handle), GNTST_bad_gntref);
    cr_assert_eq(map_ref(~0u, GNTMAP_host_map, &handle), GNTST_bad_gntref);
    table[8].domid = 0;
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_general_error, "for another domain");
    table[8].domid = mapper->id;
    table[8].flags = GTF_permit_access | GTF_readonly;
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_general_error);
    cr_assert_eq(map_ref(8, GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_okay);
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
    table[8].flags = GTF_accept_transfer;
    cr_assert_eq(map_ref(8, GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_general_error);
    cr_assert_eq(in_use(8), 0);
}

Test(grant, a_frame_that_is_not_the_granters_is_a_bad_page_and_leaves_no_trace)
{
    uint32_t handle;
    start();
    mfn_t own = frame_alloc_domain(mapper, 0, 0);
    table[8].frame = (uint32_t)own.n;
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_bad_page);
    table[8].frame = 0xffffffff;
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_bad_page);
    cr_assert_eq(in_use(8), 0);
    table[8].frame = (uint32_t)page.n;
    cr_assert_eq(frame_get_and_type(page, granter, FRAME_SEG_DESC), 0);
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_general_error,
                 "PT3: a descriptor page");
    cr_assert_eq(map_ref(8, GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_okay);
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
    frame_put_and_type(page);
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_okay);
}

Test(grant, a_refused_page_table_entry_gives_everything_back)
{
    uint32_t handle;
    start();
    world.install_status = GNTST_general_error;
    cr_assert_eq(map_ref(8, GNTMAP_host_map | GNTMAP_device_map, &handle), GNTST_general_error);
    cr_assert_eq(in_use(8), 0);
    cr_assert_eq(frame_current_type(page), FRAME_NONE);
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_okay);
    cr_assert_eq(handle, 0, "the handle came back");
}

Test(grant, host_and_device_parts_end_separately)
{
    uint32_t handle;
    start();
    uint64_t bus = page.n << PAGE_SHIFT;
    cr_assert_eq(map_ref(8, GNTMAP_host_map | GNTMAP_device_map, &handle), GNTST_okay);
    cr_assert_eq(unmap_at(handle, 0, bus + 8), GNTST_general_error);
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
    cr_assert_eq(in_use(8), GTF_reading | GTF_writing);
    cr_assert_eq(frame_current_type(page), FRAME_WRITABLE);
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay,
                 "nothing of that kind is left, and that is fine");
    cr_assert_eq(unmap_at(handle, 0, bus), GNTST_okay);
    cr_assert_eq(in_use(8), 0);
    cr_assert_eq(frame_current_type(page), FRAME_NONE);
    cr_assert_eq(unmap_at(handle, 0, bus), GNTST_bad_handle);
}

Test(grant, unmapping_with_a_wrong_address_or_handle_changes_nothing)
{
    uint32_t handle;
    start();
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_okay);
    cr_assert_eq(unmap_at(handle, 0x5000, 0), GNTST_general_error);
    cr_assert_eq(unmap_at(handle + 1, 0x4000, 0), GNTST_bad_handle);
    cr_assert_eq(unmap_at(1024, 0x4000, 0), GNTST_bad_handle);
    cr_assert_eq(unmap_at(~0u, 0x4000, 0), GNTST_bad_handle);
    cr_assert_eq(unmap_at(handle, 0, 0), GNTST_okay, "nothing was asked for");
    cr_assert_eq(in_use(8), GTF_reading | GTF_writing);
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
}

Test(grant, only_what_was_accessed_is_flushed_and_before_the_references_go)
{
    uint32_t handle;
    start();
    map_ref(8, GNTMAP_host_map, &handle);
    fake_counts.mask_flushes = fake_counts.page_flushes = 0;
    unmap_at(handle, 0x4000, 0);
    cr_assert_eq(fake_counts.page_flushes + fake_counts.mask_flushes, 0);
    map_ref(8, GNTMAP_host_map, &handle);
    world.report_accessed = true;
    unmap_at(handle, 0x4000, 0);
    cr_assert_neq(fake_counts.page_flushes + fake_counts.mask_flushes, 0);
}

Test(grant, GT3_the_frame_mapped_is_the_one_that_was_claimed)
{
    uint32_t first, second;
    start();
    mfn_t other = frame_alloc_domain(granter, 0, 0);
    cr_assert_eq(map_at(8, GNTMAP_host_map, granter->id, 0x4000, &first), 0);
    table[8].frame = (uint32_t)other.n; /* too late */
    cr_assert_eq(map_at(8, GNTMAP_host_map, granter->id, 0x5000, &second), 0);
    cr_assert_eq(unmap_at(second, 0x5000, 0), 0);
    table[8].flags = 0; /* revoked by force: what is mapped stays mapped */
    cr_assert_eq(frame_current_type(page), FRAME_WRITABLE);
    cr_assert_eq(unmap_at(first, 0x4000, 0), 0);
    cr_assert_eq(table[8].flags, 0);
}

Test(grant, another_domain_cannot_join_a_claim)
{
    uint32_t handle;
    start();
    struct domain *third = world_guest(1);
    map_ref(8, GNTMAP_host_map, &handle);
    table[8].domid = third->id;
    fake_run(third->vcpus[0]);
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_general_error);
}

Test(grant, handles_run_out_at_the_limit)
{
    uint32_t handle;
    start();
    for (uint32_t i = 0; i < 1024; i++) {
        cr_assert_eq(map_at(8, GNTMAP_device_map | GNTMAP_readonly, granter->id, 0, &handle),
                     GNTST_okay);
    }
    cr_assert_eq(map_at(8, GNTMAP_device_map, granter->id, 0, &handle), GNTST_no_space);
    cr_assert_eq(unmap_at(77, 0, page.n << PAGE_SHIFT), GNTST_okay);
    cr_assert_eq(map_at(8, GNTMAP_device_map, granter->id, 0, &handle), GNTST_okay);
    cr_assert_eq(handle, 77);
}

Test(grant, a_domain_maps_its_own_grants_by_its_own_id)
{
    uint32_t handle;
    start();
    table[8].domid = granter->id;
    fake_run(granter->vcpus[0]);
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_okay);
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
}

static int copy_one(struct gnttab_copy *op)
{
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_copy, op, sizeof(*op)), 0);
    return op->status;
}

static struct gnttab_copy good_copy(mfn_t to)
{
    struct gnttab_copy op;
    memset(&op, 0, sizeof(op));
    op.source.u.ref = 8;
    op.source.domid = granter->id;
    op.dest.u.gmfn = to.n;
    op.dest.domid = DOMID_SELF;
    op.len = 16;
    op.flags = GNTCOPY_source_gref;
    return op;
}

Test(grant, GC1_copies_stay_inside_a_page)
{
    start();
    mfn_t local = frame_alloc_domain(mapper, 0, 0);
    struct gnttab_copy op = good_copy(local);
    memcpy((char *)machine_frame(page) + 4080, "sixteen bytes ok", 16);
    op.source.offset = 4080;
    op.dest.offset = 100;
    cr_assert_eq(copy_one(&op), GNTST_okay);
    cr_assert_eq(memcmp((char *)machine_frame(local) + 100, "sixteen bytes ok", 16), 0);
    op.source.offset = 4081;
    cr_assert_eq(copy_one(&op), GNTST_bad_copy_arg);
    op.source.offset = 0;
    op.dest.offset = 4081;
    cr_assert_eq(copy_one(&op), GNTST_bad_copy_arg);
    op.dest.offset = 0xffff;
    cr_assert_eq(copy_one(&op), GNTST_bad_copy_arg);
    op.dest.offset = 0;
    op.len = 0xffff;
    cr_assert_eq(copy_one(&op), GNTST_bad_copy_arg);
    op.len = 4096;
    cr_assert_eq(copy_one(&op), GNTST_okay);
    op.len = 0;
    cr_assert_eq(copy_one(&op), GNTST_okay);
    cr_assert_eq(in_use(8), 0);
    cr_assert_eq(frame_current_type(local), FRAME_NONE);
}

Test(grant, copies_are_refused_with_xens_statuses)
{
    start();
    mfn_t local = frame_alloc_domain(mapper, 0, 0);
    struct gnttab_copy op = good_copy(local);
    op.source.domid = 999;
    cr_assert_eq(copy_one(&op), GNTST_bad_domain);
    op = good_copy(local);
    op.dest.domid = granter->id;
    cr_assert_eq(copy_one(&op), GNTST_permission_denied, "a frame of another's by its number");
    op = good_copy(local);
    op.source.u.ref = 9;
    cr_assert_eq(copy_one(&op), GNTST_general_error);
    op.source.u.ref = 512;
    cr_assert_eq(copy_one(&op), GNTST_bad_gntref);
    op = good_copy(page);
    cr_assert_eq(copy_one(&op), GNTST_bad_page, "not ours");
    op = good_copy(MFN(~UINT64_C(0) >> 12));
    cr_assert_eq(copy_one(&op), GNTST_bad_page);
    op = good_copy(local);
    cr_assert_eq(frame_get_and_type(local, mapper, FRAME_SEG_DESC), 0);
    cr_assert_eq(copy_one(&op), GNTST_general_error, "PT3");
    frame_put_and_type(local);
    table[8].flags = GTF_permit_access | GTF_readonly;
    op = good_copy(local);
    op.flags = GNTCOPY_dest_gref;
    op.dest = op.source;
    op.source.u.gmfn = local.n;
    op.source.domid = DOMID_SELF;
    cr_assert_eq(copy_one(&op), GNTST_general_error);
    cr_assert_eq(in_use(8), 0);
}

Test(grant, a_batch_of_copies_keeps_its_sides_and_ends_with_nothing)
{
    start();
    mfn_t local = frame_alloc_domain(mapper, 0, 0);
    struct gnttab_copy ops[20];
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
        ops[i] = good_copy(local);
        ops[i].source.offset = (uint16_t)(i * 16);
        ops[i].dest.offset = (uint16_t)(i * 16);
        ops[i].source.u.ref = i % 7 == 3 ? 9 : 8;
    }
    for (unsigned int i = 0; i < 320; i++) {
        ((uint8_t *)machine_frame(page))[i] = (uint8_t)(i * 3);
    }
    memcpy(world.buffer, ops, sizeof(ops));
    cr_assert_eq(hc_grant_table_op(GNTTABOP_copy, WORLD_BUFFER, ARRAY_SIZE(ops), 0, 0, 0), 0);
    memcpy(ops, world.buffer, sizeof(ops));
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
        cr_assert_eq(ops[i].status, i % 7 == 3 ? GNTST_general_error : GNTST_okay);
        if (i % 7 != 3) {
            cr_assert_eq(memcmp((char *)machine_frame(page) + i * 16,
                                (char *)machine_frame(local) + i * 16, 16),
                         0);
        }
    }
    cr_assert_eq(in_use(8), 0);
}

Test(grant, overlapping_copies_inside_one_frame_move)
{
    start();
    mfn_t local = frame_alloc_domain(mapper, 0, 0);
    struct gnttab_copy op = good_copy(local);
    strcpy(machine_frame(local), "abcdefgh");
    op.source.u.gmfn = local.n;
    op.source.domid = DOMID_SELF;
    op.flags = 0;
    op.dest.offset = 2;
    op.len = 8;
    /* As a source it is only read, as a destination it is writable: one frame can be both. */
    cr_assert_eq(copy_one(&op), GNTST_okay);
    cr_assert_eq(memcmp(machine_frame(local), "ababcdefgh", 10), 0);
}

Test(grant, long_arrays_stop_and_go_on)
{
    start();
    struct gnttab_map_grant_ref ops[20];
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
        memset(&ops[i], 0, sizeof(ops[i]));
        ops[i].flags = GNTMAP_host_map;
        ops[i].host_addr = 0x4000 + i * 4096;
        ops[i].ref = 8;
        ops[i].dom = granter->id;
    }
    memcpy(world.buffer, ops, sizeof(ops));
    fake_preempt_every = 1;
    cr_assert_eq(hc_grant_table_op(GNTTABOP_map_grant_ref, WORLD_BUFFER, ARRAY_SIZE(ops), 0, 0, 0),
                 -XEN_ERESTART);
    cr_assert_eq(fake_continuation[1], GNTTABOP_map_grant_ref);
    cr_assert_eq((uint64_t)fake_continuation[2], WORLD_BUFFER + 16 * sizeof(ops[0]));
    cr_assert_eq(fake_continuation[3], 4);
    cr_assert_eq(hc_grant_table_op((uint64_t)fake_continuation[1], (uint64_t)fake_continuation[2],
                                   (uint64_t)fake_continuation[3], 0, 0, 0),
                 0);
    memcpy(ops, world.buffer, sizeof(ops));
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
        cr_assert_eq(ops[i].status, GNTST_okay);
        cr_assert_eq(ops[i].handle, i);
    }
}

Test(grant, counts_pointers_and_commands_that_make_no_sense)
{
    start();
    struct gnttab_map_grant_ref op;
    memset(&op, 0, sizeof(op));
    cr_assert_eq(
        hc_grant_table_op(GNTTABOP_map_grant_ref, WORLD_BUFFER, UINT64_C(1) << 31, 0, 0, 0),
        -XEN_EINVAL);
    cr_assert_eq(hc_grant_table_op(GNTTABOP_map_grant_ref, WORLD_BUFFER, 0, 0, 0, 0), 0);
    cr_assert_eq(hc_grant_table_op(GNTTABOP_map_grant_ref, 8, 1, 0, 0, 0), -XEN_EFAULT);
    cr_assert_eq(hc_grant_table_op(GNTTABOP_map_grant_ref, HV_VIRT_START, 1, 0, 0, 0), -XEN_EFAULT);
    cr_assert_eq(hc_grant_table_op(13, WORLD_BUFFER, 1, 0, 0, 0), -XEN_ENOSYS);
    cr_assert_eq(hc_grant_table_op(~0u, WORLD_BUFFER, 1, 0, 0, 0), -XEN_ENOSYS);
    cr_assert_eq(hc_grant_table_op(GNTTABOP_transfer, WORLD_BUFFER, 1, 0, 0, 0), -XEN_ENOSYS);
}

Test(grant, a_fault_on_the_answer_keeps_the_mapping_and_says_so)
{
    uint32_t handle;
    start();
    struct gnttab_map_grant_ref op = {
        .flags = GNTMAP_host_map, .host_addr = 0x4000, .ref = 8, .dom = granter->id};
    memcpy(world.buffer, &op, sizeof(op));
    fake_fail_access = 2;
    cr_assert_eq(hc_grant_table_op(GNTTABOP_map_grant_ref, WORLD_BUFFER, 1, 0, 0, 0), -XEN_EFAULT);
    cr_assert_eq(in_use(8), GTF_reading | GTF_writing);
    cr_assert_eq(unmap_at(0, 0x4000, 0), GNTST_okay);
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_okay);
    struct gnttab_unmap_grant_ref undo = {.host_addr = 0x4000, .handle = handle};
    memcpy(world.buffer, &undo, sizeof(undo));
    fake_fail_access = 2;
    cr_assert_eq(hc_grant_table_op(GNTTABOP_unmap_grant_ref, WORLD_BUFFER, 1, 0, 0, 0),
                 -XEN_EFAULT);
    cr_assert_eq(in_use(8), 0, "what was unmapped is given back all the same");
}

Test(grant, tables_grow_to_their_limit_and_only_for_those_allowed)
{
    start();
    uint64_t list = WORLD_BUFFER + 4096;
    struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = 4};
    struct gnttab_query_size query = {.dom = DOMID_SELF};
    op.frame_list.p = (xen_pfn_t *)list;
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_query_size, &query, sizeof(query)), 0);
    cr_assert_eq(query.status, GNTST_okay);
    cr_assert_eq(query.nr_frames, 1);
    cr_assert_eq(query.max_nr_frames, 4);
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_setup_table, &op, sizeof(op)), 0);
    cr_assert_eq(op.status, GNTST_okay);
    cr_assert_eq(((uint64_t *)(void *)(world.buffer + 4096))[3], grant_table_frame(mapper, 3).n);
    op.nr_frames = 5;
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_setup_table, &op, sizeof(op)), 0);
    cr_assert_eq(op.status, GNTST_general_error);
    op.nr_frames = 1;
    op.dom = granter->id;
    world_call(hc_grant_table_op, GNTTABOP_setup_table, &op, sizeof(op));
    cr_assert_eq(op.status, GNTST_permission_denied);
    op.dom = 999;
    world_call(hc_grant_table_op, GNTTABOP_setup_table, &op, sizeof(op));
    cr_assert_eq(op.status, GNTST_bad_domain);
    op.dom = DOMID_SELF;
    op.frame_list.p = (xen_pfn_t *)HV_VIRT_START;
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_setup_table, &op, sizeof(op)), -XEN_EFAULT);
    cr_assert_eq(hc_grant_table_op(GNTTABOP_setup_table, WORLD_BUFFER, 2, 0, 0, 0), -XEN_EINVAL);
    cr_assert_eq(grant_table_frame(mapper, 4).n, INVALID_MFN.n);
    fake_run(world.dom0->vcpus[0]);
    op.frame_list.p = (xen_pfn_t *)list;
    op.dom = granter->id;
    world_call(hc_grant_table_op, GNTTABOP_setup_table, &op, sizeof(op));
    cr_assert_eq(op.status, GNTST_okay);
}

Test(grant, version_1_is_what_there_is)
{
    start();
    struct gnttab_set_version set = {.version = 2};
    struct gnttab_get_version get = {.dom = DOMID_SELF};
    struct gnttab_get_status_frames frames = {.dom = DOMID_SELF, .nr_frames = 1};
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_set_version, &set, sizeof(set)),
                 -XEN_ENOSYS);
    cr_assert_eq(set.version, 1);
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_set_version, &set, sizeof(set)), 0);
    set.version = 0;
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_set_version, &set, sizeof(set)),
                 -XEN_EINVAL);
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_get_version, &get, sizeof(get)), 0);
    cr_assert_eq(get.version, 1);
    get.dom = granter->id;
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_get_version, &get, sizeof(get)),
                 -XEN_EPERM);
    get.dom = 999;
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_get_version, &get, sizeof(get)),
                 -XEN_ESRCH);
    world_call(hc_grant_table_op, GNTTABOP_get_status_frames, &frames, sizeof(frames));
    cr_assert_eq(frames.status, GNTST_general_error);
}

Test(grant, a_granter_that_dies_stays_until_the_last_unmap)
{
    uint32_t handle;
    start();
    domid_t id = granter->id;
    cr_assert_eq(map_ref(8, GNTMAP_host_map, &handle), GNTST_okay);
    strcpy(machine_frame(page), "still here");
    world_kill(granter);
    struct domain *zombie = domain_get(id);
    cr_assert_not_null(zombie);
    cr_assert_eq(zombie->nr_frames, 1);
    cr_assert_str_eq(machine_frame(page), "still here");
    domain_put(zombie);
    fake_run(mapper->vcpus[0]);
    uint32_t other;
    cr_assert_eq(map_at(8, GNTMAP_host_map, id, 0x5000, &other), GNTST_general_error, "DM3");
    cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
    cr_assert_null(domain_get(id));
}

Test(grant, a_mapper_that_dies_gives_everything_back_with_preemption_at_every_step)
{
    uint32_t handle;
    start();
    for (uint64_t i = 0; i < 20; i++) {
        map_at(8, GNTMAP_host_map | (i % 2 ? GNTMAP_readonly : 0), granter->id, 0x4000 + i * 4096,
               &handle);
    }
    map_at(8, GNTMAP_device_map | GNTMAP_host_map, granter->id, 0x90000, &handle);
    fake_preempt_every = 1;
    world_kill(mapper);
    cr_assert_eq(in_use(8), 0);
    cr_assert_eq(frame_current_type(page), FRAME_NONE);
    fake_preempt_every = 0;
    world_kill(granter);
    world_kill(world_guest(1));
}

Test(grant, GT1_the_guest_scribbles_over_its_entry_between_the_read_and_the_claim)
{
    /* Every value of the flags while one mapping is in force: only its own bits may change. */
    uint32_t handle;
    start();
    for (uint32_t flags = 0; flags < 0x400; flags++) {
        table[8].flags = (uint16_t)flags;
        table[8].domid = mapper->id;
        int status = map_ref(8, GNTMAP_host_map, &handle);
        bool allowed = (flags & GTF_type_mask) == GTF_permit_access && (flags & GTF_readonly) == 0;
        cr_assert_eq(status, allowed ? GNTST_okay : GNTST_general_error);
        if (allowed) {
            cr_assert_eq(unmap_at(handle, 0x4000, 0), GNTST_okay);
        }
        uint16_t expected =
            (uint16_t)(allowed ? flags & ~(uint32_t)(GTF_reading | GTF_writing) : flags);
        cr_assert_eq(table[8].flags, expected);
    }
    cr_assert_eq(frame_current_type(page), FRAME_NONE);
}

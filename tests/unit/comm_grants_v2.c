/* SPDX-License-Identifier: MIT */
/* Grant tables, version 2: status words, parts of pages, grants of grants, the change of version, swaps, caches. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "comm_world.h"
#include "xenlike/comm/grant_table.h"

#define IN_USE (GTF_reading | GTF_writing)

static struct domain *granter, *mapper, *owner;
static union grant_entry_v2 *table;
static grant_status_t *states;
static struct grant_entry_v1 *owners; /* the third domain's, version 1 */
static mfn_t page, local;

static int set_version(uint32_t version)
{
    struct gnttab_set_version op = {.version = version};
    int64_t result = world_call(hc_grant_table_op, GNTTABOP_set_version, &op, sizeof(op));
    cr_assert(op.version == 1 || op.version == 2);
    return (int)result;
}

static uint32_t version_of(domid_t dom)
{
    struct gnttab_get_version op = {.dom = dom};
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_get_version, &op, sizeof(op)), 0);
    return op.version;
}

static struct domain *guest_of_version(uint32_t version)
{
    struct xen_domctl_createdomain config = world_config();
    struct domain *d;
    config.grant_opts = version;
    config.max_grant_frames = 64;
    cr_assert_eq(domain_create(DOMID_INVALID, &config, false, &d), 0);
    cr_assert_eq(domain_set_max_vcpus(d, 1), 0);
    d->max_frames = 64;
    d->vcpus[0]->pause_flags = 0;
    domain_unpause(d);
    return d;
}

/* granter, of version 2, grants `page` by reference 20 to mapper, writable; owner grants nothing yet; mapper runs. */
static void start(void)
{
    world_start();
    granter = guest_of_version(2);
    mapper = world_guest(1);
    owner = world_guest(1);
    page = frame_alloc_domain(granter, 0, 0);
    local = frame_alloc_domain(mapper, 0, 0);
    table = machine_frame(grant_table_frame(granter, 0));
    owners = machine_frame(grant_table_frame(owner, 0));
    fake_run(granter->vcpus[0]);
    cr_assert_eq(set_version(2), 0);
    states = machine_frame(grant_table_status_frame(granter, 0));
    table[20].full_page.frame = page.n;
    table[20].full_page.hdr.domid = mapper->id;
    table[20].full_page.hdr.flags = GTF_permit_access;
    fake_run(mapper->vcpus[0]);
}

static int map_ref(uint32_t ref, uint32_t flags, uint32_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = 0x4000, .flags = flags | GNTMAP_host_map, .ref = ref, .dom = granter->id};
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_map_grant_ref, &op, sizeof(op)), 0);
    *handle = op.handle;
    return op.status;
}

static int unmap(uint32_t handle)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = 0x4000, .handle = handle};
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_unmap_grant_ref, &op, sizeof(op)), 0);
    return op.status;
}

static int copy(uint32_t ref, uint16_t offset, uint16_t length, bool to_grant)
{
    struct gnttab_copy op;
    struct gnttab_copy_ptr *grant = to_grant ? &op.dest : &op.source;
    struct gnttab_copy_ptr *frame = to_grant ? &op.source : &op.dest;
    memset(&op, 0, sizeof(op));
    grant->u.ref = ref;
    grant->domid = granter->id;
    grant->offset = offset;
    frame->u.gmfn = local.n;
    frame->domid = DOMID_SELF;
    op.len = length;
    op.flags = to_grant ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_copy, &op, sizeof(op)), 0);
    return op.status;
}

static void part(uint32_t ref, uint16_t offset, uint16_t length)
{
    table[ref].sub_page.hdr.domid = mapper->id;
    table[ref].sub_page.page_off = offset;
    table[ref].sub_page.length = length;
    table[ref].sub_page.frame = page.n;
    table[ref].sub_page.hdr.flags = GTF_permit_access | GTF_sub_page;
}

static void through(uint32_t ref, domid_t domid, grant_ref_t other)
{
    table[ref].transitive.hdr.domid = mapper->id;
    table[ref].transitive.trans_domid = domid;
    table[ref].transitive.gref = other;
    table[ref].transitive.hdr.flags = GTF_transitive;
}

Test(grant_v2, GT1_the_status_word_shows_the_use_and_the_flags_stay_the_guests)
{
    uint32_t handle;
    start();
    cr_assert_eq(map_ref(20, 0, &handle), GNTST_okay);
    cr_assert_eq(states[20], IN_USE);
    cr_assert_eq(table[20].hdr.flags, GTF_permit_access);
    cr_assert_eq(frame_current_type(page), FRAME_WRITABLE);
    table[20].hdr.flags = 0; /* revoked by force: what is mapped stays mapped */
    cr_assert_eq(unmap(handle), GNTST_okay);
    cr_assert_eq(states[20], 0);
    cr_assert_eq(frame_current_type(page), FRAME_NONE);
    table[20].hdr.flags = GTF_permit_access | GTF_readonly;
    cr_assert_eq(map_ref(20, 0, &handle), GNTST_general_error);
    cr_assert_eq(states[20], 0);
    cr_assert_eq(map_ref(20, GNTMAP_readonly, &handle), GNTST_okay);
    cr_assert_eq(states[20], GTF_reading);
    cr_assert_eq(unmap(handle), GNTST_okay);
}

Test(grant_v2, maps_are_of_whole_pages_of_the_granters_own)
{
    uint32_t handle;
    start();
    cr_assert_eq(map_ref(255, 0, &handle), GNTST_general_error);
    cr_assert_eq(map_ref(256, 0, &handle), GNTST_bad_gntref);
    cr_assert_eq(map_ref(~0u, 0, &handle), GNTST_bad_gntref);
    part(20, 0, 4096);
    cr_assert_eq(map_ref(20, 0, &handle), GNTST_general_error);
    through(20, granter->id, 21);
    cr_assert_eq(map_ref(20, 0, &handle), GNTST_general_error);
    table[20].full_page.hdr.flags = GTF_accept_transfer;
    cr_assert_eq(map_ref(20, 0, &handle), GNTST_general_error);
    table[20].full_page.hdr.flags = GTF_permit_access;
    table[20].full_page.hdr.domid = owner->id;
    cr_assert_eq(map_ref(20, 0, &handle), GNTST_general_error);
    table[20].full_page.hdr.domid = mapper->id;
    static const uint64_t none[] = {~UINT64_C(0), UINT64_C(1) << 40, UINT32_MAX, UINT64_C(1) << 32};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        table[20].full_page.frame = none[i] | (i == 1 ? page.n : 0);
        cr_assert_eq(map_ref(20, 0, &handle), GNTST_bad_page);
    }
    cr_assert_eq(states[20], 0);
}

Test(grant_v2, GC1_copies_stay_inside_the_part_that_is_granted)
{
    start();
    static const struct {
        uint16_t start, size, offset, length;
        int status;
    } cases[] = {
        {100, 50, 100, 50, GNTST_okay},
        {100, 50, 99, 1, GNTST_general_error},
        {100, 50, 150, 0, GNTST_okay},
        {100, 50, 150, 1, GNTST_general_error},
        {100, 50, 0, 0, GNTST_general_error},
        {100, 50, 4090, 10, GNTST_bad_copy_arg},
        {4000, 1000, 4000, 96, GNTST_okay},
        {4000, 1000, 4000, 97, GNTST_bad_copy_arg},
        {0, 0, 0, 1, GNTST_general_error},
        {0, 65535, 0, 4096, GNTST_okay},
        {65535, 65535, 65535, 1, GNTST_bad_copy_arg},
        {65535, 65535, 0, 1, GNTST_general_error},
        {4096, 1, 4096, 0, GNTST_okay},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        part(20, cases[i].start, cases[i].size);
        for (int to_grant = 0; to_grant < 2; to_grant++) {
            cr_assert_eq(copy(20, cases[i].offset, cases[i].length, to_grant != 0), cases[i].status,
                         "case %zu", i);
        }
    }
    table[20].hdr.flags |= GTF_readonly;
    cr_assert_eq(copy(20, 4096, 0, true), GNTST_general_error);
    cr_assert_eq(states[20], 0);
    cr_assert_eq(frame_current_type(page), FRAME_NONE);
}

Test(grant_v2, a_grant_of_anothers_grant_is_copied_and_both_entries_are_at_rest_after)
{
    start();
    mfn_t far = frame_alloc_domain(owner, 0, 0);
    owners[9] = (struct grant_entry_v1){GTF_permit_access, granter->id, (uint32_t)far.n};
    through(20, owner->id, 9);
    memcpy((char *)machine_frame(far) + 32, "sixteen bytes ok", 16);
    cr_assert_eq(copy(20, 32, 16, false), GNTST_okay);
    cr_assert_eq(memcmp(machine_frame(local), "sixteen bytes ok", 16), 0);
    cr_assert_eq(copy(20, 4080, 16, true), GNTST_okay);
    cr_assert_eq(copy(20, 4081, 16, true), GNTST_bad_copy_arg);
    cr_assert_eq(states[20], 0);
    cr_assert_eq(owners[9].flags, GTF_permit_access);
    owners[9].flags |= GTF_readonly;
    cr_assert_eq(copy(20, 0, 16, true), GNTST_general_error);
    cr_assert_eq(copy(20, 0, 16, false), GNTST_okay);
    owners[9].domid = mapper->id;
    cr_assert_eq(copy(20, 0, 16, false), GNTST_general_error, "granted to us, not to the granter");
    owners[9] = (struct grant_entry_v1){GTF_permit_access, granter->id, (uint32_t)page.n};
    cr_assert_eq(copy(20, 0, 16, false), GNTST_bad_page, "not a frame of the owner's");
    cr_assert_eq(states[20] | (owners[9].flags & IN_USE), 0);
    cr_assert_eq(frame_current_type(far), FRAME_NONE);
}

Test(grant_v2, chains_of_grants_end_after_one_step)
{
    start();
    through(20, granter->id, 20);
    cr_assert_eq(copy(20, 0, 1, false), GNTST_general_error, "itself");
    through(20, granter->id, 21);
    cr_assert_eq(copy(20, 0, 1, false), GNTST_general_error, "its own other one");
    static const domid_t nobody[] = {999, DOMID_SELF, DOMID_INVALID, DOMID_IO, 0xffff};
    for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
        through(20, nobody[i], 9);
        cr_assert_eq(copy(20, 0, 1, false), GNTST_general_error);
    }
    through(20, owner->id, 9);
    cr_assert_eq(copy(20, 0, 1, false), GNTST_general_error, "an empty one");
    through(20, owner->id, ~0u);
    cr_assert_eq(copy(20, 0, 1, false), GNTST_bad_gntref);
    /* The other domain's entry names a third one's, which would do. */
    struct domain *second = guest_of_version(2);
    fake_run(second->vcpus[0]);
    cr_assert_eq(set_version(2), 0);
    union grant_entry_v2 *seconds = machine_frame(grant_table_frame(second, 0));
    grant_status_t *their_states = machine_frame(grant_table_status_frame(second, 0));
    mfn_t far = frame_alloc_domain(owner, 0, 0);
    owners[9] = (struct grant_entry_v1){GTF_permit_access, second->id, (uint32_t)far.n};
    seconds[11].transitive.hdr = (struct grant_entry_header){GTF_transitive, granter->id};
    seconds[11].transitive.trans_domid = owner->id;
    seconds[11].transitive.gref = 9;
    through(20, second->id, 11);
    fake_run(mapper->vcpus[0]);
    cr_assert_eq(copy(20, 0, 1, false), GNTST_general_error);
    cr_assert_eq(states[20] | their_states[11] | (owners[9].flags & IN_USE), 0);
    fake_run(second->vcpus[0]);
    cr_assert_eq(set_version(1), 0, "nothing is in use");
}

Test(grant_v2, versions_change_when_nothing_is_in_use_but_what_the_toolstack_made)
{
    uint32_t handle;
    start();
    table[3].full_page = table[20].full_page;
    table[4].sub_page = table[20].sub_page;
    cr_assert_eq(map_ref(20, 0, &handle), GNTST_okay);
    fake_run(granter->vcpus[0]);
    cr_assert_eq(set_version(1), -XEN_EBUSY);
    cr_assert_eq(set_version(2), 0, "no change is no change");
    fake_run(mapper->vcpus[0]);
    cr_assert_eq(unmap(handle), GNTST_okay);
    cr_assert_eq(map_ref(3, 0, &handle), GNTST_okay);
    fake_run(granter->vcpus[0]);
    through(5, owner->id, 9);
    cr_assert_eq(set_version(1), -XEN_ERANGE);
    table[5].hdr.flags = 0;
    cr_assert(frame_get(machine_frame_of(states), granter));
    cr_assert_eq(set_version(1), -XEN_EBUSY, "its status frame is mapped");
    frame_put(machine_frame_of(states));
    cr_assert_eq(set_version(1), 0);
    cr_assert_eq(version_of(DOMID_SELF), 1);
    struct grant_entry_v1 *first = (void *)table;
    cr_assert_eq(first[3].flags, GTF_permit_access | IN_USE);
    cr_assert_eq(first[3].domid, mapper->id);
    cr_assert_eq(first[3].frame, page.n);
    for (uint32_t i = 8; i < 512; i++) {
        cr_assert_eq(first[i].flags | first[i].frame, 0);
    }
    cr_assert_not(mfn_valid_value(grant_table_status_frame(granter, 0)));
    cr_assert_eq(set_version(2), 0);
    states = machine_frame(grant_table_status_frame(granter, 0));
    cr_assert_eq(states[3], IN_USE);
    cr_assert_eq(table[3].hdr.flags, GTF_permit_access);
    fake_run(mapper->vcpus[0]);
    cr_assert_eq(unmap(handle), GNTST_okay);
    cr_assert_eq(states[3], 0);
    cr_assert_eq(frame_current_type(page), FRAME_NONE);
}

Test(grant_v2, the_toolstack_says_which_versions_there_are)
{
    start();
    cr_assert_eq(version_of(DOMID_SELF), 1);
    cr_assert_eq(set_version(2), -XEN_ENOSYS, "the mapper's configuration says 1");
    cr_assert_eq(set_version(1), 0);
    cr_assert_eq(set_version(0), -XEN_EINVAL);
    cr_assert_eq(set_version(3), -XEN_EINVAL);
    struct gnttab_get_version op = {.dom = granter->id};
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_get_version, &op, sizeof(op)), -XEN_EPERM);
    fake_run(world.dom0->vcpus[0]);
    cr_assert_eq(version_of(granter->id), 2);
}

static int status_frames(uint32_t count)
{
    struct gnttab_get_status_frames op = {.dom = DOMID_SELF, .nr_frames = count};
    set_xen_guest_handle(op.frame_list, (uint64_t *)(WORLD_BUFFER + 4096));
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_get_status_frames, &op, sizeof(op)), 0);
    return op.status;
}

Test(grant_v2, a_frame_of_status_words_comes_with_every_eighth_frame)
{
    start();
    fake_run(granter->vcpus[0]);
    cr_assert_eq(status_frames(2), GNTST_general_error);
    cr_assert(mfn_valid_value(grant_table_frame(granter, 7)));
    cr_assert_eq(status_frames(2), GNTST_general_error);
    cr_assert(mfn_valid_value(grant_table_frame(granter, 8)));
    cr_assert_eq(status_frames(2), GNTST_okay);
    cr_assert_eq(((uint64_t *)(void *)(world.buffer + 4096))[1],
                 grant_table_status_frame(granter, 1).n);
    cr_assert(mfn_valid_value(grant_table_frame(granter, 63)));
    cr_assert_eq(status_frames(8), GNTST_okay);
    cr_assert_eq(status_frames(9), GNTST_general_error);
    table = machine_frame(grant_table_frame(granter, 63));
    table[255].full_page.hdr.domid = mapper->id;
    table[255].full_page.frame = page.n;
    table[255].full_page.hdr.flags = GTF_permit_access;
    fake_run(mapper->vcpus[0]);
    uint32_t handle;
    cr_assert_eq(map_ref(64 * 256 - 1, 0, &handle), GNTST_okay);
    states = machine_frame(grant_table_status_frame(granter, 7));
    cr_assert_eq(states[2047], IN_USE);
    cr_assert_eq(unmap(handle), GNTST_okay);
    cr_assert_eq(map_ref(64 * 256, 0, &handle), GNTST_bad_gntref);
}

static int swap(uint32_t a, uint32_t b)
{
    struct gnttab_swap_grant_ref op = {.ref_a = a, .ref_b = b};
    cr_assert_eq(world_call(hc_grant_table_op, GNTTABOP_swap_grant_ref, &op, sizeof(op)), 0);
    return op.status;
}

Test(grant_v2, entries_are_swapped_when_neither_is_in_use)
{
    uint32_t handle;
    start();
    cr_assert_eq(map_ref(20, 0, &handle), GNTST_okay);
    fake_run(granter->vcpus[0]);
    cr_assert_eq(swap(20, 21), GNTST_eagain);
    cr_assert_eq(swap(21, 20), GNTST_eagain);
    cr_assert_eq(swap(20, 20), GNTST_okay);
    cr_assert_eq(swap(20, 256), GNTST_bad_gntref);
    cr_assert_eq(swap(~0u, 20), GNTST_bad_gntref);
    fake_run(mapper->vcpus[0]);
    cr_assert_eq(unmap(handle), GNTST_okay);
    fake_run(granter->vcpus[0]);
    cr_assert_eq(swap(20, 21), GNTST_okay);
    cr_assert_eq(table[20].hdr.flags, 0);
    fake_run(mapper->vcpus[0]);
    cr_assert_eq(map_ref(21, 0, &handle), GNTST_okay);
    cr_assert_eq(unmap(handle), GNTST_okay);
    fake_run(owner->vcpus[0]);
    owners[9] = (struct grant_entry_v1){GTF_permit_access, 1, 77};
    cr_assert_eq(swap(9, 511), GNTST_okay);
    cr_assert_eq(owners[9].frame | owners[9].flags, 0);
    cr_assert_eq(owners[511].frame, 77);
}

static int flush(uint64_t address, uint16_t offset, uint16_t length, uint32_t how)
{
    struct gnttab_cache_flush op;
    memset(&op, 0, sizeof(op));
    op.a.dev_bus_addr = address;
    op.offset = offset;
    op.length = length;
    op.op = how;
    return (int)world_call(hc_grant_table_op, GNTTABOP_cache_flush, &op, sizeof(op));
}

Test(grant_v2, caches_are_flushed_by_their_owner_and_only_ranges_of_a_page)
{
    start();
    uint64_t address = local.n << PAGE_SHIFT;
    cr_assert_eq(flush(address, 0, 4096, GNTTAB_CACHE_CLEAN), 0);
    cr_assert_eq(flush(address, 4095, 1, GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL), 0);
    cr_assert_eq(flush(address, 0, 4096, GNTTAB_CACHE_INVAL), -XEN_EOPNOTSUPP);
    cr_assert_eq(flush(address, 4096, 0, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    cr_assert_eq(flush(address, 4095, 2, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    cr_assert_eq(flush(address, 0, 65535, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    cr_assert_eq(flush(address, 0, 1, 4), -XEN_EINVAL);
    cr_assert_eq(flush(~UINT64_C(0), 0, 1, GNTTAB_CACHE_CLEAN), -XEN_EINVAL, "not RAM");
    cr_assert_eq(flush(~UINT64_C(0), 0, 0, GNTTAB_CACHE_CLEAN), 0, "nothing to do");
    cr_assert_eq(flush(page.n << PAGE_SHIFT, 0, 1, GNTTAB_CACHE_CLEAN), -XEN_EPERM);
}

Test(grant_v2, a_granters_death_gives_its_status_frames_back_after_the_last_mapping)
{
    uint32_t handle;
    uint64_t before = 0;
    for (int i = 0; i < 3; i++) {
        if (i == 0) {
            start();
        } else {
            granter = guest_of_version(2);
            page = frame_alloc_domain(granter, 0, 0);
            table = machine_frame(grant_table_frame(granter, 0));
            fake_run(granter->vcpus[0]);
            cr_assert_eq(set_version(2), 0);
            table[20].full_page.hdr = (struct grant_entry_header){GTF_permit_access, mapper->id};
            table[20].full_page.frame = page.n;
            fake_run(mapper->vcpus[0]);
        }
        cr_assert_eq(map_ref(20, 0, &handle), GNTST_okay);
        cr_assert(mfn_valid_value(grant_table_frame(granter, 20)));
        world_kill(granter);
        fake_run(mapper->vcpus[0]);
        cr_assert_eq(unmap(handle), GNTST_okay);
        before = i == 0 ? frame_alloc_nr_free() : before;
    }
    cr_assert_eq(frame_alloc_nr_free(), before);
}

static bool stop_flipping;
static mfn_t pages[2];

/* A granter that keeps every rule but one: it changes the entry without looking at the status word. */
static void *flip(void *unused)
{
    for (uint64_t i = 0; !__atomic_load_n(&stop_flipping, __ATOMIC_SEQ_CST); i++) {
        volatile union grant_entry_v2 *entry = &table[20];
        entry->hdr.flags = 0;
        entry->full_page.frame = i % 3 == 2 ? ~UINT64_C(0) : pages[i % 3].n;
        entry->sub_page.length = (uint16_t)(i * 77);
        entry->hdr.flags = (uint16_t)(i % 8 < 2 ? GTF_transitive : GTF_permit_access) |
                           (uint16_t)(i % 8 == 3 ? GTF_readonly : 0) |
                           (uint16_t)(i % 8 == 5 ? GTF_sub_page : 0);
    }
    return unused;
}

/* GT3 while the entry changes all the time: what is mapped is one of the granter's pages, and in the end nothing is held. */
Test(grant_v2, GT3_an_entry_that_changes_meanwhile_gives_one_of_its_pages_or_nothing)
{
    pthread_t writer;
    unsigned int mapped = 0;
    start();
    pages[0] = page;
    pages[1] = frame_alloc_domain(granter, 0, 0);
    cr_assert_eq(pthread_create(&writer, NULL, flip, NULL), 0);
    const char *wrong = NULL; /* an assertion would leave the writer running */
    for (int i = 0; wrong == NULL && (i < 20000 || (mapped == 0 && i < 400000)); i++) {
        struct gnttab_map_grant_ref op = {
            .host_addr = 0x4000, .flags = GNTMAP_host_map, .ref = 20, .dom = granter->id};
        (void)world_call(hc_grant_table_op, GNTTABOP_map_grant_ref, &op, sizeof(op));
        if (op.status == GNTST_okay) {
            uint64_t frame = op.dev_bus_addr >> PAGE_SHIFT;
            wrong = frame != pages[0].n && frame != pages[1].n ? "no page of the granter's"
                    : states[20] != IN_USE                     ? "mapped, not marked"
                    : unmap(op.handle) != GNTST_okay           ? "cannot be unmapped"
                                                               : wrong;
            mapped++;
        }
        wrong = states[20] != 0 ? "marked, not mapped" : wrong;
        (void)copy(20, 0, 16, i % 2 != 0);
    }
    __atomic_store_n(&stop_flipping, true, __ATOMIC_SEQ_CST);
    pthread_join(writer, NULL);
    cr_assert_null(wrong, "%s", wrong);
    cr_assert_neq(mapped, 0);
    cr_assert_eq(states[20], 0);
    cr_assert_eq(frame_current_type(pages[0]), FRAME_NONE);
    cr_assert_eq(frame_current_type(pages[1]), FRAME_NONE);
    fake_run(granter->vcpus[0]);
    cr_assert_eq(set_version(1), 0, "nothing is in use");
}

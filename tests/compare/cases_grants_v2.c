/* SPDX-License-Identifier: MIT */
/* Grant table version 2: the change and the way back, whole pages, parts of pages, grants of others' grants, status words. */
#include <string.h>

#include <public/domctl.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>

#include "compare.h"

#define SELF 0 /* this image runs as the first domain */

static void *window;
static volatile union grant_entry_v2 *entries;
static volatile grant_status_t *states;
static volatile struct grant_entry_v1 *entries_v1;
static struct spare_page page, local;

static long set_version(uint32_t version)
{
    struct gnttab_set_version op = {.version = version};
    return hypercall_grant_table_op(GNTTABOP_set_version, &op, 1);
}

static long version(uint16_t domid)
{
    struct gnttab_get_version op = {.dom = domid};
    long result = hypercall_grant_table_op(GNTTABOP_get_version, &op, 1);
    return result != 0 ? result : (long)op.version;
}

static long status_frames(uint16_t domid, uint32_t count, unsigned long *list)
{
    struct gnttab_get_status_frames op = {.dom = domid, .nr_frames = count};
    set_xen_guest_handle(op.frame_list, list);
    long result = hypercall_grant_table_op(GNTTABOP_get_status_frames, &op, 1);
    return result != 0 ? result : op.status;
}

static long setup(uint32_t count, unsigned long *list)
{
    struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = count};
    set_xen_guest_handle(op.frame_list, list);
    long result = hypercall_grant_table_op(GNTTABOP_setup_table, &op, 1);
    return result != 0 ? result : op.status;
}

static long map(uint32_t reference, uint32_t flags, uint32_t *handle)
{
    struct gnttab_map_grant_ref op = {.host_addr = (uint64_t)window,
                                      .flags = flags | GNTMAP_host_map,
                                      .ref = reference,
                                      .dom = SELF};
    long result = hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);
    *handle = op.handle;
    return result != 0 ? result : op.status;
}

static long unmap(uint32_t handle)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = (uint64_t)window, .handle = handle};
    long result = hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1);
    return result != 0 ? result : op.status;
}

/* 16 bytes between offset of the grant and the local page's start. */
static long copy(uint32_t reference, uint16_t offset, uint16_t length, bool to_grant)
{
    struct gnttab_copy op;
    struct gnttab_copy_ptr *grant = to_grant ? &op.dest : &op.source;
    struct gnttab_copy_ptr *frame = to_grant ? &op.source : &op.dest;
    memset(&op, 0, sizeof(op));
    grant->u.ref = reference;
    grant->domid = SELF;
    grant->offset = offset;
    frame->u.gmfn = local.mfn;
    frame->domid = DOMID_SELF;
    op.len = length;
    op.flags = to_grant ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
    long result = hypercall_grant_table_op(GNTTABOP_copy, &op, 1);
    return result != 0 ? result : op.status;
}

static void grant_page(uint32_t reference, uint16_t flags, uint64_t frame)
{
    entries[reference].hdr.flags = 0;
    entries[reference].hdr.domid = SELF;
    entries[reference].full_page.pad0 = 0;
    entries[reference].full_page.frame = frame;
    entries[reference].hdr.flags = flags;
}

static void grant_part(uint32_t reference, uint16_t flags, uint16_t offset, uint16_t length)
{
    grant_page(reference, 0, page.mfn);
    entries[reference].sub_page.page_off = offset;
    entries[reference].sub_page.length = length;
    entries[reference].hdr.flags = flags | GTF_permit_access | GTF_sub_page;
}

static void grant_through(uint32_t reference, uint16_t flags, uint16_t domid, uint32_t other)
{
    grant_page(reference, 0, 0);
    entries[reference].transitive.trans_domid = domid;
    entries[reference].transitive.gref = other;
    entries[reference].hdr.flags = flags | GTF_transitive;
}

static void changing(void)
{
    unsigned long list[8];
    uint32_t handle;
    show("v2.status frames of version 1", status_frames(DOMID_SELF, 1, list));
    entries_v1[20].domid = SELF;
    entries_v1[20].frame = (uint32_t)page.mfn;
    entries_v1[20].flags = GTF_permit_access;
    entries_v1[3].domid = SELF;
    entries_v1[3].frame = (uint32_t)page.mfn;
    entries_v1[3].flags = GTF_permit_access;
    entries_v1[4].flags = GTF_permit_access | GTF_sub_page;
    show("v2.version 0", set_version(0));
    struct gnttab_set_version none = {.version = 3};
    (void)hypercall_grant_table_op(GNTTABOP_set_version, &none, 1);
    show("v2.what version 3 leaves", (long)none.version);
    show("v2.map by version 1", map(20, 0, &handle));
    show("v2.change while mapped", set_version(2));
    show("v2.same version while mapped", set_version(1));
    (void)unmap(handle);
    show("v2.map a reserved one", map(3, 0, &handle));
    show("v2.change", set_version(2));
    show("v2.is", version(DOMID_SELF));
    show("v2.of none", version(999));
    show("v2.change again", set_version(2));
    show("v2.status frames, one", status_frames(DOMID_SELF, 1, list));
    (void)hypercall_update_va_mapping((unsigned long)states, (uint64_t)list[0] << 12 | 3,
                                      UVMF_INVLPG | UVMF_ALL);
    show("v2.status frames, none", status_frames(DOMID_SELF, 0, list));
    show("v2.status frames, nine", status_frames(DOMID_SELF, 9, list));
    show("v2.status frames of none", status_frames(999, 1, list));
    show("v2.reserved entry moved, flags", entries[3].hdr.flags);
    show("v2.reserved entry moved, frame", entries[3].full_page.frame == page.mfn);
    show("v2.reserved entry moved, state", states[3]);
    show("v2.other entries are gone", entries[10].hdr.flags);
    show("v2.unmap the reserved one", unmap(handle));
    show("v2.its state", states[3]);
}

static void maps(void)
{
    uint32_t handle;
    grant_page(20, GTF_permit_access, page.mfn);
    show("v2.map", map(20, 0, &handle));
    show("v2.map state", states[20]);
    show("v2.map flags", entries[20].hdr.flags);
    show("v2.unmap", unmap(handle));
    show("v2.unmap state", states[20]);
    show("v2.map read-only", map(20, GNTMAP_readonly, &handle));
    show("v2.map read-only state", states[20]);
    show("v2.back while mapped", set_version(1));
    show("v2.unmap read-only", unmap(handle));
    grant_page(20, GTF_permit_access | GTF_readonly, page.mfn);
    show("v2.map a read-only grant for writing", map(20, 0, &handle));
    show("v2.map a read-only grant for writing, state", states[20]);
    show("v2.map beyond", map(256, 0, &handle));
    show("v2.map last", map(255, 0, &handle));
    grant_page(20, GTF_permit_access, ~0ul);
    show("v2.map no frame", map(20, 0, &handle));
    grant_page(20, GTF_permit_access, page.mfn | 1ul << 40);
    show("v2.map a frame beyond 2^40", map(20, 0, &handle));
    grant_page(20, GTF_accept_transfer, page.mfn);
    show("v2.map a transfer", map(20, 0, &handle));
    grant_part(20, 0, 0, 4096);
    show("v2.map a part", map(20, 0, &handle));
    grant_page(21, GTF_permit_access, page.mfn);
    grant_through(20, 0, SELF, 21);
    show("v2.map through", map(20, 0, &handle));
    show("v2.map through, state", states[20]);
}

static void copies(void)
{
    grant_page(20, GTF_permit_access, page.mfn);
    show("v2.copy", copy(20, 4080, 16, false));
    show("v2.copy to", copy(20, 4080, 16, true));
    show("v2.copy across", copy(20, 4081, 16, false));
    grant_part(20, 0, 100, 50);
    show("part.inside", copy(20, 100, 50, false));
    show("part.to", copy(20, 110, 10, true));
    show("part.before", copy(20, 99, 10, false));
    show("part.after", copy(20, 141, 10, false));
    show("part.nothing outside", copy(20, 0, 0, false));
    show("part.across a page", copy(20, 4090, 10, false));
    grant_part(20, GTF_readonly, 100, 50);
    show("part.to a read-only one", copy(20, 110, 10, true));
    grant_part(20, 0, 4000, 1000);
    show("part.that leaves the page", copy(20, 4000, 96, false));
    grant_part(20, 0, 65535, 65535);
    show("part.far away", copy(20, 4000, 96, false));
    grant_part(20, 0, 0, 0);
    show("part.empty", copy(20, 0, 1, false));
    show("part.state", states[20]);
}

static void through(void)
{
    grant_page(21, GTF_permit_access, page.mfn);
    grant_through(20, 0, SELF, 21);
    show("through.own", copy(20, 0, 16, false));
    show("through.state", states[20]);
    grant_through(20, 0, 999, 21);
    show("through.none", copy(20, 0, 16, false));
    grant_through(20, 0, SELF, 20);
    show("through.itself", copy(20, 0, 16, false));
    grant_through(20, 0, SELF, ~0u);
    show("through.no reference", copy(20, 0, 16, false));
    show("through.states", states[20] + states[21]);
    grant_page(20, 0, 0);
    grant_page(21, 0, 0);
}

static struct xen_domctl domctl;

/* A domain without a vCPU: its frame, granted to us by its reference 9, and we grant that on to ourselves. */
static void through_another(void)
{
    uint32_t handle;
    struct xen_memory_reservation memory = {.nr_extents = 1};
    struct xen_mem_acquire_resource resource = {.type = XENMEM_resource_grant_table,
                                                .id = XENMEM_resource_grant_table_id_shared,
                                                .nr_frames = 1};
    xen_pfn_t frame = 1;
    unsigned long table = 0;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctl.cmd = XEN_DOMCTL_createdomain;
    domctl.u.createdomain.max_vcpus = 1;
    domctl.u.createdomain.max_evtchn_port = 1023;
    domctl.u.createdomain.max_grant_frames = 4;
    domctl.u.createdomain.max_maptrack_frames = 4;
    domctl.u.createdomain.grant_opts = 2;
    show("through.another is made", hypercall_domctl(&domctl));
    uint16_t domid = domctl.domain;
    domctl.cmd = XEN_DOMCTL_max_mem;
    domctl.u.max_mem.max_memkb = 4096;
    (void)hypercall_domctl(&domctl);
    memory.domid = domid;
    set_xen_guest_handle(memory.extent_start, &frame);
    show("through.its frame", hypercall_memory_op(XENMEM_populate_physmap, &memory));
    resource.domid = domid;
    set_xen_guest_handle(resource.frame_list, &table);
    show("through.its table", hypercall_memory_op(XENMEM_acquire_resource, &resource));
    resource.id = XENMEM_resource_grant_table_id_status;
    show("through.its status frames", hypercall_memory_op(XENMEM_acquire_resource, &resource));
    struct grant_entry_v1 *foreign = memory_map_frames(&table, 1, MEMORY_WRITE, domid, NULL);
    show("through.its table is mapped", foreign != NULL);
    foreign[9] = (struct grant_entry_v1){GTF_permit_access, SELF, (uint32_t)frame};
    grant_through(20, 0, domid, 9);
    show("through.copy", copy(20, 0, 16, false));
    show("through.copy to", copy(20, 4080, 16, true));
    show("through.copy across", copy(20, 4081, 16, true));
    show("through.state after", states[20]);
    show("through.its entry after", foreign[9].flags);
    show("through.map", map(20, 0, &handle));
    grant_through(20, GTF_readonly, domid, 9);
    show("through.read-only", copy(20, 0, 16, true));
    grant_through(20, 0, domid, 8);
    show("through.empty", copy(20, 0, 16, false));
    grant_through(20, 0, domid, 5000);
    show("through.beyond", copy(20, 0, 16, false));
    grant_through(20, 0, domid, 9);
    foreign[9].flags = GTF_permit_access | GTF_readonly;
    show("through.to a read-only one", copy(20, 0, 16, true));
    foreign[9].domid = 77;
    show("through.another's", copy(20, 0, 16, false));
    show("through.state at last", states[20] + foreign[9].flags);
    memory_unmap_frames(foreign, 1);
    grant_page(20, 0, 0);
    show("through.resource of none",
         (resource.id = 7, hypercall_memory_op(XENMEM_acquire_resource, &resource)));
    resource.domid = DOMID_SELF;
    resource.id = XENMEM_resource_grant_table_id_status;
    show("through.own status frames", hypercall_memory_op(XENMEM_acquire_resource, &resource));
    domctl.cmd = XEN_DOMCTL_destroydomain;
    show("through.another ends", hypercall_domctl(&domctl));
}

static long swap(uint32_t a, uint32_t b)
{
    struct gnttab_swap_grant_ref op = {.ref_a = a, .ref_b = b};
    long result = hypercall_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1);
    return result != 0 ? result : op.status;
}

static void swaps(const char *const names[7])
{
    uint32_t handle;
    show(names[0], swap(20, 21));
    show(names[1], swap(20, 20));
    show(names[2], swap(20, 5000));
    show(names[3], swap(5000, 20));
    show(names[4], map(20, 0, &handle));
    show(names[5], swap(20, 21));
    show(names[6], swap(21, 20));
    (void)unmap(handle);
    (void)swap(20, 21);
}

static long flush(uint64_t address, uint16_t offset, uint16_t length, uint32_t op)
{
    struct gnttab_cache_flush flush;
    memset(&flush, 0, sizeof(flush));
    flush.a.dev_bus_addr = address;
    flush.offset = offset;
    flush.length = length;
    flush.op = op;
    return hypercall_grant_table_op(GNTTABOP_cache_flush, &flush, 1);
}

static void flushes(void)
{
    uint64_t address = (uint64_t)page.mfn << 12;
    show("flush.clean", flush(address, 0, 4096, GNTTAB_CACHE_CLEAN));
    show("flush.invalidate", flush(address, 0, 4096, GNTTAB_CACHE_INVAL));
    show("flush.both", flush(address, 0, 4096, GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL));
    show("flush.offset 4096", flush(address, 4096, 0, GNTTAB_CACHE_CLEAN));
    show("flush.length 4097", flush(address, 0, 4097, GNTTAB_CACHE_CLEAN));
    show("flush.across", flush(address, 4000, 97, GNTTAB_CACHE_CLEAN));
    show("flush.nothing", flush(address, 0, 0, GNTTAB_CACHE_CLEAN));
    show("flush.no operation", flush(address, 0, 1, 0));
    show("flush.unknown", flush(address, 0, 1, 4));
    show("flush.by reference", flush(20, 0, 1, GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_SOURCE_GREF));
    show("flush.no frame", flush(~0ul, 0, 1, GNTTAB_CACHE_CLEAN));
    show("flush.not ours", flush(0, 0, 1, GNTTAB_CACHE_CLEAN));
    show("flush.none", hypercall_grant_table_op(GNTTABOP_cache_flush, &address, 0));
}

static void growing(void)
{
    unsigned long list[16];
    show("v2.nine frames", setup(9, list));
    show("v2.two status frames", status_frames(DOMID_SELF, 2, list));
    show("v2.three status frames", status_frames(DOMID_SELF, 3, list));
}

static void back(void)
{
    uint32_t handle;
    grant_through(4, 0, SELF, 20);
    show("v2.back with a transitive reserved one", set_version(1));
    grant_part(4, 0, 0, 4096);
    show("v2.back with a part that is reserved", set_version(1));
    grant_page(4, 0, 0);
    grant_page(3, GTF_permit_access, page.mfn);
    (void)map(3, 0, &handle);
    show("v2.back with status frames mapped", set_version(1));
    show("v2.still", version(DOMID_SELF));
    (void)hypercall_update_va_mapping((unsigned long)states, 0, UVMF_INVLPG | UVMF_ALL);
    grant_through(5, 0, SELF, 20);
    show("v2.back with a transitive one, nothing mapped", set_version(1));
    grant_part(5, 0, 0, 4096);
    show("v2.back with a part, nothing mapped", set_version(1));
    grant_page(5, 0, 0);
    show("v2.back", set_version(1));
    show("v2.is 1", version(DOMID_SELF));
    show("v2.reserved entry is back", entries_v1[3].flags);
    show("v2.reserved frame is back", entries_v1[3].frame == page.mfn);
    show("v2.unmap after all", unmap(handle));
    show("v2.reserved entry at rest", entries_v1[3].flags);
    entries_v1[20].domid = SELF;
    entries_v1[20].frame = (uint32_t)page.mfn;
    entries_v1[20].flags = GTF_permit_access;
    show("v2.map by version 1 again", map(20, 0, &handle));
    show("v2.map by version 1, flags", entries_v1[20].flags);
    (void)unmap(handle);
}

void cases_grants_v2(void)
{
    static const char *const first[7] = {"swap1.two",      "swap1.itself", "swap1.b beyond",
                                         "swap1.a beyond", "swap1.map",    "swap1.a in use",
                                         "swap1.b in use"};
    static const char *const second[7] = {"swap2.two",      "swap2.itself", "swap2.b beyond",
                                          "swap2.a beyond", "swap2.map",    "swap2.a in use",
                                          "swap2.b in use"};
    unsigned long list[1];
    char *space = memory_window_alloc(3);
    page = spare_page();
    local = spare_page();
    window = space;
    entries = (void *)(space + 4096);
    entries_v1 = (void *)(space + 4096);
    states = (void *)(space + 8192);
    show("v2.setup", setup(1, list));
    (void)hypercall_update_va_mapping((unsigned long)entries, (uint64_t)list[0] << 12 | 3,
                                      UVMF_INVLPG | UVMF_ALL);
    entries_v1[21] = (struct grant_entry_v1){GTF_permit_access, SELF, (uint32_t)page.mfn};
    swaps(first);
    entries_v1[21].flags = 0;
    changing();
    maps();
    copies();
    through();
    through_another();
    grant_page(21, GTF_permit_access, page.mfn);
    swaps(second);
    grant_page(21, 0, 0);
    flushes();
    growing();
    back();
}

/* SPDX-License-Identifier: MIT */
/* Grants from this domain to itself: map, unmap, copy, with every argument wrong in turn. */
#include <string.h>

#include <public/grant_table.h>
#include <public/xen.h>
#include <pvk/grant.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>

#include "compare.h"

static uint16_t self;
static void *window;

static long map(uint32_t reference, uint32_t flags, uint16_t domid, uint64_t address,
                uint32_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = address, .flags = flags, .ref = reference, .dom = domid};
    long result = hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);
    *handle = op.handle;
    return result != 0 ? result : op.status;
}

static long unmap(uint32_t handle, uint64_t address)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = address, .handle = handle};
    long result = hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1);
    return result != 0 ? result : op.status;
}

static void maps(uint32_t writable, uint32_t read_only)
{
    uint64_t address = (uint64_t)window;
    uint32_t handle, second;
    show("map.read-write", map(writable, GNTMAP_host_map, self, address, &handle));
    show("map.end access while mapped", grant_end_access(writable) != 0);
    show("unmap.wrong address", unmap(handle, address + 4096));
    show("unmap", unmap(handle, address));
    show("unmap.twice", unmap(handle, address));
    show("map.read-only", map(writable, GNTMAP_host_map | GNTMAP_readonly, self, address, &handle));
    show("unmap.read-only", unmap(handle, address));
    show("map.write of a read-only grant", map(read_only, GNTMAP_host_map, self, address, &handle));
    show("map.read of a read-only grant",
         map(read_only, GNTMAP_host_map | GNTMAP_readonly, self, address, &handle));
    show("map.second of the same",
         map(read_only, GNTMAP_host_map | GNTMAP_readonly, self, address + 4096, &second));
    show("unmap.second", unmap(second, address + 4096));
    show("unmap.first", unmap(handle, address));
    show("map.neither host nor device", map(writable, 0, self, address, &handle));
    show("map.device", map(writable, GNTMAP_device_map, self, address, &handle));
    show("map.empty reference", map(900, GNTMAP_host_map, self, address, &handle));
    show("map.reference 2^32-1", map(~0u, GNTMAP_host_map, self, address, &handle));
    show("map.no such domain", map(writable, GNTMAP_host_map, 999, address, &handle));
    show("map.no table at address", map(writable, GNTMAP_host_map, self, NOT_MAPPED, &handle));
    show("map.hypervisor address", map(writable, GNTMAP_host_map, self, IN_HYPERVISOR, &handle));
    show("map.not canonical", map(writable, GNTMAP_host_map, self, NOT_CANONICAL, &handle));
    show("unmap.bad handle", unmap(12345, address));
    show("unmap.handle -1", unmap(~0u, address));
}

static long copy(struct gnttab_copy *op)
{
    long result = hypercall_grant_table_op(GNTTABOP_copy, op, 1);
    return result != 0 ? result : op->status;
}

static void copies(uint32_t writable, uint32_t read_only)
{
    struct spare_page local = spare_page();
    struct gnttab_copy good, op;
    memset(&good, 0, sizeof(good));
    good.source.u.ref = writable;
    good.source.domid = self;
    good.dest.u.gmfn = local.mfn;
    good.dest.domid = DOMID_SELF;
    good.len = 64;
    good.flags = GNTCOPY_source_gref;
    op = good;
    show("copy.from grant", copy(&op));
    op.source.offset = 4090;
    show("copy.crossing a page", copy(&op));
    op = good;
    op.len = 0;
    show("copy.nothing", copy(&op));
    op.len = 0xffff;
    show("copy.64 KiB", copy(&op));
    op = good;
    op.source.offset = 0xffff;
    show("copy.offset beyond", copy(&op));
    op = good;
    op.source.u.ref = 900;
    show("copy.empty reference", copy(&op));
    op = good;
    op.source.domid = 999;
    show("copy.no such domain", copy(&op));
    op = good;
    op.dest.u.gmfn = ~0ul >> 12;
    show("copy.no frame", copy(&op));
    op = good;
    op.source.u.gmfn = local.mfn;
    op.source.domid = DOMID_SELF;
    op.dest.u.ref = read_only;
    op.dest.domid = self;
    op.flags = GNTCOPY_dest_gref;
    show("copy.to a read-only grant", copy(&op));
    op.dest.u.ref = writable;
    show("copy.to grant", copy(&op));
    op.flags = 0;
    op.dest.u.gmfn = local.mfn;
    op.dest.domid = DOMID_SELF;
    op.dest.offset = 128;
    show("copy.frame to frame", copy(&op));
}

static void tables(void)
{
    struct gnttab_query_size size = {.dom = DOMID_SELF};
    struct gnttab_setup_table setup;
    struct gnttab_set_version version = {.version = 1};
    struct gnttab_get_version current = {.dom = DOMID_SELF};
    unsigned long frames[4];
    memset(&setup, 0, sizeof(setup));
    show("query", hypercall_grant_table_op(GNTTABOP_query_size, &size, 1));
    show("query.status", size.status);
    size.dom = 999;
    show("query.no such domain", hypercall_grant_table_op(GNTTABOP_query_size, &size, 1));
    show("query.no such domain status", size.status);
    setup.dom = DOMID_SELF;
    setup.nr_frames = 1u << 20;
    set_xen_guest_handle(setup.frame_list, frames);
    show("setup.too many", hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1));
    show("setup.too many status", setup.status);
    setup.dom = 999;
    setup.nr_frames = 1;
    show("setup.no such domain", hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1));
    show("setup.no such domain status", setup.status);
    show("setup.two at once", hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 2));
    show("version.1", hypercall_grant_table_op(GNTTABOP_set_version, &version, 1));
    version.version = 3;
    show("version.3", hypercall_grant_table_op(GNTTABOP_set_version, &version, 1));
    show("version.get", hypercall_grant_table_op(GNTTABOP_get_version, &current, 1));
    show("version.is", (long)current.version);
}

void cases_grants(void)
{
    struct spare_page page = spare_page(), sealed = spare_page();
    struct gnttab_map_grant_ref op;
    self = 0;
    window = memory_window_alloc(2);
    int writable = grant_access(self, page.address, false);
    int read_only = grant_access(self, sealed.address, true);
    tables();
    maps((uint32_t)writable, (uint32_t)read_only);
    copies((uint32_t)writable, (uint32_t)read_only);
    memset(&op, 0, sizeof(op));
    show("grant.none", hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 0));
    show("grant.2^31", hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1u << 31));
    show("grant.hypervisor pointer",
         hypercall_grant_table_op(GNTTABOP_map_grant_ref, (void *)IN_HYPERVISOR, 1));
    show("grant.not mapped",
         hypercall_grant_table_op(GNTTABOP_map_grant_ref, (void *)NOT_MAPPED, 1));
    show("grant.unknown", hypercall_grant_table_op(99, &op, 1));
    show("grant.transfer", hypercall_grant_table_op(GNTTABOP_transfer, &op, 0));
    show("grant.end access", grant_end_access((uint32_t)writable));
    show("grant.end access read-only", grant_end_access((uint32_t)read_only));
}

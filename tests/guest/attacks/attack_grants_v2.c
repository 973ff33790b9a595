/* SPDX-License-Identifier: MIT */
/* Attacks on version 2 of grant tables: entries that lie, chains of grants, the change of version in the middle. */
#include "attack.h"

#include <string.h>

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>

static long set_version(uint32_t version)
{
    struct gnttab_set_version op = {.version = version};
    return hypercall_grant_table_op(GNTTABOP_set_version, &op, 1);
}

static long copy_from(uint16_t domid, uint32_t reference, struct victim to)
{
    struct gnttab_copy op;
    memset(&op, 0, sizeof(op));
    op.source.u.ref = reference;
    op.source.domid = domid;
    op.dest.u.gmfn = to.mfn;
    op.dest.domid = DOMID_SELF;
    op.len = 16;
    op.flags = GNTCOPY_source_gref;
    long result = hypercall_grant_table_op(GNTTABOP_copy, &op, 1);
    return result != 0 ? result : op.status;
}

/* Version 2: the change back while status words are mapped or an entry is in use, chains of grants, entries that lie. */
void grant_versions(void)
{
    struct victim page = victim_page(), local = victim_page();
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};
    char *space = memory_window_alloc(3);
    volatile union grant_entry_v2 *entries = (void *)(space + 4096);
    unsigned long frame = 0, states = 0;
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    struct gnttab_get_status_frames get = {.dom = DOMID_SELF, .nr_frames = 1};

    (void)hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &unbound);
    status.port = unbound.port;
    (void)hypercall_event_channel_op(EVTCHNOP_status, &status);
    uint16_t self = status.u.unbound.dom;
    set_xen_guest_handle(setup.frame_list, &frame);
    set_xen_guest_handle(get.frame_list, (uint64_t *)&states);
    attack_expect("setup", hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
    attack_expect("version 2", set_version(2), 0);
    attack_expect("status", hypercall_grant_table_op(GNTTABOP_get_status_frames, &get, 1), 0);
    (void)hypercall_update_va_mapping((unsigned long)entries, (uint64_t)frame << 12 | 3, 0);
    (void)hypercall_update_va_mapping((unsigned long)space + 8192, (uint64_t)states << 12 | 3, 0);
    attack_expect("back, status mapped", set_version(1), -16);
    for (uint32_t round = 0; round < 2000; round++) {
        volatile union grant_entry_v2 *entry = &entries[20];
        entry->transitive.trans_domid = round % 3 == 0 ? self : (uint16_t)(round * 40503u);
        entry->transitive.gref = round % 2 == 0 ? 20 : round * 2654435761u;
        entry->hdr.domid = self;
        entry->hdr.flags = GTF_transitive;
        attack_expect("through", copy_from(self, 20, local) < 0, 1);
    }
    entries[20].full_page.frame = page.mfn;
    entries[20].hdr.flags = GTF_permit_access;
    struct gnttab_map_grant_ref map = {
        .host_addr = (uint64_t)space, .flags = GNTMAP_host_map, .ref = 20, .dom = self};
    attack_expect("map", hypercall_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) + map.status, 0);
    (void)hypercall_update_va_mapping((unsigned long)space + 8192, 0, UVMF_INVLPG | UVMF_ALL);
    attack_expect("back while mapped", set_version(1), -16);
    entries[20].hdr.flags = 0;
    entries[20].full_page.frame = ~0ul;
    struct gnttab_unmap_grant_ref unmap = {.host_addr = (uint64_t)space, .handle = map.handle};
    attack_expect("unmap what is revoked",
                  hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1) + unmap.status, 0);
    for (uint32_t round = 0; round < 50; round++) {
        attack_expect("back", set_version(1), 0);
        attack_expect("forth", set_version(2), 0);
    }
}

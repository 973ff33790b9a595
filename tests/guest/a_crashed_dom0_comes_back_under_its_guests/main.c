/* SPDX-License-Identifier: MIT */
/*
 * With dom0-restart, a first domain that crashes is built again. What it made before is still there: a domain keeps number, memory and
 * event channel (unbound again, for domain 0), and is paused exactly once for the restart (DR2), though there were two.
 *
 * Append: dom0-restart
 * Xen: no
 */
#define __XEN_TOOLS__ 1
#include <stdlib.h>
#include <string.h>

#include <public/domctl.h>
#include <public/errno.h>
#include <public/event_channel.h>
#include <public/memory.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include "outcome.h"

#define GUEST 7

static struct xen_domctl op;

static long domctl(uint32_t command)
{
    op.cmd = command;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = GUEST;
    return hypercall_domctl(&op);
}

/* The guest's one page, whose frame its handle remembers. */
static void write_page(void)
{
    static struct xen_memory_reservation reservation = {.nr_extents = 1, .domid = GUEST};
    static xen_pfn_t frame;

    set_xen_guest_handle(reservation.extent_start, &frame);
    OUTCOME_EXPECT_EQUAL(hypercall_memory_op(XENMEM_populate_physmap, &reservation), 1);
    char *page = memory_map_frames(&frame, 1, MEMORY_WRITE, GUEST, NULL);
    OUTCOME_EXPECT(page != NULL);
    strcpy(page, "still here");
    memset(&op, 0, sizeof(op));
    memcpy(op.u.setdomainhandle.handle, &frame, sizeof(frame));
    OUTCOME_EXPECT_EQUAL(domctl(XEN_DOMCTL_setdomainhandle), 0);
    /* The page stays mapped over the crash. */
}

static void read_page(void)
{
    unsigned long frame;

    OUTCOME_EXPECT_EQUAL(domctl(XEN_DOMCTL_getdomaininfo), 0);
    OUTCOME_EXPECT_EQUAL(op.domain, GUEST);
    OUTCOME_EXPECT((op.u.getdomaininfo.flags & XEN_DOMINF_paused) != 0);
    memcpy(&frame, op.u.getdomaininfo.handle, sizeof(frame));
    const char *page = memory_map_frames(&frame, 1, MEMORY_READ, GUEST, NULL);
    OUTCOME_EXPECT(page != NULL);
    OUTCOME_EXPECT_EQUAL(strcmp(page, "still here"), 0);
}

static void make_guest(void)
{
    struct evtchn_alloc_unbound port = {.dom = GUEST, .remote_dom = 0};

    memset(&op, 0, sizeof(op));
    op.u.createdomain.max_vcpus = 1;
    op.u.createdomain.max_evtchn_port = 100;
    op.u.createdomain.max_grant_frames = 4;
    op.u.createdomain.max_maptrack_frames = 4;
    op.u.createdomain.grant_opts = 1;
    OUTCOME_EXPECT_EQUAL(domctl(XEN_DOMCTL_createdomain), 0);
    op.u.max_mem.max_memkb = 64;
    OUTCOME_EXPECT_EQUAL(domctl(XEN_DOMCTL_max_mem), 0);
    OUTCOME_EXPECT_EQUAL(hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &port), 0);
    OUTCOME_EXPECT_EQUAL(port.port, 1);
    write_page();
    OUTCOME_EXPECT_EQUAL(domctl(XEN_DOMCTL_unpausedomain), 0);
}

/* As a back end would, which crashes with it. */
static void bind_port(void)
{
    struct evtchn_status status = {.dom = GUEST, .port = 1};
    struct evtchn_bind_interdomain bind = {.remote_dom = GUEST, .remote_port = 1};

    OUTCOME_EXPECT_EQUAL(hypercall_event_channel_op(EVTCHNOP_status, &status), 0);
    OUTCOME_EXPECT_EQUAL(status.status, EVTCHNSTAT_unbound);
    OUTCOME_EXPECT_EQUAL(status.u.unbound.dom, 0);
    OUTCOME_EXPECT_EQUAL(hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind), 0);
}

int main(int argc, char **argv)
{
    const char *last = argc > 0 ? argv[argc - 1] : "";

    OUTCOME_EXPECT(strncmp(last, "restart=", 8) == 0);
    switch (atoi(last + 8)) {
    case 0:
        make_guest();
        bind_port();
        shutdown_crash();
    case 1: /* it crashes before it lets the guest run: that is no second pause */
        read_page();
        bind_port();
        shutdown_crash();
    default:
        read_page();
        bind_port();
        OUTCOME_EXPECT_EQUAL(domctl(XEN_DOMCTL_unpausedomain), 0);
        OUTCOME_EXPECT_EQUAL(domctl(XEN_DOMCTL_unpausedomain), -XEN_EINVAL);
        OUTCOME_EXPECT_EQUAL(domctl(XEN_DOMCTL_destroydomain), 0);
        outcome_success();
    }
}

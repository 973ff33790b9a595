/* SPDX-License-Identifier: MIT */
/* domctl, sysctl and platform_op: versions, absent domains, a domain's short life. */
#include <string.h>

#include <public/domctl.h>
#include <public/platform.h>
#include <public/sysctl.h>
#include <public/xen.h>
#include <pvk/hypercall.h>

#include "compare.h"

static struct xen_domctl domctl;
static struct xen_sysctl sysctl;

static long control(uint32_t command, uint16_t domid)
{
    domctl.cmd = command;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctl.domain = domid;
    return hypercall_domctl(&domctl);
}

static void life(void)
{
    uint16_t domid;
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.createdomain.max_vcpus = 1;
    domctl.u.createdomain.max_evtchn_port = 1023;
    domctl.u.createdomain.max_grant_frames = 4;
    domctl.u.createdomain.max_maptrack_frames = 4;
    domctl.u.createdomain.grant_opts = 1;
    show("create", control(XEN_DOMCTL_createdomain, 0));
    domid = domctl.domain;
    show("create.id is positive", domid > 0 && domid < DOMID_FIRST_RESERVED);
    memset(&domctl.u, 0, sizeof(domctl.u));
    show("info", control(XEN_DOMCTL_getdomaininfo, domid));
    show("info.flags", (long)domctl.u.getdomaininfo.flags);
    show("info.pages", (long)domctl.u.getdomaininfo.tot_pages);
    memset(&domctl.u, 0, sizeof(domctl.u));
    domctl.u.max_vcpus.max = 1;
    show("max_vcpus", control(XEN_DOMCTL_max_vcpus, domid));
    domctl.u.max_vcpus.max = 100000;
    show("max_vcpus.too many", control(XEN_DOMCTL_max_vcpus, domid));
    domctl.u.max_mem.max_memkb = 4096;
    show("max_mem", control(XEN_DOMCTL_max_mem, domid));
    show("pause", control(XEN_DOMCTL_pausedomain, domid));
    show("unpause", control(XEN_DOMCTL_unpausedomain, domid));
    memset(&domctl.u, 0, sizeof(domctl.u));
    domctl.u.getvcpuinfo.vcpu = 5;
    show("vcpuinfo.5", control(XEN_DOMCTL_getvcpuinfo, domid));
    domctl.u.getvcpuinfo.vcpu = 0;
    show("vcpuinfo.0", control(XEN_DOMCTL_getvcpuinfo, domid));
    memset(&domctl.u, 0, sizeof(domctl.u));
    show("getvcpucontext.not initialised", control(XEN_DOMCTL_getvcpucontext, domid));
    show("setvcpucontext.null", control(XEN_DOMCTL_setvcpucontext, domid));
    show("hypercall_init.no frame",
         (domctl.u.hypercall_init.gmfn = 0xffffffffff, control(XEN_DOMCTL_hypercall_init, domid)));
    show("destroy", control(XEN_DOMCTL_destroydomain, domid));
    show("destroy.again", control(XEN_DOMCTL_destroydomain, domid));
    show("info.destroyed", control(XEN_DOMCTL_getdomaininfo, domid));
}

void cases_control(void)
{
    struct xen_platform_op platform;
    memset(&domctl, 0, sizeof(domctl));
    show("domctl.pause nobody", control(XEN_DOMCTL_pausedomain, 999));
    show("domctl.destroy nobody", control(XEN_DOMCTL_destroydomain, 999));
    show("domctl.destroy self", control(XEN_DOMCTL_destroydomain, 0));
    show("domctl.pause self", control(XEN_DOMCTL_pausedomain, 0));
    show("domctl.unknown", control(9999, 0));
    domctl.cmd = XEN_DOMCTL_getdomaininfo;
    domctl.interface_version = 1;
    show("domctl.version", hypercall_domctl(&domctl));
    show("domctl.hypervisor pointer", hypercall_domctl((void *)IN_HYPERVISOR));
    life();
    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    sysctl.cmd = XEN_SYSCTL_physinfo;
    show("sysctl.physinfo", hypercall_sysctl(&sysctl));
    sysctl.cmd = XEN_SYSCTL_sched_id;
    show("sysctl.sched_id", hypercall_sysctl(&sysctl));
    sysctl.cmd = 9999;
    show("sysctl.unknown", hypercall_sysctl(&sysctl));
    sysctl.interface_version = 1;
    show("sysctl.version", hypercall_sysctl(&sysctl));
    memset(&platform, 0, sizeof(platform));
    show("platform.version", hypercall_platform_op(&platform));
    platform.interface_version = XENPF_INTERFACE_VERSION;
    platform.cmd = 9999;
    show("platform.unknown", hypercall_platform_op(&platform));
}

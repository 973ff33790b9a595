/* SPDX-License-Identifier: MIT */
/* domctl, sysctl, platform_op: the order of refusals, each command once, its errnos, and a fault on each copy. */
#include <criterion/criterion.h>
#include <string.h>

#include <public/platform.h>
#include <public/sched.h>
#include <public/sysctl.h>

#include "comm_world.h"
#include "xenlike/comm/console.h"
#include "xenlike/lib/print.h"

static struct xen_domctl domctl;
static struct xen_sysctl sysctl;

static int64_t control(uint32_t cmd, domid_t id)
{
    domctl.cmd = cmd;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctl.domain = id;
    return world_control(hc_domctl, &domctl, sizeof(domctl));
}

static int64_t system_control(uint32_t cmd)
{
    sysctl.cmd = cmd;
    sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return world_control(hc_sysctl, &sysctl, sizeof(sysctl));
}

/* Something in guest memory past the argument. */
#define FURTHER (WORLD_BUFFER + 8192)
#define further ((void *)(world.buffer + 8192))

Test(domctl, refusals_come_in_xens_order)
{
    world_start();
    struct domain *d = world_guest(1);
    cr_assert_eq(hc_domctl(HV_VIRT_START, 0, 0, 0, 0, 0), -XEN_EFAULT);
    cr_assert_eq(hc_domctl(8, 0, 0, 0, 0, 0), -XEN_EFAULT);
    memset(&domctl, 0, sizeof(domctl));
    domctl.cmd = XEN_DOMCTL_pausedomain;
    domctl.interface_version = 0x14;
    cr_assert_eq(world_control(hc_domctl, &domctl, sizeof(domctl)), -XEN_EACCES);
    cr_assert_eq(control(XEN_DOMCTL_pausedomain, 999), -XEN_ESRCH);
    cr_assert_eq(control(XEN_DOMCTL_pausedomain, DOMID_SELF), -XEN_ESRCH);
    cr_assert_eq(control(9999, d->id), -XEN_ENOSYS);
    cr_assert_eq(control(0, d->id), -XEN_ENOSYS);
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_domstatus + 1, d->id), -XEN_ENOSYS);
    fake_run(d->vcpus[0]);
    cr_assert_eq(control(XEN_DOMCTL_pausedomain, 999), -XEN_ESRCH);
    cr_assert_eq(control(XEN_DOMCTL_pausedomain, 0), -XEN_EPERM);
    cr_assert_eq(control(XEN_DOMCTL_createdomain, 0), -XEN_EPERM);
    cr_assert_eq(control(XEN_DOMCTL_getdomaininfo, 0), -XEN_EPERM);
    cr_assert_eq(control(9999, 0), -XEN_EPERM);
}

Test(domctl, a_domain_is_made_shaped_and_ended)
{
    world_start();
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.createdomain = world_config();
    domctl.u.createdomain.max_vcpus = 2;
    memset(domctl.u.createdomain.handle, 0x5a, 16);
    cr_assert_eq(control(XEN_DOMCTL_createdomain, 0), 0);
    domid_t id = domctl.domain;
    cr_assert_neq(id, 0);
    domctl.u.max_vcpus.max = 2;
    cr_assert_eq(control(XEN_DOMCTL_max_vcpus, id), 0);
    domctl.u.max_mem.max_memkb = 4096;
    cr_assert_eq(control(XEN_DOMCTL_max_mem, id), 0);
    cr_assert_eq(control(XEN_DOMCTL_getdomaininfo, id), 0);
    const struct xen_domctl_getdomaininfo *info = &domctl.u.getdomaininfo;
    cr_assert_eq(info->domain, id);
    cr_assert_eq(info->max_pages, 1024);
    cr_assert_eq(info->max_vcpu_id, 1);
    cr_assert_eq(info->nr_online_vcpus, 0);
    cr_assert_eq(info->flags, 0xffff0000u | XEN_DOMINF_paused);
    cr_assert_eq(info->handle[15], 0x5a);
    memset(domctl.u.setdomainhandle.handle, 0x11, 16);
    cr_assert_eq(control(XEN_DOMCTL_setdomainhandle, id), 0);
    cr_assert_eq(control(XEN_DOMCTL_pausedomain, id), 0);
    cr_assert_eq(control(XEN_DOMCTL_unpausedomain, id), 0);
    cr_assert_eq(control(XEN_DOMCTL_unpausedomain, id), 0);
    cr_assert_eq(control(XEN_DOMCTL_unpausedomain, id), -XEN_EINVAL);
    struct domain *d = domain_get(id);
    d->vcpus[0]->pause_flags = VCPU_BLOCKED;
    domain_shutdown(d, SHUTDOWN_crash);
    domain_put(d);
    cr_assert_eq(control(XEN_DOMCTL_getdomaininfo, id), 0);
    cr_assert_eq(info->flags, XEN_DOMINF_shutdown | SHUTDOWN_crash << XEN_DOMINF_shutdownshift |
                                  XEN_DOMINF_blocked);
    cr_assert_eq(info->handle[0], 0x11);
    cr_assert_eq(control(XEN_DOMCTL_resumedomain, id), 0);
    cr_assert_eq(control(XEN_DOMCTL_resumedomain, 0), -XEN_EINVAL);
    fake_preempt_every = 1;
    cr_assert_eq(control(XEN_DOMCTL_destroydomain, id), -XEN_ERESTART);
    cr_assert_eq(fake_continuation[0], __HYPERVISOR_domctl);
    cr_assert_eq((uint64_t)fake_continuation[1], WORLD_BUFFER);
    while (control(XEN_DOMCTL_destroydomain, id) == -XEN_ERESTART) {
    }
    fake_preempt_every = 0;
    cr_assert_eq(control(XEN_DOMCTL_destroydomain, id), -XEN_ESRCH);
    cr_assert_eq(control(XEN_DOMCTL_destroydomain, 0), -XEN_EINVAL);
}

Test(domctl, getdomaininfo_walks_to_the_next_id)
{
    world_start();
    struct domain *d = world_guest(1);
    memset(&domctl, 0, sizeof(domctl));
    cr_assert_eq(control(XEN_DOMCTL_getdomaininfo, 0), 0);
    cr_assert_eq(domctl.domain, 0);
    cr_assert_eq(control(XEN_DOMCTL_getdomaininfo, 1), 0);
    cr_assert_eq(domctl.domain, d->id);
    cr_assert_eq(control(XEN_DOMCTL_getdomaininfo, (domid_t)(d->id + 1)), -XEN_ESRCH);
    cr_assert_eq(control(XEN_DOMCTL_getdomaininfo, DOMID_FIRST_RESERVED), -XEN_EINVAL);
}

Test(domctl, contexts_are_set_of_others_and_read_back)
{
    world_start();
    struct domain *d = world_guest(2);
    struct vcpu_guest_context *context = further;
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.vcpucontext.ctxt.p = (vcpu_guest_context_t *)FURTHER;
    cr_assert_eq(control(XEN_DOMCTL_getvcpucontext, d->id), -XEN_ENODATA);
    domctl.u.vcpucontext.vcpu = 2;
    cr_assert_eq(control(XEN_DOMCTL_setvcpucontext, d->id), -XEN_EINVAL);
    cr_assert_eq(control(XEN_DOMCTL_getvcpucontext, d->id), -XEN_EINVAL);
    domctl.u.vcpucontext.vcpu = 1;
    cr_assert_eq(control(XEN_DOMCTL_setvcpucontext, 0), -XEN_EINVAL, "one's own");
    context->gdt_ents = 9000;
    cr_assert_eq(control(XEN_DOMCTL_setvcpucontext, d->id), -XEN_EINVAL);
    context->gdt_ents = 0;
    context->user_regs.rip = 0x1234;
    context->flags = VGCF_in_kernel;
    cr_assert_eq(control(XEN_DOMCTL_setvcpucontext, d->id), 0);
    cr_assert_eq(d->vcpus[1]->pause_flags, VCPU_DOWN, "not online");
    context->flags |= VGCF_online;
    cr_assert_eq(control(XEN_DOMCTL_setvcpucontext, d->id), 0);
    cr_assert_eq(d->vcpus[1]->pause_flags, 0);
    memset(context, 0, sizeof(*context));
    cr_assert_eq(control(XEN_DOMCTL_getvcpucontext, d->id), 0);
    cr_assert_eq(context->user_regs.rip, 0x1234);
    uint64_t before = frame_alloc_nr_free();
    domctl.u.vcpucontext.ctxt.p = (vcpu_guest_context_t *)HV_VIRT_START;
    cr_assert_eq(control(XEN_DOMCTL_setvcpucontext, d->id), -XEN_EFAULT);
    cr_assert_eq(control(XEN_DOMCTL_getvcpucontext, d->id), -XEN_EFAULT);
    cr_assert_eq(frame_alloc_nr_free(), before);
    domctl.u.vcpucontext.ctxt.p = NULL;
    cr_assert_eq(control(XEN_DOMCTL_setvcpucontext, d->id), 0);
    cr_assert_eq(d->vcpus[1]->pause_flags, VCPU_DOWN);
    cr_assert_not(d->vcpus[1]->initialised);
    cr_assert_eq(d->pause_count, 0);
}

Test(domctl, vcpus_are_described)
{
    world_start();
    struct domain *d = world_guest(2);
    memset(&domctl, 0, sizeof(domctl));
    d->vcpus[1]->pause_flags = VCPU_POLLING;
    d->vcpus[1]->processor = 3;
    d->vcpus[1]->runstate.time[RUNSTATE_running] = 55;
    domctl.u.getvcpuinfo.vcpu = 1;
    cr_assert_eq(control(XEN_DOMCTL_getvcpuinfo, d->id), 0);
    cr_assert_eq(domctl.u.getvcpuinfo.online, 1);
    cr_assert_eq(domctl.u.getvcpuinfo.blocked, 1);
    cr_assert_eq(domctl.u.getvcpuinfo.cpu, 3);
    cr_assert_eq(domctl.u.getvcpuinfo.cpu_time, 55);
    domctl.u.getvcpuinfo.vcpu = 2;
    cr_assert_eq(control(XEN_DOMCTL_getvcpuinfo, d->id), -XEN_EINVAL);
}

Test(domctl, the_hypercall_page_keeps_rcx_and_r11)
{
    world_start();
    struct domain *d = world_guest(1);
    mfn_t frame = frame_alloc_domain(d, 0, 0);
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.hypercall_init.gmfn = frame.n;
    cr_assert_eq(control(XEN_DOMCTL_hypercall_init, d->id), 0);
    const uint8_t *page = machine_frame(frame);
    static const uint8_t call[] = {0x51, 0x41, 0x53, 0xb8, 29,   0,    0,
                                   0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    static const uint8_t iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0, 0x0f, 0x05};
    cr_assert_eq(memcmp(page + 29 * 32, call, sizeof(call)), 0);
    cr_assert_eq(memcmp(page + 23 * 32, iret, sizeof(iret)), 0);
    cr_assert_eq(frame_current_type(frame), FRAME_NONE);
    domctl.u.hypercall_init.gmfn = ~UINT64_C(0) >> 12;
    cr_assert_eq(control(XEN_DOMCTL_hypercall_init, d->id), -XEN_EINVAL);
    domctl.u.hypercall_init.gmfn = world.dom0->shared_info_frame.n;
    cr_assert_eq(control(XEN_DOMCTL_hypercall_init, d->id), -XEN_EINVAL);
}

Test(domctl, frames_are_described)
{
    world_start();
    struct domain *d = world_guest(1);
    uint64_t *list = further;
    list[0] = frame_alloc_domain(d, 0, 0).n;
    list[1] = ~UINT64_C(0) >> 12;
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.getpageframeinfo3.num = 2;
    domctl.u.getpageframeinfo3.array.p = (xen_pfn_t *)FURTHER;
    cr_assert_eq(control(XEN_DOMCTL_getpageframeinfo3, d->id), 0);
    cr_assert_eq(list[0], XEN_DOMCTL_PFINFO_NOTAB);
    cr_assert_eq(list[1], XEN_DOMCTL_PFINFO_XTAB);
    domctl.u.getpageframeinfo3.num = 1025;
    cr_assert_eq(control(XEN_DOMCTL_getpageframeinfo3, d->id), -XEN_E2BIG);
    domctl.u.getpageframeinfo3.num = 1;
    domctl.u.getpageframeinfo3.array.p = (xen_pfn_t *)HV_VIRT_START;
    cr_assert_eq(control(XEN_DOMCTL_getpageframeinfo3, d->id), -XEN_EFAULT);
}

Test(domctl, weights_and_caps)
{
    world_start();
    struct domain *d = world_guest(1);
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    domctl.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    cr_assert_eq(control(XEN_DOMCTL_scheduler_op, d->id), 0);
    cr_assert_eq(domctl.u.scheduler_op.u.credit2.weight, 256);
    domctl.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    domctl.u.scheduler_op.u.credit2.weight = 512;
    domctl.u.scheduler_op.u.credit2.cap = 50;
    cr_assert_eq(control(XEN_DOMCTL_scheduler_op, d->id), 0);
    cr_assert_eq(d->weight, 512);
    cr_assert_eq(d->cap_percent, 50);
    domctl.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo;
    cr_assert_eq(control(XEN_DOMCTL_scheduler_op, d->id), -XEN_EINVAL);
    domctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
    cr_assert_eq(control(XEN_DOMCTL_scheduler_op, d->id), -XEN_EINVAL);
}

Test(domctl, affinity_needs_a_cpu_that_is_there)
{
    world_start();
    struct domain *d = world_guest(1);
    memset(&domctl, 0, sizeof(domctl));
    uint8_t *map = further;
    map[0] = 1;
    domctl.u.vcpuaffinity.cpumap_hard.bitmap.p = (uint8_t *)FURTHER;
    domctl.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
    cr_assert_eq(control(XEN_DOMCTL_setvcpuaffinity, d->id), -XEN_EINVAL, "neither hard nor soft");
    domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    cr_assert_eq(control(XEN_DOMCTL_setvcpuaffinity, d->id), 0);
    map[0] = 0xf0;
    cr_assert_eq(control(XEN_DOMCTL_setvcpuaffinity, d->id), -XEN_EINVAL);
    cr_assert_eq(control(XEN_DOMCTL_getvcpuaffinity, d->id), 0);
    cr_assert_eq(map[0], 1, "what was accepted is kept");
    map[0] = 0xf1;
    cr_assert_eq(control(XEN_DOMCTL_setvcpuaffinity, d->id), 0);
    cr_assert_eq(map[0], 1, "answered: those that are there");
    cr_assert_eq(control(XEN_DOMCTL_getvcpuaffinity, d->id), 0);
    cr_assert_eq(map[0], 0xf1);
    domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_SOFT;
    domctl.u.vcpuaffinity.cpumap_soft = domctl.u.vcpuaffinity.cpumap_hard;
    map[0] = 3;
    cr_assert_eq(control(XEN_DOMCTL_setvcpuaffinity, d->id), 0);
    domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    cr_assert_eq(control(XEN_DOMCTL_getvcpuaffinity, d->id), 0);
    cr_assert_eq(map[0], 0xf1, "the hard one is another");
    domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_SOFT;
    cr_assert_eq(control(XEN_DOMCTL_getvcpuaffinity, d->id), 0);
    cr_assert_eq(map[0], 3);
    domctl.u.vcpuaffinity.vcpu = 1;
    cr_assert_eq(control(XEN_DOMCTL_getvcpuaffinity, d->id), -XEN_EINVAL);
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.nodeaffinity.nodemap.bitmap.p = (uint8_t *)FURTHER;
    domctl.u.nodeaffinity.nodemap.nr_bits = 128;
    memset(map, 0xaa, 32);
    cr_assert_eq(control(XEN_DOMCTL_getnodeaffinity, d->id), 0);
    cr_assert_eq(map[0], 1);
    cr_assert_eq(map[15], 0);
    cr_assert_eq(map[16], 0xaa);
    cr_assert_eq(control(XEN_DOMCTL_setnodeaffinity, d->id), 0);
    map[0] = 2;
    cr_assert_eq(control(XEN_DOMCTL_setnodeaffinity, d->id), -XEN_EINVAL);
}

Test(domctl, a_trigger_is_an_nmi_or_nothing)
{
    world_start();
    struct domain *d = world_guest(1);
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI;
    cr_assert_eq(control(XEN_DOMCTL_sendtrigger, d->id), 0);
    cr_assert_eq(world_nmis, 1);
    domctl.u.sendtrigger.vcpu = 1;
    cr_assert_eq(control(XEN_DOMCTL_sendtrigger, d->id), -XEN_ESRCH);
    domctl.u.sendtrigger.vcpu = 0;
    domctl.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_RESET;
    cr_assert_eq(control(XEN_DOMCTL_sendtrigger, d->id), -XEN_ENOSYS);
    cr_assert_eq(world_nmis, 1);
}

Test(domctl, small_answers)
{
    world_start();
    struct domain *d = world_guest(1);
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.address_size.size = 32;
    cr_assert_eq(control(XEN_DOMCTL_set_address_size, d->id), -XEN_EINVAL);
    domctl.u.address_size.size = 64;
    cr_assert_eq(control(XEN_DOMCTL_set_address_size, d->id), 0);
    domctl.u.address_size.size = 0;
    cr_assert_eq(control(XEN_DOMCTL_get_address_size, d->id), 0);
    cr_assert_eq(domctl.u.address_size.size, 64);
    domctl.u.settimeoffset.time_offset_seconds = -3600;
    cr_assert_eq(control(XEN_DOMCTL_settimeoffset, d->id), 0);
    cr_assert_eq(d->time_offset_seconds, -3600);
    domctl.u.settimeoffset.time_offset_seconds = INT64_C(1) << 40;
    cr_assert_eq(control(XEN_DOMCTL_settimeoffset, d->id), -XEN_EINVAL);
    cr_assert_eq(control(XEN_DOMCTL_shadow_op, d->id), -XEN_EOPNOTSUPP);
    memset(&domctl.u, 0, sizeof(domctl.u));
    domctl.u.irq_permission.pirq = 30;
    cr_assert_eq(control(XEN_DOMCTL_irq_permission, d->id), 0);
    domctl.u.irq_permission.allow_access = 1;
    cr_assert_eq(control(XEN_DOMCTL_irq_permission, d->id), -XEN_EPERM);
    domctl.u.irq_permission.pirq = 256;
    cr_assert_eq(control(XEN_DOMCTL_irq_permission, d->id), -XEN_EINVAL);
    memset(&domctl.u, 0, sizeof(domctl.u));
    cr_assert_eq(control(XEN_DOMCTL_iomem_permission, d->id), -XEN_EINVAL);
    domctl.u.iomem_permission.first_mfn = ~UINT64_C(0);
    domctl.u.iomem_permission.nr_mfns = 2;
    cr_assert_eq(control(XEN_DOMCTL_iomem_permission, d->id), -XEN_EINVAL, "the sum wraps");
    domctl.u.iomem_permission.first_mfn = 0xfebd1;
    cr_assert_eq(control(XEN_DOMCTL_iomem_permission, d->id), 0);
    memset(&domctl.u, 0, sizeof(domctl.u));
    domctl.u.ioport_permission.first_port = 0x300;
    domctl.u.ioport_permission.nr_ports = 8;
    domctl.u.ioport_permission.allow_access = 1;
    cr_assert_eq(control(XEN_DOMCTL_ioport_permission, d->id), 0);
}

Test(domctl, no_byte_of_ours_leaves_in_an_answer)
{
    world_start();
    struct domain *d = world_guest(1);
    memset(&domctl, 0xaa, sizeof(domctl));
    cr_assert_eq(control(XEN_DOMCTL_getdomaininfo, d->id), 0);
    const uint8_t *bytes = (const uint8_t *)&domctl.u.getdomaininfo;
    size_t canaries = 0;
    for (size_t i = 0; i < sizeof(domctl.u.getdomaininfo); i++) {
        canaries += bytes[i] == 0xaa;
    }
    cr_assert_eq(canaries, 0);
}

Test(sysctl, refusals_come_in_xens_order)
{
    world_start();
    struct domain *d = world_guest(1);
    memset(&sysctl, 0, sizeof(sysctl));
    cr_assert_eq(hc_sysctl(HV_VIRT_START, 0, 0, 0, 0, 0), -XEN_EFAULT);
    cr_assert_eq(world_control(hc_sysctl, &sysctl, sizeof(sysctl)), -XEN_EACCES);
    cr_assert_eq(system_control(9999), -XEN_ENOSYS);
    cr_assert_eq(system_control(XEN_SYSCTL_perfc_op), -XEN_ENOSYS);
    fake_flat_readonly(WORLD_BUFFER, true);
    cr_assert_eq(hc_sysctl(WORLD_BUFFER, 0, 0, 0, 0, 0), -XEN_ENOSYS);
    fake_flat_readonly(WORLD_BUFFER, false);
    fake_run(d->vcpus[0]);
    cr_assert_eq(system_control(XEN_SYSCTL_physinfo), -XEN_EPERM);
    cr_assert_eq(system_control(9999), -XEN_EPERM);
}

Test(sysctl, the_machine_is_described)
{
    world_start();
    memset(&sysctl, 0xaa, sizeof(sysctl));
    fake_online = 3;
    cr_assert_eq(system_control(XEN_SYSCTL_physinfo), 0);
    cr_assert_eq(sysctl.u.physinfo.nr_cpus, 2);
    cr_assert_eq(sysctl.u.physinfo.max_cpu_id, 1);
    cr_assert_eq(sysctl.u.physinfo.free_pages, frame_alloc_nr_free());
    cr_assert_eq(sysctl.u.physinfo.capabilities,
                 XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1);
    cr_assert_eq(system_control(XEN_SYSCTL_sched_id), 0);
    cr_assert_eq(sysctl.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
    sysctl.u.availheap.node = -1;
    cr_assert_eq(system_control(XEN_SYSCTL_availheap), 0);
    cr_assert_eq(sysctl.u.availheap.avail_bytes, frame_alloc_nr_free() * PAGE_SIZE);
    sysctl.u.availheap.node = 1;
    cr_assert_eq(system_control(XEN_SYSCTL_availheap), -XEN_EINVAL);
    uint64_t *idle = further;
    sysctl.u.getcpuinfo.max_cpus = 8;
    sysctl.u.getcpuinfo.info.p = (xen_sysctl_cpuinfo_t *)FURTHER;
    cr_assert_eq(system_control(XEN_SYSCTL_getcpuinfo), 0);
    cr_assert_eq(sysctl.u.getcpuinfo.nr_cpus, 2);
    cr_assert_eq(idle[1], 1001);
    struct xen_sysctl_cputopo *places = further;
    sysctl.u.cputopoinfo.num_cpus = 1;
    sysctl.u.cputopoinfo.cputopo.p = (xen_sysctl_cputopo_t *)FURTHER;
    cr_assert_eq(system_control(XEN_SYSCTL_cputopoinfo), 0);
    cr_assert_eq(sysctl.u.cputopoinfo.num_cpus, 2);
    cr_assert_eq(places[0].core, 0);
    memset(&sysctl.u, 0, sizeof(sysctl.u));
    sysctl.u.numainfo.num_nodes = 1;
    sysctl.u.numainfo.meminfo.p = (xen_sysctl_meminfo_t *)FURTHER;
    cr_assert_eq(system_control(XEN_SYSCTL_numainfo), 0);
    cr_assert_eq(((struct xen_sysctl_meminfo *)further)->memfree,
                 frame_alloc_nr_free() * PAGE_SIZE);
    sysctl.u.numainfo.num_nodes = 1;
    sysctl.u.numainfo.meminfo.p = (xen_sysctl_meminfo_t *)HV_VIRT_START;
    cr_assert_eq(system_control(XEN_SYSCTL_numainfo), -XEN_EFAULT);
}

Test(sysctl, domains_are_listed_from_an_id_on)
{
    world_start();
    struct domain *a = world_guest(1), *b = world_guest(1);
    struct xen_domctl_getdomaininfo *list = further;
    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.getdomaininfolist.max_domains = 10;
    sysctl.u.getdomaininfolist.buffer.p = (xen_domctl_getdomaininfo_t *)FURTHER;
    cr_assert_eq(system_control(XEN_SYSCTL_getdomaininfolist), 0);
    cr_assert_eq(sysctl.u.getdomaininfolist.num_domains, 3);
    cr_assert_eq(list[1].domain, a->id);
    cr_assert_eq(list[2].domain, b->id);
    sysctl.u.getdomaininfolist.first_domain = b->id;
    sysctl.u.getdomaininfolist.max_domains = 1;
    cr_assert_eq(system_control(XEN_SYSCTL_getdomaininfolist), 0);
    cr_assert_eq(sysctl.u.getdomaininfolist.num_domains, 1);
    cr_assert_eq(list[0].domain, b->id);
    sysctl.u.getdomaininfolist.buffer.p = (xen_domctl_getdomaininfo_t *)HV_VIRT_START;
    cr_assert_eq(system_control(XEN_SYSCTL_getdomaininfolist), -XEN_EFAULT);
    cr_assert_eq(b->references, 1);
}

static size_t read_log(bool clear, bool incremental, uint32_t index, uint32_t room)
{
    memset(&sysctl, 0, sizeof(sysctl));
    memset(further, 0, 40000);
    sysctl.u.readconsole.clear = clear;
    sysctl.u.readconsole.incremental = incremental;
    sysctl.u.readconsole.index = index;
    sysctl.u.readconsole.count = room;
    sysctl.u.readconsole.buffer.p = (char *)FURTHER;
    cr_assert_eq(system_control(XEN_SYSCTL_readconsole), 0);
    return sysctl.u.readconsole.count;
}

Test(sysctl, CN2_the_log_can_be_followed_and_cleared)
{
    world_start();
    fake_now_ns = UINT64_C(1234567000);
    console_log("first\n", 6);
    size_t size = read_log(false, false, 0, 1000);
    cr_assert_str_eq(further, "[   1.234567] first\n");
    uint32_t index = sysctl.u.readconsole.index;
    cr_assert_eq(read_log(false, true, index, 1000), 0);
    console_log("second\nthi", 10);
    console_log("rd\n", 3);
    read_log(false, true, index, 1000);
    cr_assert_str_eq(further, "[   1.234567] second\n[   1.234567] third\n");
    cr_assert_gt(read_log(true, false, 0, 1000), size);
    cr_assert_eq(read_log(false, false, 0, 1000), 0);
    console_log("after\n", 6);
    read_log(false, false, 0, 1000);
    cr_assert_str_eq(further, "[   1.234567] after\n");
    cr_assert_eq(read_log(false, true, 0xffffff00, 1000), strlen("[   1.234567] after\n"),
                 "an index from nowhere");
    sysctl.u.readconsole.count = 10;
    sysctl.u.readconsole.incremental = 0;
    sysctl.u.readconsole.buffer.p = (char *)HV_VIRT_START;
    cr_assert_eq(system_control(XEN_SYSCTL_readconsole), -XEN_EFAULT);
}

Test(sysctl, the_log_forgets_its_oldest_part)
{
    world_start();
    uint32_t index = 0;
    for (int i = 0; i < 2000; i++) {
        console_log("thirty-two bytes with the newline\n", 34);
    }
    cr_assert_eq(read_log(false, true, index, 50000), 32768);
    console_log("x\n", 2);
    cr_assert_eq(read_log(false, true, sysctl.u.readconsole.index, 50000), 16);
}

Test(sysctl, debug_keys_print_what_they_say)
{
    world_start();
    world_guest(1);
    memset(&sysctl, 0, sizeof(sysctl));
    memcpy(further, "hqH?", 4);
    sysctl.u.debug_keys.keys.p = (const char *)FURTHER;
    sysctl.u.debug_keys.nr_keys = 4;
    cr_assert_eq(system_control(XEN_SYSCTL_debug_keys), 0);
    cr_assert_not_null(strstr(world.output, "d0: "));
    cr_assert_not_null(strstr(world.output, "heap: "));
    sysctl.u.debug_keys.keys.p = (const char *)HV_VIRT_START;
    cr_assert_eq(system_control(XEN_SYSCTL_debug_keys), -XEN_EFAULT);
}

Test(platform, few_commands_and_their_refusals)
{
    world_start();
    struct domain *d = world_guest(1);
    struct xen_platform_op op;
    memset(&op, 0, sizeof(op));
    cr_assert_eq(world_control(hc_platform_op, &op, sizeof(op)), -XEN_EACCES);
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.cmd = 9999;
    cr_assert_eq(world_control(hc_platform_op, &op, sizeof(op)), -XEN_ENOSYS);
    op.cmd = XENPF_get_cpuinfo;
    op.u.pcpu_info.xen_cpuid = 1;
    cr_assert_eq(world_control(hc_platform_op, &op, sizeof(op)), 0);
    cr_assert_eq(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
    op.u.pcpu_info.xen_cpuid = 0;
    cr_assert_eq(world_control(hc_platform_op, &op, sizeof(op)), 0);
    cr_assert_eq(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
    fake_run(d->vcpus[0]);
    cr_assert_eq(world_control(hc_platform_op, &op, sizeof(op)), -XEN_EPERM);
}

Test(console, CN1_a_guests_text_is_tamed)
{
    world_start();
    struct domain *d = world_guest(1);
    fake_now_ns = UINT64_C(1000000000);
    fake_run(d->vcpus[0]);
    strcpy(world.buffer, "evil \x1b[2J\x07 text\r\nunfinished");
    uint32_t size = (uint32_t)strlen(world.buffer);
    cr_assert_eq(console_guest_write(d, GVA(WORLD_BUFFER), size), size);
    char expected[80];
    snprintf(expected, sizeof(expected), "[   1.000000] (d%u) evil .[2J. text\n", d->id);
    cr_assert_str_eq(world.output, expected);
    console_guest_flush(d);
    cr_assert_not_null(strstr(world.output, "unfinished\n"));
    cr_assert_eq(console_guest_write(d, GVA(HV_VIRT_START), 5), -XEN_EFAULT);
    cr_assert_eq(console_guest_write(d, GVA(WORLD_BUFFER), 0), 0);
}

Test(console, CN1_a_flood_is_cut_and_counted)
{
    world_start();
    struct domain *d = world_guest(1);
    fake_run(d->vcpus[0]);
    fake_now_ns = UINT64_C(1000000000);
    memset(world.buffer, 'a', 60000);
    for (int i = 0; i < 60000; i += 100) {
        world.buffer[i] = '\n';
    }
    cr_assert_eq(console_guest_write(d, GVA(WORLD_BUFFER), 60000), 60000);
    world.output_length = 0;
    memset(world.output, 0, sizeof(world.output));
    fake_now_ns += UINT64_C(1000000000);
    cr_assert_eq(console_guest_write(d, GVA(WORLD_BUFFER), 1), 1);
    cr_assert_not_null(strstr(world.output, "43616 bytes over its rate dropped"));
}

Test(console, writing_stops_when_it_is_time)
{
    world_start();
    memset(world.buffer, 'x', 1000);
    fake_preempt_every = 2;
    int64_t done = console_guest_write(world.dom0, GVA(WORLD_BUFFER), 1000);
    cr_assert_gt(done, 0);
    cr_assert_lt(done, 1000);
}

Test(console, input_reaches_the_hardware_domain)
{
    world_start();
    strcpy(world.input, "ls\n");
    console_input();
    cr_assert_eq(console_guest_read(GVA(WORLD_BUFFER), 2), 2);
    cr_assert_eq(memcmp(world.buffer, "ls", 2), 0);
    cr_assert_eq(console_guest_read(GVA(WORLD_BUFFER), 100), 1);
    cr_assert_eq(console_guest_read(GVA(WORLD_BUFFER), 100), 0);
    strcpy(world.input, "abcd");
    world.input_taken = 0;
    console_input();
    cr_assert_eq(console_guest_read(GVA(HV_VIRT_START), 2), -XEN_EFAULT);
}

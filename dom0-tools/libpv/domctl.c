/* SPDX-License-Identifier: MIT */
/*
 * domctl.c: domain control over the seam.
 * Owns: nothing; every structure handed to the hypervisor lives in a seam buffer (SEAM1).
 * Guest ABI: domctl, memory_op, mmuext_op, event_channel_op, grant_table_op.
 * Read next: domain_build.c.
 */
#define __XEN_TOOLS__ 1
#include "dom0-tools/libpv/domctl.h"

#include <string.h>

#include <public/xen.h>
#include <public/domctl.h>
#include <public/errno.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/sysctl.h>

#include "dom0-tools/libpv/keep.h"
#include "dom0-tools/libpv/seam.h"

#define EFLAGS_IF 0x200u

int domctl_call(struct xen_domctl *operation, uint32_t command, uint16_t domid)
{
    operation->cmd = command;
    operation->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    operation->domain = domid;
    return (int)seam_hypercall(__HYPERVISOR_domctl, (uintptr_t)operation, 0, 0, 0, 0);
}

/* An operation with no arguments and no answer. */
static int domctl_simple(uint32_t command, uint16_t domid)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    result = domctl_call(operation, command, domid);
    seam_buffer_put(operation);
    return result;
}

static int create(const uint8_t uuid[DOMCTL_UUID_SIZE], const struct domain_limits *limits,
                  uint16_t wanted, uint16_t *domid)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    struct xen_domctl_createdomain *create;
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    create = &operation->u.createdomain;
    memcpy(create->handle, uuid, DOMCTL_UUID_SIZE);
    create->max_vcpus = limits->max_vcpus;
    create->max_evtchn_port = limits->max_event_channels;
    create->max_grant_frames = limits->max_grant_frames;
    create->max_maptrack_frames = limits->max_maptrack_frames;
    create->grant_opts = XEN_DOMCTL_GRANT_version(2);
    result = domctl_call(operation, XEN_DOMCTL_createdomain, wanted);
    *domid = operation->domain;
    seam_buffer_put(operation);
    return result;
}

int domctl_create(const uint8_t uuid[DOMCTL_UUID_SIZE], const struct domain_limits *limits,
                  uint16_t *domid)
{
    return create(uuid, limits, DOMID_INVALID, domid);
}

int domctl_create_as(uint16_t domid, const uint8_t uuid[DOMCTL_UUID_SIZE],
                     const struct domain_limits *limits)
{
    return create(uuid, limits, domid, &domid);
}

int domctl_set_handle(uint16_t domid, const uint8_t uuid[DOMCTL_UUID_SIZE])
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    memcpy(operation->u.setdomainhandle.handle, uuid, DOMCTL_UUID_SIZE);
    result = domctl_call(operation, XEN_DOMCTL_setdomainhandle, domid);
    seam_buffer_put(operation);
    return result;
}

int domctl_destroy(uint16_t domid)
{
    int result;

    do {
        result = domctl_simple(XEN_DOMCTL_destroydomain, domid);
    } while (result == -XEN_EAGAIN);
    return result;
}

int domctl_pause(uint16_t domid)
{
    return domctl_simple(XEN_DOMCTL_pausedomain, domid);
}

int domctl_unpause(uint16_t domid)
{
    return domctl_simple(XEN_DOMCTL_unpausedomain, domid);
}

int domctl_max_memory(uint16_t domid, uint64_t kib)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    operation->u.max_mem.max_memkb = kib;
    result = domctl_call(operation, XEN_DOMCTL_max_mem, domid);
    seam_buffer_put(operation);
    return result;
}

int domctl_make_vcpus(uint16_t domid, uint32_t count)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    operation->u.max_vcpus.max = count;
    result = domctl_call(operation, XEN_DOMCTL_max_vcpus, domid);
    seam_buffer_put(operation);
    return result;
}

int domctl_set_shares(uint16_t domid, uint16_t weight, uint16_t cap_percent)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    operation->u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    operation->u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    operation->u.scheduler_op.u.credit2.weight = weight;
    operation->u.scheduler_op.u.credit2.cap = cap_percent;
    result = domctl_call(operation, XEN_DOMCTL_scheduler_op, domid);
    seam_buffer_put(operation);
    return result;
}

static void info_convert(const struct xen_domctl_getdomaininfo *from, struct domain_info *to)
{
    memset(to, 0, sizeof(*to));
    to->domid = from->domain;
    to->running = (from->flags & XEN_DOMINF_running) != 0;
    to->blocked = (from->flags & XEN_DOMINF_blocked) != 0;
    to->paused = (from->flags & XEN_DOMINF_paused) != 0;
    to->shutdown = (from->flags & XEN_DOMINF_shutdown) != 0;
    to->dying = (from->flags & XEN_DOMINF_dying) != 0;
    to->reason = (from->flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    to->nr_pages = from->tot_pages;
    to->max_pages = from->max_pages;
    to->shared_info_frame = from->shared_info_frame;
    to->cpu_time_ns = from->cpu_time;
    to->nr_vcpus = from->nr_online_vcpus;
    to->max_vcpu_id = from->max_vcpu_id;
    memcpy(to->uuid, from->handle, DOMCTL_UUID_SIZE);
}

int domctl_info(uint16_t domid, struct domain_info *info)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    result = domctl_call(operation, XEN_DOMCTL_getdomaininfo, domid);
    if (result == 0 && operation->u.getdomaininfo.domain != domid) {
        result = -XEN_ESRCH; /* the answer is the next domain's */
    }
    if (result == 0) {
        info_convert(&operation->u.getdomaininfo, info);
    }
    seam_buffer_put(operation);
    return result;
}

int domctl_list(uint16_t first, struct domain_info *infos, size_t capacity)
{
    struct xen_sysctl *operation = seam_buffer_get(sizeof(*operation));
    struct xen_domctl_getdomaininfo *answers = seam_buffer_get(capacity * sizeof(*answers) + 1);
    int result = -XEN_ENOMEM;

    if (operation != NULL && answers != NULL) {
        operation->cmd = XEN_SYSCTL_getdomaininfolist;
        operation->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
        operation->u.getdomaininfolist.first_domain = first;
        operation->u.getdomaininfolist.max_domains = (uint32_t)capacity;
        set_xen_guest_handle(operation->u.getdomaininfolist.buffer, answers);
        result = (int)seam_hypercall(__HYPERVISOR_sysctl, (uintptr_t)operation, 0, 0, 0, 0);
    }
    if (result == 0) {
        uint32_t count = operation->u.getdomaininfolist.num_domains;

        result = 0;
        for (uint32_t i = 0; i < count && i < capacity; i++) {
            /* The one that keeps our own memory is no guest. */
            if (!keep_is_handle(answers[i].handle)) {
                info_convert(&answers[i], &infos[result++]);
            }
        }
    }
    seam_buffer_put(answers);
    seam_buffer_put(operation);
    return result;
}

int domctl_hypercall_page(uint16_t domid, uint64_t mfn)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    operation->u.hypercall_init.gmfn = mfn;
    result = domctl_call(operation, XEN_DOMCTL_hypercall_init, domid);
    seam_buffer_put(operation);
    return result;
}

int domctl_start_context(uint16_t domid, const struct domctl_start *start)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    vcpu_guest_context_t *context = seam_buffer_get(sizeof(*context));
    int result = -XEN_ENOMEM;

    if (operation != NULL && context != NULL) {
        context->flags = VGCF_in_kernel | VGCF_online;
        context->user_regs.rip = start->entry;
        context->user_regs.rsp = start->stack;
        context->user_regs.rsi = start->start_info;
        context->user_regs.rflags = EFLAGS_IF;
        context->user_regs.cs = FLAT_KERNEL_CS;
        context->user_regs.ss = FLAT_KERNEL_SS;
        context->kernel_ss = FLAT_KERNEL_SS;
        context->kernel_sp = start->stack;
        context->ctrlreg[3] = start->root_mfn << 12;
        set_xen_guest_handle(operation->u.vcpucontext.ctxt, context);
        result = domctl_call(operation, XEN_DOMCTL_setvcpucontext, domid);
    }
    seam_buffer_put(context);
    seam_buffer_put(operation);
    return result;
}

int domctl_vcpu_info(uint16_t domid, uint32_t vcpu, struct domctl_vcpu *info)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    operation->u.getvcpuinfo.vcpu = vcpu;
    result = domctl_call(operation, XEN_DOMCTL_getvcpuinfo, domid);
    info->online = operation->u.getvcpuinfo.online != 0;
    info->blocked = operation->u.getvcpuinfo.blocked != 0;
    info->running = operation->u.getvcpuinfo.running != 0;
    info->cpu_time_ns = operation->u.getvcpuinfo.cpu_time;
    info->cpu = operation->u.getvcpuinfo.cpu;
    seam_buffer_put(operation);
    return result;
}

int domctl_remote_shutdown(uint16_t domid, enum domctl_reason reason)
{
    struct sched_remote_shutdown *argument = seam_buffer_get(sizeof(*argument));
    int result;

    if (argument == NULL) {
        return -XEN_ENOMEM;
    }
    argument->domain_id = domid;
    argument->reason = (unsigned int)reason;
    result = (int)seam_hypercall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown,
                                 (uintptr_t)argument, 0, 0, 0);
    seam_buffer_put(argument);
    return result;
}

int domctl_populate(uint16_t domid, uint64_t first_pfn, uint64_t nr_frames, uint64_t *mfns)
{
    enum { BATCH = 1024 };
    struct xen_memory_reservation *reservation = seam_buffer_get(sizeof(*reservation));
    xen_pfn_t *extents = seam_buffer_get(BATCH * sizeof(*extents));
    int result = reservation != NULL && extents != NULL ? 0 : -XEN_ENOMEM;

    for (uint64_t at = 0; result == 0 && at < nr_frames;) {
        uint64_t count = nr_frames - at < BATCH ? nr_frames - at : BATCH;
        long done;

        for (uint64_t i = 0; i < count; i++) {
            extents[i] = first_pfn + at + i;
        }
        memset(reservation, 0, sizeof(*reservation));
        set_xen_guest_handle(reservation->extent_start, extents);
        reservation->nr_extents = count;
        reservation->domid = domid;
        done = seam_hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
                              (uintptr_t)reservation, 0, 0, 0);
        if (done < 0) {
            result = (int)done;
        } else if ((uint64_t)done < count) {
            result = -XEN_ENOMEM;
        } else {
            memcpy(mfns + at, extents, count * sizeof(*mfns));
            at += count;
        }
    }
    seam_buffer_put(extents);
    seam_buffer_put(reservation);
    return result;
}

int domctl_pin_root(uint16_t domid, uint64_t root_mfn)
{
    struct mmuext_op *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    operation->cmd = MMUEXT_PIN_L4_TABLE;
    operation->arg1.mfn = root_mfn;
    result = (int)seam_hypercall(__HYPERVISOR_mmuext_op, (uintptr_t)operation, 1, 0, domid, 0);
    seam_buffer_put(operation);
    return result;
}

int domctl_event_for(uint16_t domid, uint16_t remote)
{
    struct evtchn_alloc_unbound *argument = seam_buffer_get(sizeof(*argument));
    int result;

    if (argument == NULL) {
        return -XEN_ENOMEM;
    }
    argument->dom = domid;
    argument->remote_dom = remote;
    result = (int)seam_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
                                 (uintptr_t)argument, 0, 0, 0);
    if (result == 0) {
        result = (int)argument->port;
    }
    seam_buffer_put(argument);
    return result;
}

int domctl_grant_frame(uint16_t domid, uint64_t *mfn)
{
    struct gnttab_setup_table *setup = seam_buffer_get(sizeof(*setup));
    xen_pfn_t *frame = seam_buffer_get(sizeof(*frame));
    int result = -XEN_ENOMEM;

    if (setup != NULL && frame != NULL) {
        setup->dom = domid;
        setup->nr_frames = 1;
        set_xen_guest_handle(setup->frame_list, frame);
        result = (int)seam_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table,
                                     (uintptr_t)setup, 1, 0, 0);
        if (result == 0 && setup->status != GNTST_okay) {
            result = setup->status == GNTST_permission_denied ? -XEN_EPERM : -XEN_EINVAL;
        }
        *mfn = *frame;
    }
    seam_buffer_put(frame);
    seam_buffer_put(setup);
    return result;
}

const char *domctl_reason_name(unsigned int reason)
{
    static const char *const names[] = {"poweroff", "reboot",   "suspend",
                                        "crash",    "watchdog", "soft reset"};

    return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "unknown";
}

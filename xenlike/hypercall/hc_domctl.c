/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_domctl(pointer to struct xen_domctl): the table of commands, and those about a domain's life.
 * Order of refusals: -EFAULT, -EACCES (interface version), -ESRCH, -EPERM, then the command's own; an unknown or absent command is
 * -ENOSYS. Guest ABI: docs/abi/domctl.md. Read next: domain/domain.c, hc_domctl_vcpu.c, hc_domctl_resources.c.
 */
#include "../domain/schedule.h"
#include "../lib/string.h"
#include "../mm/guest_access.h"
#include "domctl_internal.h"

/* --- Bitmaps -------------------------------------------------------------------------------------------------- */

int hc_domctl_write_bitmap(const struct xenctl_bitmap *bitmap, uint64_t mask)
{
    uint32_t bytes = (bitmap->nr_bits + 7) / 8;
    if (bitmap->bitmap.p == NULL || bytes == 0) {
        return 0;
    }
    uint32_t known = (uint32_t)min_u64(bytes, sizeof(mask));
    if (bitmap->nr_bits < 64) {
        mask &= (UINT64_C(1) << bitmap->nr_bits) - 1;
    }
    if (guest_access_write(GVA((uint64_t)bitmap->bitmap.p), &mask, known) != 0) {
        return -XEN_EFAULT;
    }
    return guest_access_clear(GVA((uint64_t)bitmap->bitmap.p + known), bytes - known);
}

int hc_domctl_read_bitmap(const struct xenctl_bitmap *bitmap, uint64_t *mask)
{
    uint32_t bytes = (uint32_t)min_u64((bitmap->nr_bits + 7) / 8, sizeof(*mask));
    *mask = 0;
    if (guest_access_read(mask, GVA((uint64_t)bitmap->bitmap.p), bytes) != 0) {
        return -XEN_EFAULT;
    }
    if (bitmap->nr_bits < 64) {
        *mask &= (UINT64_C(1) << bitmap->nr_bits) - 1;
    }
    return 0;
}

/* --- Information ------------------------------------------------------------------------------------------------ */

/* The reason of a domain that did not shut down: all ones, as Xen's. */
#define NO_SHUTDOWN_CODE (~0u << XEN_DOMINF_shutdownshift)

static void count_vcpus(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    bool all_blocked = true, any_running = false;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    FOR_EACH_VCPU (d, v) {
        info->max_vcpu_id = v->id;
        uint32_t flags = READ_ONCE(v->pause_flags);
        if ((flags & VCPU_DOWN) == 0) {
            info->nr_online_vcpus++;
            all_blocked &= (flags & (VCPU_BLOCKED | VCPU_POLLING)) != 0;
            any_running |= v->sched.running;
        }
    }
    if (info->nr_online_vcpus != 0) {
        info->flags |= all_blocked ? XEN_DOMINF_blocked : 0;
        info->flags |= any_running ? XEN_DOMINF_running : 0;
    }
}

void hc_domctl_fill_info(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    memset(info, 0, sizeof(*info));
    info->domain = d->id;
    count_vcpus(d, info);
    info->flags |= d->life != DOMAIN_ALIVE ? XEN_DOMINF_dying : 0;
    info->flags |= d->controller_pauses != 0 ? XEN_DOMINF_paused : 0;
    info->flags |=
        (d->createdomain_flags & XEN_DOMCTL_CDF_xs_domain) != 0 ? XEN_DOMINF_xs_domain : 0;
    info->flags |= d->is_shut_down ? XEN_DOMINF_shutdown | (uint32_t)d->shutdown_code
                                                               << XEN_DOMINF_shutdownshift
                                   : NO_SHUTDOWN_CODE;
    info->tot_pages = d->nr_frames;
    info->max_pages = d->max_frames;
    info->shared_info_frame = d->shared_info_frame.n;
    info->cpu_time = schedule_domain_time_ns(d);
    memcpy(info->handle, d->handle, sizeof(info->handle));
}

/* Of the domain named, or of the one with the next higher id: old tools walk the list like that. */
static int run_getdomaininfo(struct domain *unused, struct xen_domctl *op)
{
    if (op->domain >= DOMID_FIRST_RESERVED) {
        return -XEN_EINVAL;
    }
    struct domain *d = domain_get_next(op->domain);
    if (d == NULL) {
        return -XEN_ESRCH;
    }
    hc_domctl_fill_info(d, &op->u.getdomaininfo);
    op->domain = d->id;
    domain_put(d);
    return DOMCTL_COPY_BACK;
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static int run_createdomain(struct domain *unused, struct xen_domctl *op)
{
    struct domain *d;
    domid_t id =
        op->domain == 0 || op->domain >= DOMID_FIRST_RESERVED ? (domid_t)DOMID_INVALID : op->domain;
    int result = domain_create(id, &op->u.createdomain, false, &d);
    if (result != 0) {
        return result;
    }
    d->controller_pauses = 1; /* creation's pause is the toolstack's to end */
    op->domain = d->id;
    return DOMCTL_COPY_BACK;
}

static DOMCTL(run_destroydomain, domain_kill(d)) static DOMCTL(
    run_pausedomain,
    domain_controller_pause(
        d)) static DOMCTL(run_unpausedomain,
                          domain_controller_unpause(
                              d)) static DOMCTL(run_max_vcpus,
                                                domain_set_max_vcpus(
                                                    d,
                                                    op->u.max_vcpus
                                                        .max)) static DOMCTL(run_setdomainhandle,
                                                                             (memcpy(
                                                                                  d->handle,
                                                                                  op->u
                                                                                      .setdomainhandle
                                                                                      .handle,
                                                                                  sizeof(
                                                                                      d->handle)),
                                                                              0))
    /* A PV guest's memory has no shadow and no log of dirty pages. */
    static DOMCTL(run_shadow_op, -XEN_EOPNOTSUPP)

        static int run_resumedomain(struct domain *d, struct xen_domctl *op)
{
    if (d == current_domain()) {
        return -XEN_EINVAL;
    }
    domain_resume(d);
    return 0;
}

/* --- The table ------------------------------------------------------------------------------------------------------ */

#define NEEDS_NO_DOMAIN true

struct command {
    domctl_handler *run;
    bool needs_no_domain;
};

static const struct command commands[] = {
    [XEN_DOMCTL_createdomain] = {run_createdomain, NEEDS_NO_DOMAIN},
    [XEN_DOMCTL_destroydomain] = {run_destroydomain, false},
    [XEN_DOMCTL_pausedomain] = {run_pausedomain, false},
    [XEN_DOMCTL_unpausedomain] = {run_unpausedomain, false},
    [XEN_DOMCTL_getdomaininfo] = {run_getdomaininfo, NEEDS_NO_DOMAIN},
    [XEN_DOMCTL_setvcpuaffinity] = {hc_domctl_setvcpuaffinity, false},
    [XEN_DOMCTL_shadow_op] = {run_shadow_op, false},
    [XEN_DOMCTL_max_mem] = {hc_domctl_max_mem, false},
    [XEN_DOMCTL_setvcpucontext] = {hc_domctl_setvcpucontext, false},
    [XEN_DOMCTL_getvcpucontext] = {hc_domctl_getvcpucontext, false},
    [XEN_DOMCTL_getvcpuinfo] = {hc_domctl_getvcpuinfo, false},
    [XEN_DOMCTL_max_vcpus] = {run_max_vcpus, false},
    [XEN_DOMCTL_scheduler_op] = {hc_domctl_scheduler_op, false},
    [XEN_DOMCTL_setdomainhandle] = {run_setdomainhandle, false},
    [XEN_DOMCTL_irq_permission] = {hc_domctl_irq_permission, false},
    [XEN_DOMCTL_iomem_permission] = {hc_domctl_iomem_permission, false},
    [XEN_DOMCTL_ioport_permission] = {hc_domctl_ioport_permission, false},
    [XEN_DOMCTL_hypercall_init] = {hc_domctl_hypercall_init, false},
    [XEN_DOMCTL_settimeoffset] = {hc_domctl_settimeoffset, false},
    [XEN_DOMCTL_getvcpuaffinity] = {hc_domctl_getvcpuaffinity, false},
    [XEN_DOMCTL_sendtrigger] = {hc_domctl_sendtrigger, false},
    [XEN_DOMCTL_resumedomain] = {run_resumedomain, false},
    [XEN_DOMCTL_set_address_size] = {hc_domctl_set_address_size, false},
    [XEN_DOMCTL_get_address_size] = {hc_domctl_get_address_size, false},
    [XEN_DOMCTL_gettscinfo] = {hc_domctl_gettscinfo, false},
    [XEN_DOMCTL_setdebugging] = {hc_domctl_setdebugging, false},
    [XEN_DOMCTL_settscinfo] = {hc_domctl_settscinfo, false},
    [XEN_DOMCTL_getpageframeinfo3] = {hc_domctl_getpageframeinfo3, false},
    [XEN_DOMCTL_setnodeaffinity] = {hc_domctl_setnodeaffinity, false},
    [XEN_DOMCTL_getnodeaffinity] = {hc_domctl_getnodeaffinity, false},
};

/* The debugger's numbers are far from the others. */
static const struct command debugger_commands[] = {
    {hc_domctl_gdbsx_guestmemio, false},
    {hc_domctl_gdbsx_pausevcpu, false},
    {hc_domctl_gdbsx_unpausevcpu, false},
    {hc_domctl_gdbsx_domstatus, false},
};

static const struct command *find_command(uint32_t number)
{
    static const struct command absent;
    uint32_t debugger_number = number - XEN_DOMCTL_gdbsx_guestmemio;

    return number < ARRAY_SIZE(commands)                     ? &commands[number]
           : debugger_number < ARRAY_SIZE(debugger_commands) ? &debugger_commands[debugger_number]
                                                             : &absent;
}

static int run(struct xen_domctl *op)
{
    const struct command *command = find_command(op->cmd);
    struct domain *d = NULL;
    if (!command->needs_no_domain) {
        d = domain_get(op->domain);
        if (d == NULL) {
            return -XEN_ESRCH;
        }
    }
    int result = -XEN_ENOSYS;
    if (!current_domain()->is_privileged) {
        result = -XEN_EPERM;
    } else if (command->run != NULL) {
        result = command->run(d, op);
    }
    if (d != NULL) {
        domain_put(d);
    }
    return result;
}

HYPERCALL_1(hc_domctl, pointer)
{
    struct xen_domctl op;
    if (guest_access_read(&op, GVA(pointer), sizeof(op)) != 0) {
        return -XEN_EFAULT;
    }
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION) {
        return -XEN_EACCES;
    }
    int result = run(&op);
    if (result == -XEN_ERESTART) {
        return hypercall_continue(__HYPERVISOR_domctl, pointer, 0, 0, 0, 0, 0);
    }
    if (result == DOMCTL_COPY_BACK) {
        return guest_access_write(GVA(pointer), &op, sizeof(op));
    }
    return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * domctl: vCPUs and scheduling. Affinity is kept when it leaves a CPU to run on; with one CPU online it then changes nothing.
 * Guest ABI: docs/abi/domctl.md. Read next: domain/pv_context.c.
 */
#include "../domain/pv.h"
#include "../domain/schedule.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/guest_access.h"
#include "../mm/page_table.h"
#include "domctl_internal.h"

#define MAX_WEIGHT 65535

/* -EINVAL there cannot be one; -ESRCH it was not created. */
static int find_vcpu(const struct domain *d, uint32_t id, struct vcpu **v)
{
    if (id >= d->max_vcpus) {
        return -XEN_EINVAL;
    }
    *v = d->vcpus[id];
    return *v != NULL ? 0 : -XEN_ESRCH;
}

static int set_context(struct vcpu *v, struct vcpu_guest_context *context, gva_t from)
{
    if (guest_access_read(context, from, sizeof(*context)) != 0) {
        return -XEN_EFAULT;
    }
    domain_pause(v->domain);
    int result = vcpu_set_context(v, context);
    domain_unpause(v->domain);
    return result;
}

/* Takes the context away again: down, and without address space. */
static int reset_context(struct vcpu *v)
{
    domain_pause(v->domain);
    int result = page_table_drop_bases(v);
    if (result == 0) {
        __atomic_fetch_or(&v->pause_flags, VCPU_DOWN, __ATOMIC_SEQ_CST);
        v->initialised = false;
    }
    domain_unpause(v->domain);
    return result;
}

int hc_domctl_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    if (d == current_domain() || find_vcpu(d, op->u.vcpucontext.vcpu, &v) != 0) {
        return -XEN_EINVAL;
    }
    gva_t from = GVA((uint64_t)op->u.vcpucontext.ctxt.p);
    if (from.v == 0) {
        return reset_context(v);
    }
    struct vcpu_guest_context *context = hv_alloc(sizeof(*context));
    if (context == NULL) {
        return -XEN_ENOMEM;
    }
    int result = set_context(v, context, from);
    hv_free(context);
    return result;
}

int hc_domctl_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    if (d == current_domain()) {
        return -XEN_EINVAL;
    }
    int result = find_vcpu(d, op->u.vcpucontext.vcpu, &v);
    if (result != 0) {
        return result;
    }
    if (!v->initialised) {
        return -XEN_ENODATA;
    }
    struct vcpu_guest_context *context = hv_alloc(sizeof(*context));
    if (context == NULL) {
        return -XEN_ENOMEM;
    }
    domain_pause(d);
    vcpu_get_context(v, context);
    domain_unpause(d);
    result = copy_to_guest(op->u.vcpucontext.ctxt, context);
    hv_free(context);
    return result;
}

int hc_domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    int result = find_vcpu(d, op->u.getvcpuinfo.vcpu, &v);
    if (result != 0) {
        return result;
    }
    struct vcpu_runstate_info runstate;
    uint32_t flags = READ_ONCE(v->pause_flags);
    schedule_runstate(v, &runstate);
    op->u.getvcpuinfo.online = (flags & VCPU_DOWN) == 0;
    op->u.getvcpuinfo.blocked = (flags & (VCPU_BLOCKED | VCPU_POLLING)) != 0;
    op->u.getvcpuinfo.running = v->sched.running;
    op->u.getvcpuinfo.cpu_time = runstate.time[RUNSTATE_running];
    op->u.getvcpuinfo.cpu = v->processor;
    return DOMCTL_COPY_BACK;
}

/* The only button a PV guest has. */
int hc_domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    if (find_vcpu(d, op->u.sendtrigger.vcpu, &v) != 0) {
        return -XEN_ESRCH;
    }
    if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI) {
        return -XEN_ENOSYS;
    }
    pv_raise_nmi(v);
    return 0;
}

/* --- Affinity -------------------------------------------------------------------------------------------------- */

static int affinity_set_one(const struct xenctl_bitmap *bitmap, uint64_t *affinity)
{
    uint64_t mask;
    int result = hc_domctl_read_bitmap(bitmap, &mask);
    if (result != 0 || (mask & machine_cpus_online()) == 0) {
        return result != 0 ? result : -XEN_EINVAL;
    }
    *affinity = mask;
    return hc_domctl_write_bitmap(bitmap, mask & machine_cpus_online());
}

static int affinity_get_one(const struct xenctl_bitmap *bitmap, uint64_t *affinity)
{
    return hc_domctl_write_bitmap(bitmap, *affinity);
}

/* The hard map, the soft one, or both. */
static int each_affinity(struct domain *d, const struct xen_domctl_vcpuaffinity *affinity,
                         int (*one)(const struct xenctl_bitmap *bitmap, uint64_t *affinity))
{
    struct vcpu *v;
    int result = find_vcpu(d, affinity->vcpu, &v);
    if (result == 0 && (affinity->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)) == 0) {
        result = -XEN_EINVAL;
    }
    if (result == 0 && (affinity->flags & XEN_VCPUAFFINITY_HARD) != 0) {
        result = one(&affinity->cpumap_hard, &v->hard_affinity);
    }
    if (result == 0 && (affinity->flags & XEN_VCPUAFFINITY_SOFT) != 0) {
        result = one(&affinity->cpumap_soft, &v->soft_affinity);
    }
    return result;
}

DOMCTL(hc_domctl_setvcpuaffinity, each_affinity(d, &op->u.vcpuaffinity, affinity_set_one))
DOMCTL(hc_domctl_getvcpuaffinity, each_affinity(d, &op->u.vcpuaffinity, affinity_get_one))
DOMCTL(hc_domctl_getnodeaffinity, hc_domctl_write_bitmap(&op->u.nodeaffinity.nodemap, 1))

int hc_domctl_setnodeaffinity(struct domain *d, struct xen_domctl *op)
{
    uint64_t mask;
    int result = hc_domctl_read_bitmap(&op->u.nodeaffinity.nodemap, &mask);
    if (result != 0) {
        return result;
    }
    return (mask & 1) != 0 ? 0 : -XEN_EINVAL; /* there is node 0 */
}

/* --- Shares of the CPU -------------------------------------------------------------------------------------------- */

int hc_domctl_scheduler_op(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *request = &op->u.scheduler_op;
    if (request->sched_id != XEN_SCHEDULER_CREDIT2) {
        return -XEN_EINVAL;
    }
    if (request->cmd == XEN_DOMCTL_SCHEDOP_getinfo) {
        request->u.credit2.weight = (uint16_t)min_u64(d->weight, MAX_WEIGHT);
        request->u.credit2.cap = (uint16_t)d->cap_percent;
        return DOMCTL_COPY_BACK;
    }
    if (request->cmd != XEN_DOMCTL_SCHEDOP_putinfo) {
        return -XEN_EINVAL;
    }
    /* 0 leaves the weight as it is. */
    if (request->u.credit2.weight != 0) {
        WRITE_ONCE(d->weight, request->u.credit2.weight);
    }
    WRITE_ONCE(d->cap_percent, request->u.credit2.cap);
    return 0;
}

/* --- The time-stamp counter: every guest reads the machine's ---------------------------------------------------------- */

#define TSC_MODE_DEFAULT       0
#define TSC_MODE_NEVER_EMULATE 2

int hc_domctl_gettscinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_tsc_info *info = &op->u.tsc_info;
    if (d == current_domain()) {
        return -XEN_EINVAL;
    }
    memset(info, 0, sizeof(*info));
    info->tsc_mode = TSC_MODE_NEVER_EMULATE;
    info->gtsc_khz = (uint32_t)machine_tick_frequency_khz();
    info->elapsed_nsec = machine_now_ns();
    return DOMCTL_COPY_BACK;
}

int hc_domctl_settscinfo(struct domain *d, struct xen_domctl *op)
{
    uint32_t mode = op->u.tsc_info.tsc_mode;
    if (d == current_domain() || (mode != TSC_MODE_DEFAULT && mode != TSC_MODE_NEVER_EMULATE)) {
        return -XEN_EINVAL;
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * domctl_vcpu.c: affinity, shares and the NMI over the seam.
 * Owns: nothing; what the hypervisor is handed lives in seam buffers (SEAM1). Guest ABI: domctl.
 * Read next: domctl.c.
 */
#define __XEN_TOOLS__ 1
#include "dom0-tools/libpv/domctl_vcpu.h"

#include <public/xen.h>
#include <public/domctl.h>
#include <public/errno.h>

#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/seam.h"

/* The operation and the two maps it points at. */
struct affinity_call {
    struct xen_domctl operation;
    uint64_t hard, soft;
};

static void point_at(struct xenctl_bitmap *bitmap, uint64_t *cpus)
{
    bitmap->bitmap.p = (uint8_t *)cpus;
    bitmap->nr_bits = 64;
}

int domctl_set_affinity(uint16_t domid, uint32_t vcpu, const struct domctl_affinity *affinity)
{
    struct affinity_call *call = seam_buffer_get(sizeof(*call));
    int result = 0;

    if (call == NULL) {
        return -XEN_ENOMEM;
    }
    call->hard = affinity->hard;
    call->soft = affinity->soft;
    call->operation.u.vcpuaffinity.vcpu = vcpu;
    call->operation.u.vcpuaffinity.flags = (affinity->set_hard ? XEN_VCPUAFFINITY_HARD : 0) |
                                           (affinity->set_soft ? XEN_VCPUAFFINITY_SOFT : 0);
    point_at(&call->operation.u.vcpuaffinity.cpumap_hard, &call->hard);
    point_at(&call->operation.u.vcpuaffinity.cpumap_soft, &call->soft);
    if (call->operation.u.vcpuaffinity.flags != 0) {
        result = domctl_call(&call->operation, XEN_DOMCTL_setvcpuaffinity, domid);
    }
    seam_buffer_put(call);
    return result;
}

int domctl_get_affinity(uint16_t domid, uint32_t vcpu, struct domctl_affinity *affinity)
{
    struct affinity_call *call = seam_buffer_get(sizeof(*call));
    int result;

    if (call == NULL) {
        return -XEN_ENOMEM;
    }
    call->operation.u.vcpuaffinity.vcpu = vcpu;
    call->operation.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
    point_at(&call->operation.u.vcpuaffinity.cpumap_hard, &call->hard);
    point_at(&call->operation.u.vcpuaffinity.cpumap_soft, &call->soft);
    result = domctl_call(&call->operation, XEN_DOMCTL_getvcpuaffinity, domid);
    affinity->hard = call->hard;
    affinity->soft = call->soft;
    seam_buffer_put(call);
    return result;
}

int domctl_get_shares(uint16_t domid, uint16_t *weight, uint16_t *cap_percent)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    operation->u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    operation->u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    result = domctl_call(operation, XEN_DOMCTL_scheduler_op, domid);
    *weight = operation->u.scheduler_op.u.credit2.weight;
    *cap_percent = operation->u.scheduler_op.u.credit2.cap;
    seam_buffer_put(operation);
    return result;
}

int domctl_trigger_nmi(uint16_t domid, uint32_t vcpu)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result;

    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    operation->u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI;
    operation->u.sendtrigger.vcpu = vcpu;
    result = domctl_call(operation, XEN_DOMCTL_sendtrigger, domid);
    seam_buffer_put(operation);
    return result;
}

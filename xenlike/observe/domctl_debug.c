/* SPDX-License-Identifier: MIT */
/*
 * domctl: a debugger's commands, as gdbsx has them.
 * Guest ABI: docs/abi/domctl.md. Read next: observe/debugger.c.
 */
#include "debugger.h"
#include "../hypercall/domctl_internal.h"

int hc_domctl_setdebugging(struct domain *d, struct xen_domctl *op)
{
    if (d == current_domain()) {
        return -XEN_EINVAL;
    }
    domain_pause(d);
    d->debugger_attached = op->u.setdebugging.enable != 0;
    domain_unpause(d);
    return 0;
}

/* -EFAULT with `remain` bytes not copied. */
int hc_domctl_gdbsx_guestmemio(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_gdbsx_memio *io = &op->u.gdbsx_guest_memio;

    if (d == current_domain()) {
        return -XEN_EINVAL;
    }
    domain_pause(d);
    io->remain = debugger_copy(d, GVA(io->gva), GVA(io->uva), io->len, io->gwr != 0);
    domain_unpause(d);
    return io->remain != 0 ? -XEN_EFAULT : DOMCTL_COPY_BACK;
}

static int find_paused(struct domain *d, const struct xen_domctl *op, struct vcpu **v)
{
    uint32_t id = op->u.gdbsx_pauseunp_vcpu.vcpu;

    if (d->controller_pauses == 0) {
        return -XEN_EBUSY;
    }
    if (id >= d->max_vcpus || d->vcpus[id] == NULL || d == current_domain()) {
        return -XEN_EINVAL;
    }
    *v = d->vcpus[id];
    return 0;
}

int hc_domctl_gdbsx_pausevcpu(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    int result = find_paused(d, op, &v);

    return result == 0 ? debugger_pause_vcpu(v) : result;
}

int hc_domctl_gdbsx_unpausevcpu(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    int result = find_paused(d, op, &v);

    return result == 0 ? debugger_unpause_vcpu(v) : result;
}

/* Whether it is paused, and the first vCPU that trapped since this was asked last. */
int hc_domctl_gdbsx_domstatus(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_gdbsx_domstatus *status = &op->u.gdbsx_domstatus;

    status->vcpu_id = ~0u;
    status->vcpu_ev = 0;
    status->paused = d->controller_pauses != 0;
    for (uint32_t i = 0; status->paused != 0 && i < d->max_vcpus; i++) {
        struct vcpu *v = d->vcpus[i];
        if (v != NULL && v->debugger_event != 0) {
            status->vcpu_id = i;
            status->vcpu_ev = v->debugger_event;
            v->debugger_event = 0;
            break;
        }
    }
    return DOMCTL_COPY_BACK;
}

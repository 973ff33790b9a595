/* SPDX-License-Identifier: MIT */
/* A debugger's domctls: traps that pause a domain, single vCPUs, memory that is not there. */
#include <criterion/criterion.h>

#include "comm_world.h"
#include "xenlike/observe/debugger.h"

#define FURTHER (WORLD_BUFFER + 8192)

static struct xen_domctl domctl;

static int64_t control(uint32_t cmd, domid_t id)
{
    domctl.cmd = cmd;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctl.domain = id;
    return world_control(hc_domctl, &domctl, sizeof(domctl));
}

Test(debugger, DB1_a_trap_pauses_a_domain_that_is_debugged_and_no_other)
{
    world_start();
    struct domain *d = world_guest(2);
    struct vcpu *v = d->vcpus[1];
    v->pv.in_kernel = true;
    cr_assert(!debugger_takes(v, 3));
    domctl.u.setdebugging.enable = 1;
    cr_assert_eq(control(XEN_DOMCTL_setdebugging, 0), -XEN_EINVAL);
    cr_assert_eq(control(XEN_DOMCTL_setdebugging, d->id), 0);
    v->pv.in_kernel = false;
    cr_assert(!debugger_takes(v, 3));
    v->pv.in_kernel = true;
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_domstatus, d->id), 0);
    cr_assert_eq(domctl.u.gdbsx_domstatus.paused, 0);
    cr_assert(debugger_takes(v, 3));
    cr_assert(!vcpu_is_runnable(d->vcpus[0]) && !vcpu_is_runnable(v));
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_domstatus, d->id), 0);
    cr_assert_eq(domctl.u.gdbsx_domstatus.paused, 1);
    cr_assert_eq(domctl.u.gdbsx_domstatus.vcpu_id, 1);
    cr_assert_eq(domctl.u.gdbsx_domstatus.vcpu_ev, 3);
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_domstatus, d->id), 0);
    cr_assert_eq(domctl.u.gdbsx_domstatus.vcpu_id, ~0u, "an event is told once");
    cr_assert_eq(control(XEN_DOMCTL_unpausedomain, d->id), 0);
    cr_assert(vcpu_is_runnable(v));
}

Test(debugger, single_vcpus_pause_only_while_the_domain_is_paused)
{
    world_start();
    struct domain *d = world_guest(2);
    domctl.u.gdbsx_pauseunp_vcpu.vcpu = 1;
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_pausevcpu, d->id), -XEN_EBUSY);
    cr_assert_eq(control(XEN_DOMCTL_pausedomain, d->id), 0);
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_unpausevcpu, d->id), -XEN_EINVAL, "one too many");
    domctl.u.gdbsx_pauseunp_vcpu.vcpu = 2;
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_pausevcpu, d->id), -XEN_EINVAL);
    domctl.u.gdbsx_pauseunp_vcpu.vcpu = 1;
    for (int i = 0; i < 255; i++) {
        cr_assert_eq(control(XEN_DOMCTL_gdbsx_pausevcpu, d->id), 0);
    }
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_pausevcpu, d->id), -XEN_EBUSY);
    for (int i = 0; i < 255; i++) {
        cr_assert_eq(control(XEN_DOMCTL_gdbsx_unpausevcpu, d->id), 0);
    }
    cr_assert_eq(control(XEN_DOMCTL_unpausedomain, d->id), 0);
    cr_assert(vcpu_is_runnable(d->vcpus[1]));
}

Test(debugger, a_debuggers_copy_ends_where_nothing_is_mapped)
{
    world_start();
    struct domain *d = world_guest(1);
    domctl.u.gdbsx_guest_memio =
        (struct xen_domctl_gdbsx_memio){.gva = 0x1000, .uva = FURTHER, .len = 8};
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_guestmemio, d->id), -XEN_EFAULT);
    domctl.u.gdbsx_guest_memio.gva = HV_VIRT_START;
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_guestmemio, d->id), -XEN_EFAULT);
    domctl.u.gdbsx_guest_memio.len = 0;
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_guestmemio, d->id), 0);
    cr_assert_eq(domctl.u.gdbsx_guest_memio.remain, 0);
    cr_assert_eq(control(XEN_DOMCTL_gdbsx_guestmemio, 0), -XEN_EINVAL);
}

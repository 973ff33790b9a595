/* SPDX-License-Identifier: MIT */
/* Event channels: each sub-operation with its errnos, the walk through the states, delivery, two ends and their deaths. */
#include <criterion/criterion.h>
#include <string.h>

#include "comm_world.h"
#include "xenlike/comm/event_channel.h"
#include "xenlike/comm/event_internal.h"

static int64_t op(uint32_t cmd, void *argument, size_t size)
{
    return world_call(hc_event_channel_op, cmd, argument, size);
}

static int64_t alloc_for(domid_t dom, domid_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound a = {.dom = dom, .remote_dom = remote};
    int64_t result = op(EVTCHNOP_alloc_unbound, &a, sizeof(a));
    *port = a.port;
    return result;
}

static int64_t bind_to(domid_t remote, uint32_t remote_port, uint32_t *port)
{
    struct evtchn_bind_interdomain b = {.remote_dom = remote, .remote_port = remote_port};
    int64_t result = op(EVTCHNOP_bind_interdomain, &b, sizeof(b));
    *port = b.local_port;
    return result;
}

static int64_t bind_virq(uint32_t virq, uint32_t vcpu, uint32_t *port)
{
    struct evtchn_bind_virq b = {.virq = virq, .vcpu = vcpu};
    int64_t result = op(EVTCHNOP_bind_virq, &b, sizeof(b));
    *port = b.port;
    return result;
}

static int64_t bind_ipi(uint32_t vcpu, uint32_t *port)
{
    struct evtchn_bind_ipi b = {.vcpu = vcpu};
    int64_t result = op(EVTCHNOP_bind_ipi, &b, sizeof(b));
    *port = b.port;
    return result;
}

static int64_t send_to(uint32_t port)
{
    return op(EVTCHNOP_send, &port, sizeof(port));
}

static int64_t close_port(uint32_t port)
{
    return op(EVTCHNOP_close, &port, sizeof(port));
}

static int64_t unmask(uint32_t port)
{
    return op(EVTCHNOP_unmask, &port, sizeof(port));
}

static struct evtchn_status status_of(domid_t dom, uint32_t port)
{
    struct evtchn_status s = {.dom = dom, .port = port};
    cr_assert_eq(op(EVTCHNOP_status, &s, sizeof(s)), 0);
    return s;
}

static bool pending(const struct domain *d, uint32_t port)
{
    return ((d->shared_info->evtchn_pending[port / 64] >> (port % 64)) & 1) != 0;
}

static void clear(struct domain *d)
{
    memset(d->shared_info->evtchn_pending, 0, sizeof(d->shared_info->evtchn_pending));
    for (uint32_t i = 0; i < d->max_vcpus; i++) {
        d->vcpus[i]->info->evtchn_pending_sel = 0;
        d->vcpus[i]->info->evtchn_upcall_pending = 0;
    }
}

Test(event, an_unbound_port_becomes_interdomain_and_both_ends_name_each_other)
{
    world_start();
    struct domain *a = world_guest(1), *b = world_guest(1);
    uint32_t port_a, port_b;
    fake_run(a->vcpus[0]);
    cr_assert_eq(alloc_for(DOMID_SELF, b->id, &port_a), 0);
    cr_assert_eq(port_a, 1, "port 0 is never given");
    struct evtchn_status s = status_of(DOMID_SELF, port_a);
    cr_assert_eq(s.status, EVTCHNSTAT_unbound);
    cr_assert_eq(s.u.unbound.dom, b->id);
    cr_assert_eq(send_to(port_a), 0, "a send to nobody is lost and no error");
    fake_run(b->vcpus[0]);
    cr_assert_eq(bind_to(a->id, port_a, &port_b), 0);
    cr_assert(pending(b, port_b), "what came before the binding may have been lost");
    s = status_of(DOMID_SELF, port_b);
    cr_assert_eq(s.status, EVTCHNSTAT_interdomain);
    cr_assert_eq(s.u.interdomain.dom, a->id);
    cr_assert_eq(s.u.interdomain.port, port_a);
    cr_assert_eq(send_to(port_b), 0);
    cr_assert(pending(a, port_a));
    fake_run(a->vcpus[0]);
    clear(b);
    cr_assert_eq(send_to(port_a), 0);
    cr_assert(pending(b, port_b));
}

Test(event, EC1_closing_one_end_leaves_the_other_unbound_for_the_same_domain)
{
    world_start();
    struct domain *a = world_guest(1), *b = world_guest(1);
    uint32_t port_a, port_b, again;
    fake_run(a->vcpus[0]);
    alloc_for(DOMID_SELF, b->id, &port_a);
    fake_run(b->vcpus[0]);
    bind_to(a->id, port_a, &port_b);
    cr_assert_eq(close_port(port_b), 0);
    cr_assert_eq(close_port(port_b), -XEN_EINVAL);
    cr_assert_eq(send_to(port_b), -XEN_EINVAL);
    fake_run(a->vcpus[0]);
    struct evtchn_status s = status_of(DOMID_SELF, port_a);
    cr_assert_eq(s.status, EVTCHNSTAT_unbound);
    cr_assert_eq(s.u.unbound.dom, b->id);
    fake_run(b->vcpus[0]);
    cr_assert_eq(bind_to(a->id, port_a, &again), 0);
    cr_assert_eq(again, port_b, "the least free port comes first");
    fake_run(a->vcpus[0]);
    cr_assert_eq(close_port(port_a), 0);
}

Test(event, binding_is_refused_for_absent_domains_and_ports_of_others)
{
    world_start();
    struct domain *a = world_guest(1), *b = world_guest(1), *c = world_guest(1);
    uint32_t port_a, port;
    fake_run(a->vcpus[0]);
    cr_assert_eq(alloc_for(999, b->id, &port), -XEN_ESRCH);
    cr_assert_eq(alloc_for(b->id, a->id, &port), -XEN_EPERM);
    cr_assert_eq(alloc_for(DOMID_SELF, b->id, &port_a), 0);
    cr_assert_eq(bind_to(999, 1, &port), -XEN_ESRCH);
    cr_assert_eq(bind_to(b->id, 0, &port), -XEN_EINVAL);
    cr_assert_eq(bind_to(b->id, 4000, &port), -XEN_EINVAL);
    cr_assert_eq(bind_to(b->id, ~0u, &port), -XEN_EINVAL);
    fake_run(c->vcpus[0]);
    cr_assert_eq(bind_to(a->id, port_a, &port), -XEN_EINVAL, "kept for another");
    fake_run(b->vcpus[0]);
    cr_assert_eq(bind_to(a->id, port_a, &port), 0);
    cr_assert_eq(bind_to(a->id, port_a, &port), -XEN_EINVAL, "no longer unbound");
}

Test(event, the_control_domain_allocates_for_others)
{
    world_start();
    struct domain *a = world_guest(1);
    uint32_t port, local;
    cr_assert_eq(alloc_for(a->id, 0, &port), 0);
    cr_assert_eq(bind_to(a->id, port, &local), 0);
    cr_assert_eq(status_of(a->id, port).status, EVTCHNSTAT_interdomain);
}

Test(event, ports_run_out_at_the_domains_limit)
{
    world_start();
    struct domain *a = world_guest(1);
    uint32_t port;
    fake_run(a->vcpus[0]);
    for (uint32_t i = 1; i <= 1023; i++) {
        cr_assert_eq(alloc_for(DOMID_SELF, 0, &port), 0);
        cr_assert_eq(port, i);
    }
    cr_assert_eq(alloc_for(DOMID_SELF, 0, &port), -XEN_ENOSPC);
    cr_assert_eq(bind_ipi(0, &port), -XEN_ENOSPC);
    cr_assert_eq(bind_virq(VIRQ_TIMER, 0, &port), -XEN_ENOSPC);
    cr_assert_eq(close_port(500), 0);
    cr_assert_eq(bind_ipi(0, &port), 0);
    cr_assert_eq(port, 500);
}

Test(event, two_level_delivery_has_4095_ports_whatever_the_toolstack_says)
{
    world_start();
    uint32_t port, last = 0;
    while (alloc_for(DOMID_SELF, 1, &port) == 0) {
        last = port;
    }
    cr_assert_eq(last, 4095);
}

Test(event, virtual_interrupts_are_bound_once_and_refused_where_they_cannot_be)
{
    world_start();
    struct domain *a = world_guest(2);
    uint32_t port, other;
    fake_run(a->vcpus[0]);
    cr_assert_eq(bind_virq(NR_VIRQS, 0, &port), -XEN_EINVAL);
    cr_assert_eq(bind_virq(~0u, 0, &port), -XEN_EINVAL);
    cr_assert_eq(bind_virq(VIRQ_CONSOLE, 1, &port), -XEN_EINVAL, "one per domain");
    cr_assert_eq(bind_virq(VIRQ_TIMER, 2, &port), -XEN_ENOENT);
    cr_assert_eq(bind_virq(VIRQ_TIMER, 1, &port), 0);
    cr_assert_eq(bind_virq(VIRQ_TIMER, 1, &other), -XEN_EEXIST);
    cr_assert_eq(bind_virq(VIRQ_TIMER, 0, &other), 0);
    struct evtchn_status s = status_of(DOMID_SELF, port);
    cr_assert_eq(s.status, EVTCHNSTAT_virq);
    cr_assert_eq(s.u.virq, VIRQ_TIMER);
    cr_assert_eq(s.vcpu, 1);
    cr_assert_eq(send_to(port), -XEN_EINVAL);
    event_channel_raise_virq(a->vcpus[1], VIRQ_TIMER);
    cr_assert(pending(a, port));
    cr_assert_not(pending(a, other));
    cr_assert_eq(close_port(port), 0);
    clear(a);
    event_channel_raise_virq(a->vcpus[1], VIRQ_TIMER);
    cr_assert_not(pending(a, port));
    cr_assert_eq(bind_virq(VIRQ_TIMER, 1, &port), 0, "free again");
}

Test(event, a_global_virtual_interrupt_reaches_the_hardware_domain_alone)
{
    world_start();
    struct domain *a = world_guest(1);
    uint32_t mine, theirs;
    cr_assert_eq(bind_virq(VIRQ_DOM_EXC, 0, &mine), 0);
    fake_run(a->vcpus[0]);
    cr_assert_eq(bind_virq(VIRQ_DOM_EXC, 0, &theirs), 0);
    event_channel_raise_global_virq(VIRQ_DOM_EXC);
    cr_assert(pending(world.dom0, mine));
    cr_assert_not(pending(a, theirs));
}

Test(event, an_interprocessor_port_raises_itself)
{
    world_start();
    struct domain *a = world_guest(2);
    uint32_t port;
    fake_run(a->vcpus[0]);
    cr_assert_eq(bind_ipi(2, &port), -XEN_ENOENT);
    cr_assert_eq(bind_ipi(~0u, &port), -XEN_ENOENT);
    cr_assert_eq(bind_ipi(1, &port), 0);
    cr_assert_eq(send_to(port), 0);
    cr_assert(pending(a, port));
    cr_assert_eq(a->vcpus[1]->info->evtchn_upcall_pending, 1);
    cr_assert_eq(a->vcpus[0]->info->evtchn_upcall_pending, 0);
}

Test(event, bind_vcpu_moves_what_may_move)
{
    world_start();
    struct domain *a = world_guest(2);
    uint32_t unbound, timer, console, ipi;
    fake_run(a->vcpus[0]);
    alloc_for(DOMID_SELF, 0, &unbound);
    bind_virq(VIRQ_TIMER, 0, &timer);
    bind_virq(VIRQ_ARGO, 0, &console);
    bind_ipi(0, &ipi);
    struct evtchn_bind_vcpu b = {.port = unbound, .vcpu = 1};
    cr_assert_eq(op(EVTCHNOP_bind_vcpu, &b, sizeof(b)), 0);
    cr_assert_eq(status_of(DOMID_SELF, unbound).vcpu, 1);
    b.port = console;
    cr_assert_eq(op(EVTCHNOP_bind_vcpu, &b, sizeof(b)), 0);
    b.port = timer;
    cr_assert_eq(op(EVTCHNOP_bind_vcpu, &b, sizeof(b)), -XEN_EINVAL);
    b.port = ipi;
    cr_assert_eq(op(EVTCHNOP_bind_vcpu, &b, sizeof(b)), -XEN_EINVAL);
    b.port = 900;
    cr_assert_eq(op(EVTCHNOP_bind_vcpu, &b, sizeof(b)), -XEN_EINVAL);
    b.port = 0;
    cr_assert_eq(op(EVTCHNOP_bind_vcpu, &b, sizeof(b)), -XEN_EINVAL);
    b.vcpu = 2;
    cr_assert_eq(op(EVTCHNOP_bind_vcpu, &b, sizeof(b)), -XEN_ENOENT);
}

Test(event, EC2_a_masked_port_becomes_pending_without_an_upcall_and_unmask_makes_up_for_it)
{
    world_start();
    struct domain *a = world_guest(1);
    uint32_t port;
    fake_run(a->vcpus[0]);
    bind_ipi(0, &port);
    a->shared_info->evtchn_mask[0] |= UINT64_C(1) << port;
    send_to(port);
    cr_assert(pending(a, port));
    cr_assert_eq(a->vcpus[0]->info->evtchn_upcall_pending, 0);
    cr_assert_eq(unmask(port), 0);
    cr_assert_eq(a->shared_info->evtchn_mask[0] & (UINT64_C(1) << port), 0);
    cr_assert_eq(a->vcpus[0]->info->evtchn_pending_sel, 1);
    cr_assert_eq(a->vcpus[0]->info->evtchn_upcall_pending, 1);
    cr_assert_eq(unmask(4096), -XEN_EINVAL);
    cr_assert_eq(unmask(~0u), -XEN_EINVAL);
    cr_assert_eq(unmask(0), 0, "port 0 is there, closed");
}

Test(event, EC3_a_send_wakes_a_blocked_vcpu_once)
{
    world_start();
    struct domain *a = world_guest(1), *b = world_guest(1);
    uint32_t port_a, port_b;
    fake_run(a->vcpus[0]);
    alloc_for(DOMID_SELF, b->id, &port_a);
    fake_run(b->vcpus[0]);
    bind_to(a->id, port_a, &port_b);
    a->vcpus[0]->pause_flags = VCPU_BLOCKED;
    world.wakes = 0;
    send_to(port_b);
    send_to(port_b);
    cr_assert_eq(world.wakes, 1);
    cr_assert_eq(world.last_woken, a->vcpus[0]);
    cr_assert_eq(a->vcpus[0]->pause_flags, 0);
}

Test(event, a_poller_wakes_for_its_masked_port_and_for_no_other)
{
    world_start();
    struct domain *a = world_guest(2);
    uint32_t wanted, other;
    fake_run(a->vcpus[0]);
    bind_ipi(0, &wanted);
    bind_ipi(0, &other);
    a->shared_info->evtchn_mask[0] = ~UINT64_C(0);
    a->vcpus[1]->pause_flags = VCPU_POLLING;
    a->vcpus[1]->poll_port = wanted;
    a->has_polled = true;
    world.wakes = 0;
    send_to(other);
    cr_assert_eq(world.wakes, 0);
    send_to(wanted);
    cr_assert_eq(world.wakes, 1);
    cr_assert_eq(a->vcpus[1]->pause_flags, 0);
}

Test(event, a_vcpu_that_runs_elsewhere_is_kicked)
{
    world_start();
    struct domain *a = world_guest(2);
    uint32_t port;
    fake_online = 3;
    fake_run(a->vcpus[0]);
    bind_ipi(1, &port);
    a->vcpus[1]->processor = 1;
    a->vcpus[1]->sched.running = true;
    fake_kicked = 0;
    send_to(port);
    cr_assert_eq(fake_kicked, 2);
}

Test(event, closing_clears_what_was_pending)
{
    world_start();
    struct domain *a = world_guest(1);
    uint32_t port;
    fake_run(a->vcpus[0]);
    bind_ipi(0, &port);
    send_to(port);
    close_port(port);
    cr_assert_not(pending(a, port));
}

Test(event, vcpu_info_moves_once_to_an_aligned_place_of_the_domains_own)
{
    world_start();
    struct domain *a = world_guest(2);
    mfn_t frame = frame_alloc_domain(a, 0, 0), foreign = frame_alloc_domain(world.dom0, 0, 0);
    struct vcpu *v = a->vcpus[0];
    cr_assert(mfn_valid_value(frame));
    fake_run(v);
    v->info->evtchn_upcall_mask = 1;
    v->info->arch.cr2 = 77;
    cr_assert_eq(event_channel_register_vcpu_info(v, frame.n, 4096 - 63), -XEN_ENXIO);
    cr_assert_eq(event_channel_register_vcpu_info(v, frame.n, 4), -XEN_ENXIO);
    cr_assert_eq(event_channel_register_vcpu_info(v, frame.n, ~0u), -XEN_ENXIO);
    cr_assert_eq(event_channel_register_vcpu_info(v, foreign.n, 0), -XEN_EINVAL);
    cr_assert_eq(event_channel_register_vcpu_info(v, UINT64_C(1) << 40, 0), -XEN_EINVAL);
    cr_assert_eq(event_channel_register_vcpu_info(a->vcpus[1], frame.n, 0), -XEN_EINVAL,
                 "it is up");
    cr_assert_eq(event_channel_register_vcpu_info(v, frame.n, 4096 - 64), 0);
    cr_assert_eq(v->info->arch.cr2, 77);
    cr_assert_eq(v->info->evtchn_upcall_mask, 1);
    cr_assert_eq(v->info->evtchn_upcall_pending, 1, "everything is looked at again");
    cr_assert_eq(v->info->evtchn_pending_sel, ~UINT64_C(0));
    cr_assert_eq(event_channel_register_vcpu_info(v, frame.n, 0), -XEN_EINVAL, "a second time");
    cr_assert_eq(frame_current_type(frame), FRAME_WRITABLE);
    world_kill(a);
}

Test(event, a_vcpu_without_a_place_loses_nothing)
{
    world_start();
    struct domain *a = world_guest(40);
    mfn_t frame = frame_alloc_domain(a, 0, 0);
    uint32_t port;
    fake_run(a->vcpus[0]);
    bind_ipi(35, &port);
    send_to(port);
    a->vcpus[35]->pause_flags = VCPU_DOWN;
    cr_assert_eq(event_channel_register_vcpu_info(a->vcpus[35], frame.n, 0), 0);
    cr_assert_eq(a->vcpus[35]->info->evtchn_upcall_pending, 1);
    cr_assert_eq(a->vcpus[35]->info->evtchn_upcall_mask, 1);
    cr_assert(pending(a, port));
}

Test(event, reset_closes_everything_and_asks_for_a_pause_of_others)
{
    world_start();
    struct domain *a = world_guest(1), *b = world_guest(1);
    struct evtchn_reset r = {.dom = 999};
    uint32_t port;
    fake_run(a->vcpus[0]);
    for (int i = 0; i < 200; i++) {
        alloc_for(DOMID_SELF, 0, &port);
    }
    cr_assert_eq(op(EVTCHNOP_reset, &r, sizeof(r)), -XEN_ESRCH);
    r.dom = b->id;
    cr_assert_eq(op(EVTCHNOP_reset, &r, sizeof(r)), -XEN_EPERM);
    fake_run(world.dom0->vcpus[0]);
    r.dom = a->id;
    cr_assert_eq(op(EVTCHNOP_reset, &r, sizeof(r)), -XEN_EINVAL, "it runs");
    cr_assert_eq(domain_controller_pause(a), 0);
    fake_preempt_every = 1;
    cr_assert_eq(op(EVTCHNOP_reset, &r, sizeof(r)), -XEN_ERESTART);
    while (op(EVTCHNOP_reset, &r, sizeof(r)) == -XEN_ERESTART) {
    }
    fake_preempt_every = 0;
    fake_run(a->vcpus[0]);
    cr_assert_eq(alloc_for(DOMID_SELF, 0, &port), 0);
    cr_assert_eq(port, 1);
}

Test(event, status_answers_for_others_only_to_the_control_domain)
{
    world_start();
    struct domain *a = world_guest(1), *b = world_guest(1);
    struct evtchn_status s = {.dom = b->id, .port = 1};
    fake_run(a->vcpus[0]);
    cr_assert_eq(op(EVTCHNOP_status, &s, sizeof(s)), -XEN_EPERM);
    s.dom = 999;
    cr_assert_eq(op(EVTCHNOP_status, &s, sizeof(s)), -XEN_ESRCH);
    s.dom = DOMID_SELF;
    s.port = 4096;
    cr_assert_eq(op(EVTCHNOP_status, &s, sizeof(s)), -XEN_EINVAL);
    cr_assert_eq(status_of(DOMID_SELF, 0).status, EVTCHNSTAT_closed);
}

Test(event, absent_commands_and_faults)
{
    world_start();
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = 0};
    uint32_t port;
    cr_assert_eq(op(14, &a, sizeof(a)), -XEN_ENOSYS);
    cr_assert_eq(op(~0u, &a, sizeof(a)), -XEN_ENOSYS);
    cr_assert_eq(hc_event_channel_op(EVTCHNOP_send, 8, 0, 0, 0, 0), -XEN_EFAULT);
    cr_assert_eq(hc_event_channel_op(EVTCHNOP_status, HV_VIRT_START, 0, 0, 0, 0), -XEN_EFAULT);
    fake_flat_readonly(WORLD_BUFFER, true);
    cr_assert_eq(op(EVTCHNOP_alloc_unbound, &a, sizeof(a)), -XEN_EFAULT, "the result had no place");
    fake_flat_readonly(WORLD_BUFFER, false);
    cr_assert_eq(alloc_for(DOMID_SELF, 0, &port), 0);
}

Test(event, a_domains_death_unbinds_its_peers_and_leaks_nothing)
{
    world_start();
    struct domain *b = world_guest(1);
    uint64_t before = frame_alloc_nr_free();
    for (int i = 0; i < 50; i++) {
        struct domain *a = world_guest(1);
        uint32_t port_a, port_b;
        fake_run(a->vcpus[0]);
        alloc_for(DOMID_SELF, b->id, &port_a);
        fake_run(b->vcpus[0]);
        cr_assert_eq(bind_to(a->id, port_a, &port_b), 0);
        world_kill(a);
        fake_run(b->vcpus[0]);
        cr_assert_eq(status_of(DOMID_SELF, port_b).status, EVTCHNSTAT_unbound);
        cr_assert_eq(send_to(port_b), 0);
        cr_assert_eq(close_port(port_b), 0);
        if (i == 0) {
            before = frame_alloc_nr_free(); /* the table's first bucket of b stays */
        }
    }
    cr_assert_eq(frame_alloc_nr_free(), before);
}

Test(event, DM3_a_dying_domain_gets_no_port)
{
    world_start();
    struct domain *a = world_guest(1);
    uint32_t port;
    domain_hold(a);
    fake_preempt_every = 1;
    cr_assert_eq(domain_kill(a), -XEN_ERESTART);
    fake_preempt_every = 0;
    cr_assert_eq(alloc_for(a->id, 0, &port), -XEN_EINVAL);
    world_kill(a);
}

Test(event, compat_has_the_command_in_front_of_its_argument)
{
    world_start();
    struct evtchn_op call = {.cmd = EVTCHNOP_alloc_unbound, .u.alloc_unbound = {DOMID_SELF, 1, 0}};
    memcpy(world.buffer, &call, sizeof(call));
    cr_assert_eq(hc_event_channel_op_compat(WORLD_BUFFER, 0, 0, 0, 0, 0), 0);
    memcpy(&call, world.buffer, sizeof(call));
    cr_assert_neq(call.u.alloc_unbound.port, 0);
    fake_fail_access = 1;
    cr_assert_eq(hc_event_channel_op_compat(WORLD_BUFFER, 0, 0, 0, 0, 0), -XEN_EFAULT);
    fake_fail_access = 1;
    cr_assert_eq(hc_physdev_op_compat(WORLD_BUFFER, 0, 0, 0, 0, 0), -XEN_EFAULT);
}

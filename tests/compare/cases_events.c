/* SPDX-License-Identifier: MIT */
/* Event channels: each sub-operation, with ports that are free, ours, of the wrong kind, or no ports at all. */
#include <string.h>

#include <public/event_channel.h>
#include <public/xen.h>
#include <pvk/hypercall.h>

#include "compare.h"

static long close_port(uint32_t port)
{
    struct evtchn_close op = {.port = port};
    return hypercall_event_channel_op(EVTCHNOP_close, &op);
}

static long send_port(uint32_t port)
{
    struct evtchn_send op = {.port = port};
    return hypercall_event_channel_op(EVTCHNOP_send, &op);
}

static long alloc(uint32_t domid, uint32_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = (domid_t)domid, .remote_dom = (domid_t)remote};
    long result = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &op);
    *port = op.port;
    return result;
}

static long status(uint32_t domid, uint32_t port, struct evtchn_status *op)
{
    op->dom = (domid_t)domid;
    op->port = port;
    return hypercall_event_channel_op(EVTCHNOP_status, op);
}

static void bad_ports(const char *const names[5], uint32_t port)
{
    struct evtchn_bind_vcpu bind = {.port = port};
    struct evtchn_unmask unmask = {.port = port};
    struct evtchn_status state;
    show(names[0], send_port(port));
    show(names[1], close_port(port));
    show(names[2], hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &bind));
    show(names[3], hypercall_event_channel_op(EVTCHNOP_unmask, &unmask));
    show(names[4], status(DOMID_SELF, port, &state));
}

static void unbound_and_interdomain(void)
{
    struct evtchn_status state;
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_bind_vcpu vcpu;
    uint32_t port;
    show("alloc.self", alloc(DOMID_SELF, DOMID_SELF, &port));
    show("alloc.status", status(DOMID_SELF, port, &state));
    show("alloc.status is unbound", state.status == EVTCHNSTAT_unbound);
    show("alloc.send to unbound", send_port(port));
    bind.remote_port = port;
    show("bind.interdomain self", hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind));
    show("bind.status", status(DOMID_SELF, port, &state));
    show("bind.status is interdomain", state.status == EVTCHNSTAT_interdomain);
    show("bind.send", send_port(bind.local_port));
    show("bind.again", hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind));
    vcpu.port = port;
    vcpu.vcpu = 0;
    show("bind.vcpu 0", hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &vcpu));
    vcpu.vcpu = 77;
    show("bind.vcpu 77", hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &vcpu));
    show("bind.close one end", close_port(port));
    show("bind.other end", status(DOMID_SELF, bind.local_port, &state));
    show("bind.other end is unbound", state.status == EVTCHNSTAT_unbound);
    show("bind.close other end", close_port(bind.local_port));
    show("bind.close twice", close_port(bind.local_port));
    show("alloc.no such domain", alloc(999, DOMID_SELF, &port));
    show("alloc.for no such remote", alloc(DOMID_SELF, 999, &port));
    show("close.for no such remote", close_port(port));
    bind.remote_dom = 999;
    show("bind.no such domain", hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind));
    bind.remote_dom = DOMID_SELF;
    bind.remote_port = 4000;
    show("bind.free remote port", hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind));
}

static void virtual_interrupts(void)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_DEBUG};
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_bind_vcpu vcpu = {.vcpu = 0};
    struct evtchn_status state;
    show("virq.debug", hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq));
    uint32_t port = virq.port;
    show("virq.status", status(DOMID_SELF, port, &state));
    show("virq.status kind", (long)state.status);
    show("virq.send", send_port(port));
    vcpu.port = port;
    show("virq.per-vCPU cannot move", hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &vcpu));
    show("virq.twice", hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq));
    show("virq.close", close_port(port));
    virq.virq = 24;
    show("virq.24", hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq));
    virq.virq = VIRQ_DEBUG;
    virq.vcpu = 99;
    show("virq.vcpu 99", hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq));
    virq.virq = VIRQ_TBUF;
    virq.vcpu = 5;
    show("virq.global on another vCPU", hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq));
    show("ipi.vcpu 0", hypercall_event_channel_op(EVTCHNOP_bind_ipi, &ipi));
    show("ipi.send", send_port(ipi.port));
    show("ipi.close", close_port(ipi.port));
    ipi.vcpu = 99;
    show("ipi.vcpu 99", hypercall_event_channel_op(EVTCHNOP_bind_ipi, &ipi));
}

void cases_events(void)
{
    static const char *const none[5] = {"port 0.send", "port 0.close", "port 0.vcpu",
                                        "port 0.unmask", "port 0.status"};
    static const char *const huge[5] = {"port max.send", "port max.close", "port max.vcpu",
                                        "port max.unmask", "port max.status"};
    static const char *const free_port[5] = {"port free.send", "port free.close", "port free.vcpu",
                                             "port free.unmask", "port free.status"};
    struct evtchn_status state;
    struct evtchn_bind_pirq pirq = {.pirq = 9999};
    struct evtchn_set_priority priority = {.port = 1, .priority = 3};
    struct evtchn_expand_array expand = {.array_gfn = 1};
    struct evtchn_reset reset = {.dom = 999};
    bad_ports(none, 0);
    bad_ports(huge, 0xffffffff);
    bad_ports(free_port, 100);
    unbound_and_interdomain();
    virtual_interrupts();
    show("status.no such domain", status(999, 1, &state));
    show("pirq.9999", hypercall_event_channel_op(EVTCHNOP_bind_pirq, &pirq));
    show("fifo.priority on two-level",
         hypercall_event_channel_op(EVTCHNOP_set_priority, &priority));
    show("fifo.expand on two-level", hypercall_event_channel_op(EVTCHNOP_expand_array, &expand));
    show("reset.no such domain", hypercall_event_channel_op(EVTCHNOP_reset, &reset));
    show("event.unknown", hypercall_event_channel_op(99, &state));
    show("event.hypervisor pointer",
         hypercall_event_channel_op(EVTCHNOP_status, (void *)IN_HYPERVISOR));
    show("event.not mapped", hypercall_event_channel_op(EVTCHNOP_send, (void *)NOT_MAPPED));
}

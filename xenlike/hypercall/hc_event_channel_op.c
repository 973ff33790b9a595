/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_event_channel_op(cmd, pointer): copies the structure in, runs the sub-operation, copies it out when it has results.
 * Its compat form is the first kernels': the command lies in front of the structure.
 * Guest ABI: docs/abi/event_channel_op.md. Read next: comm/event_channel_bind.c.
 */
#include "../comm/event_channel.h"
#include "../mm/guest_access.h"
#include "operation.h"

#define CALLER                  current_domain()
#define EVENT(name, expression) OPERATION(name, struct evtchn_##name, expression)

EVENT(bind_interdomain, event_channel_bind_interdomain(op))
EVENT(bind_virq, event_channel_bind_virq(op))
EVENT(bind_pirq, event_channel_bind_pirq(op))
EVENT(bind_ipi, event_channel_bind_ipi(op))
EVENT(status, event_channel_status(op))
EVENT(alloc_unbound, event_channel_alloc_unbound(op))
EVENT(close, event_channel_close(CALLER, op->port))
EVENT(unmask, event_channel_unmask(CALLER, op->port))
EVENT(bind_vcpu, event_channel_bind_vcpu(CALLER, op->port, op->vcpu))
EVENT(reset, event_channel_reset(op->dom))
EVENT(init_control, event_fifo_init_control(op))
EVENT(expand_array, event_fifo_expand_array(op))
EVENT(set_priority, event_fifo_set_priority(op))

#define ROW(name, flags) [EVTCHNOP_##name] = {run_##name, sizeof(struct evtchn_##name), flags}

/* Everything but a send. */
static const struct operation operations[] = {
    ROW(bind_interdomain, OPERATION_RESULTS),
    ROW(bind_virq, OPERATION_RESULTS),
    ROW(bind_pirq, OPERATION_RESULTS),
    ROW(close, 0),
    ROW(status, OPERATION_RESULTS),
    ROW(alloc_unbound, OPERATION_RESULTS),
    ROW(bind_ipi, OPERATION_RESULTS),
    ROW(bind_vcpu, 0),
    ROW(unmask, 0),
    ROW(reset, 0),
    ROW(init_control, OPERATION_RESULTS),
    ROW(expand_array, 0),
    ROW(set_priority, 0),
};

HYPERCALL_2(hc_event_channel_op, cmd, pointer)
{
    if (unlikely((uint32_t)cmd != EVTCHNOP_send)) {
        return operation_run(operations, ARRAY_SIZE(operations), __HYPERVISOR_event_channel_op, cmd,
                             pointer);
    }
    uint32_t port;
    if (unlikely(!guest_access_read_u32(&port, GVA(pointer)))) {
        return -XEN_EFAULT;
    }
    return event_channel_send(CALLER, port);
}

HYPERCALL_1(hc_event_channel_op_compat, operation)
{
    return operation_run_compat(hc_event_channel_op, operation, offsetof(struct evtchn_op, u),
                                EVTCHNOP_unmask);
}

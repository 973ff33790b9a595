/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_event_channel_op(cmd, pointer): copies the structure in, runs the sub-operation, copies it out when it has results.
 * FIFO delivery is absent: init_control and set_priority answer -ENOSYS, as guests expect of a 2-level hypervisor, and expand_array
 * -EOPNOTSUPP, as for a domain that did not ask for FIFO.
 * Guest ABI: docs/abi/event_channel_op.md. Read next: comm/event_channel_bind.c.
 */
#include "../comm/event_channel.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

union argument {
    struct evtchn_alloc_unbound alloc_unbound;
    struct evtchn_bind_interdomain bind_interdomain;
    struct evtchn_bind_virq bind_virq;
    struct evtchn_bind_pirq bind_pirq;
    struct evtchn_bind_ipi bind_ipi;
    struct evtchn_close close;
    struct evtchn_status status;
    struct evtchn_bind_vcpu bind_vcpu;
    struct evtchn_unmask unmask;
    struct evtchn_reset reset;
    struct evtchn_expand_array expand_array;
};

/* Those whose argument is the structure as it came. */
#define WHOLE(name)                            \
    static int run_##name(union argument *u)   \
    {                                          \
        return event_channel_##name(&u->name); \
    }
/* Those of the caller's own ports. */
#define OWN_PORT(name, ...)                                         \
    static int run_##name(union argument *u)                        \
    {                                                               \
        return event_channel_##name(current_domain(), __VA_ARGS__); \
    }
WHOLE(bind_interdomain)
WHOLE(bind_virq)
WHOLE(bind_pirq)
WHOLE(bind_ipi)
WHOLE(status)
WHOLE(alloc_unbound)
OWN_PORT(close, u->close.port)
OWN_PORT(unmask, u->unmask.port)
OWN_PORT(bind_vcpu, u->bind_vcpu.port, u->bind_vcpu.vcpu)

static int run_reset(union argument *u)
{
    return event_channel_reset(u->reset.dom);
}

static int run_expand_array(union argument *u)
{
    (void)u;
    return -XEN_EOPNOTSUPP;
}

#define OPERATION(name, has_results)                          \
    {                                                         \
        run_##name, sizeof(struct evtchn_##name), has_results \
    }

static const struct {
    int (*run)(union argument *u);
    uint16_t size;
    bool has_results;
} operations[] = {
    [EVTCHNOP_bind_interdomain] = OPERATION(bind_interdomain, true),
    [EVTCHNOP_bind_virq] = OPERATION(bind_virq, true),
    [EVTCHNOP_bind_pirq] = OPERATION(bind_pirq, true),
    [EVTCHNOP_close] = OPERATION(close, false),
    [EVTCHNOP_status] = OPERATION(status, true),
    [EVTCHNOP_alloc_unbound] = OPERATION(alloc_unbound, true),
    [EVTCHNOP_bind_ipi] = OPERATION(bind_ipi, true),
    [EVTCHNOP_bind_vcpu] = OPERATION(bind_vcpu, false),
    [EVTCHNOP_unmask] = OPERATION(unmask, false),
    [EVTCHNOP_reset] = OPERATION(reset, false),
    [EVTCHNOP_expand_array] = OPERATION(expand_array, false),
};

/* Everything but a send. */
static __attribute__((noinline)) int64_t run(uint64_t cmd, uint64_t pointer)
{
    uint32_t index = (uint32_t)cmd;
    if (index >= ARRAY_SIZE(operations) || operations[index].run == NULL) {
        return -XEN_ENOSYS;
    }
    union argument argument;
    if (guest_access_read(&argument, GVA(pointer), operations[index].size) != 0) {
        return -XEN_EFAULT;
    }
    int64_t result = operations[index].run(&argument);
    if (result == -XEN_ERESTART) {
        return hypercall_continue(__HYPERVISOR_event_channel_op, cmd, pointer, 0, 0, 0, 0);
    }
    if (result == 0 && operations[index].has_results &&
        guest_access_write(GVA(pointer), &argument, operations[index].size) != 0) {
        return -XEN_EFAULT;
    }
    return result;
}

int64_t hc_event_channel_op(uint64_t cmd, uint64_t pointer, uint64_t a3, uint64_t a4, uint64_t a5,
                            uint64_t a6)
{
    (void)a3, (void)a4, (void)a5, (void)a6;
    if (unlikely((uint32_t)cmd != EVTCHNOP_send)) {
        return run(cmd, pointer);
    }
    uint32_t port;
    if (unlikely(!guest_access_read_u32(&port, GVA(pointer)))) {
        return -XEN_EFAULT;
    }
    return event_channel_send(current_domain(), port);
}

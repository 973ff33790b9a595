/* SPDX-License-Identifier: MIT */
/*
 * Event channels.
 *
 * Invariant: EC1 both ends of an interdomain channel name each other or one is unbound; EC2 pending is set before the upcall flag;
 *            EC3 a vCPU that blocks has looked at its pending flag after setting VCPU_BLOCKED.
 * Locks: event bind (all that binds or closes), then a channel's. Errnos per sub-op: docs/abi/event_channel_op.md.
 * Read next: event_channel.c (sending, 2-level delivery), event_channel_bind.c (how ports come and go), event_fifo.c.
 */
#pragma once

#include <public/event_channel.h>

#include "../domain/domain.h"

/* Ports 1 to max_port, and never more than the delivery has. -ENOMEM; -EINVAL max_port 0. */
int event_channel_init(struct domain *d, uint32_t max_port);
int event_channel_relinquish(struct domain *d); /* closes all; 0, -ERESTART */
void event_channel_destroy(struct domain *d);

/* 0, -EINVAL no such port or not sendable. */
int event_channel_send(struct domain *d, uint32_t port);
/* Virtual interrupts: vCPU-local, or the domain's global one wherever it is bound. No-op when unbound. */
void event_channel_raise_virq(struct vcpu *v, uint32_t virq);
void event_channel_raise_global_virq(uint32_t virq); /* bound by the privileged domain */
/* The device interrupt came; port: where pirq.c has it bound. */
void event_channel_raise_pirq(struct domain *d, uint32_t pirq, uint32_t port);

/* Where a vCPU's info points while it has no place: ids from 32 on before they register one, and the dead. Masked; never read as truth. */
extern struct vcpu_info event_channel_no_info;
/* Does an upcall wait for v (pending and not masked)? Exit path and block. */
static inline bool event_channel_upcall_wanted(const struct vcpu *v)
{
    return READ_ONCE(v->info->evtchn_upcall_pending) != 0 &&
           READ_ONCE(v->info->evtchn_upcall_mask) == 0;
}
/* Is this port of d pending (SCHEDOP_poll)? 1, 0, or -EINVAL when it is free or none. */
int event_channel_poll(struct domain *d, uint32_t port);
/* VCPUOP_register_vcpu_info: 0, -EINVAL twice or bad frame, -ENXIO misaligned or straddling. Replays everything. */
int event_channel_register_vcpu_info(struct vcpu *v, uint64_t mfn, uint32_t offset);

/* The sub-operations, on decoded structures; hypercall/hc_event_channel_op.c copies in and out. */
int event_channel_alloc_unbound(struct evtchn_alloc_unbound *op);
int event_channel_bind_interdomain(struct evtchn_bind_interdomain *op);
int event_channel_bind_virq(struct evtchn_bind_virq *op);
int event_channel_bind_ipi(struct evtchn_bind_ipi *op);
int event_channel_bind_pirq(struct evtchn_bind_pirq *op);
int event_channel_bind_vcpu(struct domain *d, uint32_t port, uint32_t vcpu);
int event_channel_close(struct domain *d, uint32_t port);
int event_channel_status(struct evtchn_status *op);
int event_channel_unmask(struct domain *d, uint32_t port);
/* Back to 2-level delivery, too. -ESRCH, -EPERM; -EINVAL another domain that the toolstack did not pause; -ERESTART. */
int event_channel_reset(domid_t id);

/* FIFO delivery, for the caller. The first control block changes to it. -ENOENT no such vCPU; -EINVAL offset, not a frame to write, or a
 * second block for the vCPU; -ENOMEM. */
int event_fifo_init_control(struct evtchn_init_control *op);
/* One more page of event words. -EOPNOTSUPP 2-level; -ENOSPC there are all; -EINVAL not a frame to write. */
int event_fifo_expand_array(const struct evtchn_expand_array *op);
/* From the next time on that the port becomes pending. -EINVAL no such port, or priority; -EACCES it is free; -ENOSYS 2-level. */
int event_fifo_set_priority(const struct evtchn_set_priority *op);

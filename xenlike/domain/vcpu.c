/* SPDX-License-Identifier: MIT */
/*
 * The life of a virtual CPU: created down, given a context, brought up and down, destroyed.
 *
 * Owns: struct vcpu as a whole. Invariant VC1: vcpu.h; VC3 a vCPU without a vcpu_info of its own never comes up.
 * Locks: none; pause_flags are atomic. Guest ABI: docs/abi/vcpu_op.md. Read next: pv_context.c, schedule.c.
 */
#include "vcpu.h"

#include <public/errno.h>
#include <public/sched.h>

#include "../comm/event_channel.h"
#include "../mm/frame_alloc.h"
#include "../mm/guest_access.h"
#include "guest_time.h"
#include "pv.h"
#include "schedule.h"

struct vcpu *vcpu_create(struct domain *d, uint32_t id)
{
    struct vcpu *v = hv_alloc(sizeof(*v));

    if (v == NULL) {
        return NULL;
    }
    v->domain = d;
    v->id = id;
    v->kernel_base = INVALID_MFN;
    v->user_base = INVALID_MFN;
    v->info_frame = INVALID_MFN;
    v->pause_flags = VCPU_DOWN;
    if (id < XEN_LEGACY_MAX_VCPUS) {
        v->info = &d->shared_info->vcpu_info[id];
        v->info->evtchn_upcall_mask = 1;
    } else {
        v->info = &event_channel_no_info;
    }
    pv_vcpu_init(v);
    guest_time_vcpu_init(v);
    schedule_vcpu_init(v);
    if (id == 0) {
        guest_time_publish_wall_clock(d);
    }
    return v;
}

void vcpu_relinquish(struct vcpu *v)
{
    guest_time_vcpu_stop(v);
    if (v->id == 0) {
        guest_time_stop_watchdogs(v->domain);
    }
    pv_vcpu_relinquish(v);
}

void vcpu_destroy(struct vcpu *v)
{
    vcpu_relinquish(v);
    schedule_vcpu_destroy(v);
    hv_free(v->fpu);
    hv_free(v);
}

int vcpu_initialise(struct vcpu *v, gva_t context)
{
    struct vcpu_guest_context *copy;

    if (v->info == &event_channel_no_info) {
        return -XEN_EINVAL;
    }
    copy = hv_alloc(sizeof(*copy));
    if (copy == NULL) {
        return -XEN_ENOMEM;
    }
    int error = guest_access_read(copy, context, sizeof(*copy));
    if (error == 0) {
        error = v->initialised ? -XEN_EEXIST : vcpu_set_context(v, copy);
    }
    hv_free(copy);
    return error;
}

int vcpu_up(struct vcpu *v)
{
    if (!v->initialised) {
        return -XEN_EINVAL;
    }
    if ((__atomic_fetch_and(&v->pause_flags, ~VCPU_DOWN, __ATOMIC_SEQ_CST) & VCPU_DOWN) != 0) {
        schedule_wake(v);
    }
    return 0;
}

void vcpu_down(struct vcpu *v)
{
    struct domain *d = v->domain;

    FOR_EACH_VCPU (d, other) {
        if (other != v && (READ_ONCE(other->pause_flags) & VCPU_DOWN) == 0) {
            __atomic_fetch_or(&v->pause_flags, VCPU_DOWN, __ATOMIC_SEQ_CST);
            schedule_sleep(v);
            return;
        }
    }
    /* Nothing would ever run in it again. */
    domain_shutdown(d, SHUTDOWN_poweroff);
}

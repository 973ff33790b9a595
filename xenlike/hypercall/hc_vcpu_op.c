/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op(cmd, vcpu, arg): vCPUs of the caller's domain up and down, their timers and shared areas.
 *
 * Owns: nothing. Invariant: VO1 timers are set for the calling vCPU alone. Locks: none here.
 * Guest ABI: docs/abi/vcpu_op.md. Read next: domain/vcpu.c, domain/guest_time.c.
 */
#include <public/vcpu.h>

#include "../comm/event_channel.h"
#include "../domain/guest_time.h"
#include "../domain/pv.h"
#include "../domain/schedule.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

typedef int64_t vcpu_handler(struct vcpu *v, gva_t arg);

static int64_t vcpu_op_initialise(struct vcpu *v, gva_t arg)
{
    return vcpu_initialise(v, arg);
}

static int64_t vcpu_op_up(struct vcpu *v, gva_t arg)
{
    (void)arg;
    return vcpu_up(v);
}

static int64_t vcpu_op_down(struct vcpu *v, gva_t arg)
{
    (void)arg;
    vcpu_down(v);
    return 0;
}

static int64_t vcpu_op_is_up(struct vcpu *v, gva_t arg)
{
    (void)arg;
    return (READ_ONCE(v->pause_flags) & VCPU_DOWN) == 0;
}

static int64_t vcpu_op_get_runstate(struct vcpu *v, gva_t arg)
{
    struct vcpu_runstate_info info;

    schedule_runstate(v, &info);
    return guest_access_write(arg, &info, sizeof(info));
}

static int64_t vcpu_op_register_runstate(struct vcpu *v, gva_t arg)
{
    struct vcpu_register_runstate_memory_area area;
    struct vcpu_runstate_info info;

    if (guest_access_read(&area, arg, sizeof(area)) != 0 ||
        !guest_access_range_ok(GVA(area.addr.p), sizeof(info))) {
        return -XEN_EFAULT;
    }
    v->runstate_area = GVA(area.addr.p);
    schedule_runstate(v, &info);
    return v == current_vcpu() ? guest_access_write(v->runstate_area, &info, sizeof(info)) : 0;
}

static int64_t vcpu_op_set_periodic(struct vcpu *v, gva_t arg)
{
    struct vcpu_set_periodic_timer request;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    return guest_time_set_periodic(v, request.period_ns);
}

static int64_t vcpu_op_stop_periodic(struct vcpu *v, gva_t arg)
{
    (void)arg;
    return guest_time_set_periodic(v, 0);
}

static int64_t vcpu_op_set_singleshot(struct vcpu *v, gva_t arg)
{
    struct vcpu_set_singleshot_timer request;

    if (v != current_vcpu()) {
        return -XEN_EINVAL;
    }
    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    /* VCPU_SSHOTTMR_future is ignored, as by Xen since 4.17: a time that has passed expires at once. */
    timer_set(&v->singleshot_timer, request.timeout_abs_ns);
    return 0;
}

static int64_t vcpu_op_stop_singleshot(struct vcpu *v, gva_t arg)
{
    (void)arg;
    if (v != current_vcpu()) {
        return -XEN_EINVAL;
    }
    timer_stop(&v->singleshot_timer);
    return 0;
}

static int64_t vcpu_op_register_info(struct vcpu *v, gva_t arg)
{
    struct vcpu_register_vcpu_info request;
    int error;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    error = event_channel_register_vcpu_info(v, request.mfn, request.offset);
    if (error == 0) {
        guest_time_publish(v);
    }
    return error;
}

static int64_t vcpu_op_send_nmi(struct vcpu *v, gva_t arg)
{
    (void)arg;
    pv_raise_nmi(v);
    return 0;
}

static int64_t vcpu_op_get_physid(struct vcpu *v, gva_t arg)
{
    struct vcpu_get_physid answer;

    /* Only a vCPU that stays where it is has an answer that stays true. */
    if (!v->domain->is_hardware || (!v->sched.pinned && machine_cpus_online() != 1)) {
        return -XEN_EINVAL;
    }
    answer.phys_id = v->processor | (uint64_t)v->processor << 32;
    return guest_access_write(arg, &answer, sizeof(answer));
}

static int64_t vcpu_op_register_time(struct vcpu *v, gva_t arg)
{
    struct vcpu_register_time_memory_area area;

    if (guest_access_read(&area, arg, sizeof(area)) != 0 ||
        !guest_access_range_ok(GVA(area.addr.p), sizeof(struct vcpu_time_info))) {
        return -XEN_EFAULT;
    }
    v->time_area = GVA(area.addr.p);
    if (v == current_vcpu()) {
        guest_time_publish_area(v);
    } else {
        v->time_stamp_published = 0;
    }
    return 0;
}

static vcpu_handler *const handlers[] = {
    [VCPUOP_initialise] = vcpu_op_initialise,
    [VCPUOP_up] = vcpu_op_up,
    [VCPUOP_down] = vcpu_op_down,
    [VCPUOP_is_up] = vcpu_op_is_up,
    [VCPUOP_get_runstate_info] = vcpu_op_get_runstate,
    [VCPUOP_register_runstate_memory_area] = vcpu_op_register_runstate,
    [VCPUOP_set_periodic_timer] = vcpu_op_set_periodic,
    [VCPUOP_stop_periodic_timer] = vcpu_op_stop_periodic,
    [VCPUOP_set_singleshot_timer] = vcpu_op_set_singleshot,
    [VCPUOP_stop_singleshot_timer] = vcpu_op_stop_singleshot,
    [VCPUOP_register_vcpu_info] = vcpu_op_register_info,
    [VCPUOP_send_nmi] = vcpu_op_send_nmi,
    [VCPUOP_get_physid] = vcpu_op_get_physid,
    [VCPUOP_register_vcpu_time_memory_area] = vcpu_op_register_time,
};

int64_t hc_vcpu_op(uint64_t cmd, uint64_t vcpu, uint64_t arg, uint64_t a4, uint64_t a5, uint64_t a6)
{
    struct domain *d = current_domain();
    uint32_t id = (uint32_t)vcpu;

    (void)a4, (void)a5, (void)a6;
    if (id >= d->max_vcpus || d->vcpus[id] == NULL) {
        return -XEN_ENOENT;
    }
    if ((uint32_t)cmd >= ARRAY_SIZE(handlers)) {
        return -XEN_ENOSYS;
    }
    return handlers[(uint32_t)cmd](d->vcpus[id], GVA(arg));
}

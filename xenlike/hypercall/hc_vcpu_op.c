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

union request {
    struct vcpu_register_runstate_memory_area runstate;
    struct vcpu_set_periodic_timer periodic;
    struct vcpu_set_singleshot_timer singleshot;
    struct vcpu_register_vcpu_info info;
    struct vcpu_register_time_memory_area time;
};

typedef int64_t vcpu_handler(struct vcpu *v, gva_t arg, const union request *request);
#define HANDLER(name) \
    static int64_t vcpu_op_##name(struct vcpu *v, gva_t arg, const union request *request)
#define SIMPLE(name, expression) \
    HANDLER(name)                \
    {                            \
        return expression;       \
    }

SIMPLE(initialise, vcpu_initialise(v, arg))
SIMPLE(up, vcpu_up(v))
SIMPLE(down, (vcpu_down(v), 0))
SIMPLE(is_up, (READ_ONCE(v->pause_flags) & VCPU_DOWN) == 0)
SIMPLE(set_periodic, guest_time_set_periodic(v, request->periodic.period_ns))
SIMPLE(stop_periodic, guest_time_set_periodic(v, 0))
SIMPLE(register_info, event_channel_register_vcpu_info(v, request->info.mfn, request->info.offset))
#define OF_CALLER(name, statement) SIMPLE(name, v == current_vcpu() ? (statement, 0) : -XEN_EINVAL)
/* VCPU_SSHOTTMR_future is ignored, as by Xen since 4.17: a time that has passed expires at once. */
OF_CALLER(set_singleshot, timer_set(&v->singleshot_timer, request->singleshot.timeout_abs_ns))
OF_CALLER(stop_singleshot, timer_stop(&v->singleshot_timer))
SIMPLE(send_nmi, (pv_raise_nmi(v), 0))

HANDLER(get_runstate)
{
    struct vcpu_runstate_info info;

    schedule_runstate(v, &info);
    return guest_access_write(arg, &info, sizeof(info));
}

HANDLER(register_runstate)
{
    gva_t area = GVA(request->runstate.addr.p);

    if (!guest_access_range_ok(area, sizeof(struct vcpu_runstate_info))) {
        return -XEN_EFAULT;
    }
    v->runstate_area = area;
    return v == current_vcpu() ? vcpu_op_get_runstate(v, area, request) : 0;
}

HANDLER(get_physid)
{
    struct vcpu_get_physid answer = {.phys_id = v->processor | (uint64_t)v->processor << 32};

    /* Only a vCPU that stays where it is has an answer that stays true. */
    if (!v->domain->is_hardware || (!v->sched.pinned && machine_cpus_online() != 1)) {
        return -XEN_EINVAL;
    }
    return guest_access_write(arg, &answer, sizeof(answer));
}

HANDLER(register_time)
{
    gva_t area = GVA(request->time.addr.p);

    if (!guest_access_range_ok(area, sizeof(struct vcpu_time_info))) {
        return -XEN_EFAULT;
    }
    v->time_area = area;
    if (v == current_vcpu()) {
        guest_time_publish_area(v);
    } else {
        v->time_stamp_published = 0;
    }
    return 0;
}

static const struct {
    vcpu_handler *handler;
    size_t size; /* of the argument, when it is read */
} operations[] = {
#define SIZE(member) sizeof(((union request *)0)->member)
    [VCPUOP_initialise] = {vcpu_op_initialise, 0},
    [VCPUOP_up] = {vcpu_op_up, 0},
    [VCPUOP_down] = {vcpu_op_down, 0},
    [VCPUOP_is_up] = {vcpu_op_is_up, 0},
    [VCPUOP_get_runstate_info] = {vcpu_op_get_runstate, 0},
    [VCPUOP_register_runstate_memory_area] = {vcpu_op_register_runstate, SIZE(runstate)},
    [VCPUOP_set_periodic_timer] = {vcpu_op_set_periodic, SIZE(periodic)},
    [VCPUOP_stop_periodic_timer] = {vcpu_op_stop_periodic, 0},
    [VCPUOP_set_singleshot_timer] = {vcpu_op_set_singleshot, SIZE(singleshot)},
    [VCPUOP_stop_singleshot_timer] = {vcpu_op_stop_singleshot, 0},
    [VCPUOP_register_vcpu_info] = {vcpu_op_register_info, SIZE(info)},
    [VCPUOP_send_nmi] = {vcpu_op_send_nmi, 0},
    [VCPUOP_get_physid] = {vcpu_op_get_physid, 0},
    [VCPUOP_register_vcpu_time_memory_area] = {vcpu_op_register_time, SIZE(time)},
};

HYPERCALL_3(hc_vcpu_op, cmd, vcpu, arg)
{
    struct domain *d = current_domain();
    uint32_t id = (uint32_t)vcpu, index = (uint32_t)cmd;
    union request request;

    if (id >= d->max_vcpus || d->vcpus[id] == NULL) {
        return -XEN_ENOENT;
    }
    if (index >= ARRAY_SIZE(operations)) {
        return -XEN_ENOSYS;
    }
    if (operations[index].size != 0 &&
        guest_access_read(&request, GVA(arg), operations[index].size) != 0) {
        return -XEN_EFAULT;
    }
    return operations[index].handler(d->vcpus[id], GVA(arg), &request);
}

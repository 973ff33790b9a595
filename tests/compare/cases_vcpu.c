/* SPDX-License-Identifier: MIT */
/* vcpu_op: vCPUs that exist and those that do not, timers, registered areas. */
#include <string.h>

#include <public/vcpu.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/time.h>

#include "compare.h"

static void timers(void)
{
    struct vcpu_set_singleshot_timer shot = {.timeout_abs_ns = 1, .flags = VCPU_SSHOTTMR_future};
    struct vcpu_set_periodic_timer period = {.period_ns = 1};
    show("timer.past with future flag", hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot));
    shot.flags = 0;
    show("timer.past", hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot));
    show("timer.other vCPU", hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 1, &shot));
    show("timer.stop", hypercall_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL));
    show("periodic.1 ns", hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &period));
    period.period_ns = ~0ul;
    show("periodic.huge", hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &period));
    show("periodic.stop", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
}

void cases_vcpu(void)
{
    static struct vcpu_runstate_info state;
    static struct vcpu_time_info time_area;
    struct vcpu_register_runstate_memory_area area;
    struct vcpu_register_time_memory_area time_registration;
    struct vcpu_register_vcpu_info info;
    struct vcpu_get_physid physid;
    struct spare_page page = spare_page();
    memset(&area, 0, sizeof(area));
    memset(&time_registration, 0, sizeof(time_registration));
    memset(&info, 0, sizeof(info));
    show("vcpu.is_up 0", hypercall_vcpu_op(VCPUOP_is_up, 0, NULL));
    show("vcpu.is_up 1000", hypercall_vcpu_op(VCPUOP_is_up, 1000, NULL));
    show("vcpu.is_up 8191", hypercall_vcpu_op(VCPUOP_is_up, 8191, NULL));
    show("vcpu.is_up -1", hypercall_vcpu_op(VCPUOP_is_up, ~0u, NULL));
    show("vcpu.up 0", hypercall_vcpu_op(VCPUOP_up, 0, NULL));
    show("vcpu.initialise 0", hypercall_vcpu_op(VCPUOP_initialise, 0, (void *)NOT_MAPPED));
    show("vcpu.runstate", hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &state));
    show("vcpu.runstate is running", state.state == RUNSTATE_running);
    show("vcpu.runstate not mapped",
         hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, (void *)NOT_MAPPED));
    area.addr.v = &state;
    show("area.runstate", hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area));
    area.addr.v = (void *)IN_HYPERVISOR;
    show("area.runstate hypervisor",
         hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area));
    time_registration.addr.v = &time_area;
    show("area.time",
         hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &time_registration));
    time_registration.addr.v = (void *)IN_HYPERVISOR;
    show("area.time hypervisor",
         hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &time_registration));
    info.mfn = page.mfn;
    info.offset = 4;
    show("info.misaligned", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info.offset = 4096 - 32;
    show("info.straddling", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info.offset = 0;
    info.mfn = ~0ul >> 12;
    show("info.no frame", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    show("physid", hypercall_vcpu_op(VCPUOP_get_physid, 0, &physid));
    show("vcpu.send_nmi other", hypercall_vcpu_op(VCPUOP_send_nmi, 1000, NULL));
    show("vcpu.unknown", hypercall_vcpu_op(99, 0, NULL));
    timers();
}

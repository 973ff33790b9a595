/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_platform_op(pointer to struct xen_platform_op): the little of it that a machine without power management has.
 * Everything else is -ENOSYS. Guest ABI: docs/abi/platform_op.md. Read next: cpu/machine.h.
 */
#include <public/platform.h>

#include "../mm/guest_access.h"
#include "hypercall.h"

static void get_cpuinfo(struct xenpf_pcpuinfo *info)
{
    cpumask_t online = machine_cpus_online();
    bool is_online = info->xen_cpuid < MAX_CPUS && ((online >> info->xen_cpuid) & 1) != 0;
    info->max_present = 63u - (uint32_t)__builtin_clzll(online);
    info->flags = is_online ? XEN_PCPU_FLAGS_ONLINE : XEN_PCPU_FLAGS_INVALID;
    info->apic_id = info->acpi_id = is_online ? info->xen_cpuid : 0;
}

HYPERCALL_1(hc_platform_op, pointer)
{
    struct xen_platform_op op;
    if (guest_access_read(&op, GVA(pointer), sizeof(op)) != 0) {
        return -XEN_EFAULT;
    }
    if (op.interface_version != XENPF_INTERFACE_VERSION) {
        return -XEN_EACCES;
    }
    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    if (op.cmd != XENPF_get_cpuinfo) {
        return -XEN_ENOSYS;
    }
    get_cpuinfo(&op.u.pcpu_info);
    return guest_access_write(GVA(pointer), &op, sizeof(op));
}

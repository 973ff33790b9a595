/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_platform_op(pointer to struct xen_platform_op): the little of it that a machine without power management has.
 * Everything else is -ENOSYS. Guest ABI: docs/abi/platform_op.md. Read next: cpu/machine.h.
 */
#include <public/platform.h>

#include "../mm/guest_access.h"
#include "hypercall.h"

static uint32_t last_cpu(void)
{
    return 63u - (uint32_t)__builtin_clzll(machine_cpus_online());
}

static bool is_online(uint32_t cpu)
{
    return cpu < MAX_CPUS && ((machine_cpus_online() >> cpu) & 1) != 0;
}

static int run_get_cpuinfo(struct xen_platform_op *op)
{
    struct xenpf_pcpuinfo *info = &op->u.pcpu_info;
    bool online = is_online(info->xen_cpuid);
    info->max_present = last_cpu();
    info->flags = online ? XEN_PCPU_FLAGS_ONLINE : XEN_PCPU_FLAGS_INVALID;
    info->apic_id = online ? info->xen_cpuid : 0;
    info->acpi_id = online ? info->xen_cpuid : 0;
    return 0;
}

static const struct {
    uint32_t cmd;
    int (*run)(struct xen_platform_op *op);
} operations[] = {
    {XENPF_get_cpuinfo, run_get_cpuinfo},
};

int64_t hc_platform_op(uint64_t pointer, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                       uint64_t a6)
{
    (void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
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
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        if (operations[i].cmd == op.cmd) {
            int result = operations[i].run(&op);
            if (result == 0 && guest_access_write(GVA(pointer), &op, sizeof(op)) != 0) {
                return -XEN_EFAULT;
            }
            return result;
        }
    }
    return -XEN_ENOSYS;
}

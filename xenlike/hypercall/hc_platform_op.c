/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_platform_op(pointer to struct xen_platform_op): the little of it that a machine without power management has.
 * Everything else is -ENOSYS. Guest ABI: docs/abi/platform_op.md. Read next: domain/schedule.h.
 */
#include <public/platform.h>

#include "../domain/schedule.h"
#include "../lib/string.h"
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

static int run_get_cpu_version(struct xen_platform_op *op)
{
    struct xenpf_pcpu_version *version = &op->u.pcpu_version;
    uint32_t cpu = version->xen_cpuid, leaf[4];
    memset(version, 0, sizeof(*version));
    version->xen_cpuid = cpu;
    version->max_present = last_cpu();
    if (!is_online(cpu)) {
        return 0;
    }
    machine_cpuid(0, 0, leaf);
    memcpy(version->vendor_id, &leaf[1], 4);
    memcpy(version->vendor_id + 4, &leaf[3], 4);
    memcpy(version->vendor_id + 8, &leaf[2], 4);
    machine_cpuid(1, 0, leaf);
    uint32_t family = (leaf[0] >> 8) & 0xf;
    version->family = family == 0xf ? family + ((leaf[0] >> 20) & 0xff) : family;
    version->model =
        ((leaf[0] >> 4) & 0xf) | (family == 0xf || family == 6 ? (leaf[0] >> 12) & 0xf0 : 0);
    version->stepping = leaf[0] & 0xf;
    return 0;
}

static int run_getidletime(struct xen_platform_op *op)
{
    struct xenpf_getidletime *request = &op->u.getidletime;
    uint32_t cpus = (uint32_t)min_u64(request->cpumap_nr_cpus, MAX_CPUS);
    uint8_t map[MAX_CPUS / 8] = {0};
    if (guest_access_read(map, GVA((uint64_t)request->cpumap_bitmap.p), (cpus + 7) / 8) != 0) {
        return -XEN_EFAULT;
    }
    request->now = machine_now_ns();
    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        uint8_t bit = (uint8_t)(1u << (cpu & 7));
        if ((map[cpu / 8] & bit) == 0) {
            continue;
        }
        uint64_t idle = is_online(cpu) ? schedule_idle_time_ns(cpu) : 0;
        if (!is_online(cpu)) {
            map[cpu / 8] &= (uint8_t)~bit;
        }
        if (guest_access_write(GVA((uint64_t)(request->idletime.p + cpu)), &idle, sizeof(idle)) !=
            0) {
            return -XEN_EFAULT;
        }
    }
    return guest_access_write(GVA((uint64_t)request->cpumap_bitmap.p), map, (cpus + 7) / 8);
}

static const struct {
    uint32_t cmd;
    int (*run)(struct xen_platform_op *op);
} operations[] = {
    {XENPF_get_cpuinfo, run_get_cpuinfo},
    {XENPF_get_cpu_version, run_get_cpu_version},
    {XENPF_getidletime, run_getidletime},
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

/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_sysctl(pointer to struct xen_sysctl): the machine, its log, its domains.
 * Order of refusals: -EFAULT, -EACCES (interface version), -EPERM, -ENOSYS (unknown or absent), then the command's own.
 * Guest ABI: docs/abi/sysctl.md. Read next: comm/console.c, hc_domctl.c.
 */
#include <public/sysctl.h>

#include "../comm/console.h"
#include "../observe/debug_keys.h"
#include "../observe/trace.h"
#include "../domain/schedule.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"
#include "domctl_internal.h"

static uint32_t nr_cpus(void)
{
    uint32_t count = 0;
    for (cpumask_t online = machine_cpus_online(); online != 0; online &= online - 1) {
        count++;
    }
    return count;
}

/* Those that are one call. */
#define SIMPLE(name, expression)                 \
    static int run_##name(struct xen_sysctl *op) \
    {                                            \
        return expression;                       \
    }
SIMPLE(tbuf_op, trace_control(&op->u.tbuf_op))
SIMPLE(readconsole, console_read_log(&op->u.readconsole))
SIMPLE(debug_keys, debug_keys_press(&op->u.debug_keys))
SIMPLE(sched_id, (op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2, 0))

/* --- The machine --------------------------------------------------------------------------------------------------- */

static void fill_capabilities(uint32_t words[8])
{
    /* Which leaf, subleaf and register (a b c d) each word comes from. */
    static const struct {
        uint32_t leaf, subleaf;
        uint8_t output;
    } sources[8] = {{0x1, 0, 3}, {0x1, 0, 2}, {0x80000001, 0, 3}, {0x80000001, 0, 2},
                    {0xd, 1, 0}, {0x7, 0, 1}, {0x7, 0, 2},        {0x80000007, 0, 3}};
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        uint32_t out[4];
        machine_cpuid(sources[i].leaf & 0x80000000, 0, out);
        words[i] = 0;
        if (out[0] >= sources[i].leaf) {
            machine_cpuid(sources[i].leaf, sources[i].subleaf, out);
            words[i] = out[sources[i].output];
        }
    }
}

static int run_physinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_physinfo *info = &op->u.physinfo;
    memset(info, 0, sizeof(*info));
    info->threads_per_core = 1;
    info->cores_per_socket = nr_cpus();
    info->nr_cpus = nr_cpus();
    info->max_cpu_id = 63u - (uint32_t)__builtin_clzll(machine_cpus_online());
    info->nr_nodes = 1;
    info->cpu_khz = (uint32_t)machine_tick_frequency_khz();
    info->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
    info->total_pages = frame_alloc_nr_total();
    info->free_pages = frame_alloc_nr_free();
    info->max_mfn = frame_table_end - 1;
    fill_capabilities(info->hw_cap);
    return 0;
}

static int run_availheap(struct xen_sysctl *op)
{
    /* The heap does not tell widths apart in its count: the answer is for all of it. */
    op->u.availheap.avail_bytes = frame_alloc_nr_free() << PAGE_SHIFT;
    return op->u.availheap.node == 0 || op->u.availheap.node == -1 ? 0 : -XEN_EINVAL;
}

static int run_getcpuinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_getcpuinfo *request = &op->u.getcpuinfo;
    uint32_t count = (uint32_t)min_u64(request->max_cpus, nr_cpus());
    for (uint32_t cpu = 0; cpu < count; cpu++) {
        struct xen_sysctl_cpuinfo info = {.idletime = schedule_idle_time_ns(cpu)};
        if (copy_to_guest_offset(request->info, cpu, &info) != 0) {
            return -XEN_EFAULT;
        }
    }
    request->nr_cpus = count;
    return 0;
}

static int run_cputopoinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_cputopoinfo *request = &op->u.cputopoinfo;
    uint32_t room = request->cputopo.p != NULL ? request->num_cpus : 0;
    request->num_cpus = nr_cpus();
    for (uint32_t cpu = 0; cpu < min_u64(room, nr_cpus()); cpu++) {
        struct xen_sysctl_cputopo place = {.core = cpu, .socket = 0, .node = 0};
        if (copy_to_guest_offset(request->cputopo, cpu, &place) != 0) {
            return -XEN_EFAULT;
        }
    }
    return 0;
}

static int run_numainfo(struct xen_sysctl *op)
{
    struct xen_sysctl_numainfo *request = &op->u.numainfo;
    bool room = request->num_nodes != 0;
    struct xen_sysctl_meminfo memory = {.memsize = frame_alloc_nr_total() << PAGE_SHIFT,
                                        .memfree = frame_alloc_nr_free() << PAGE_SHIFT};
    uint32_t near = 10; /* ACPI's distance of a node to itself */
    request->num_nodes = 1;
    if ((room && request->meminfo.p != NULL && copy_to_guest(request->meminfo, &memory) != 0) ||
        (room && request->distance.p != NULL && copy_to_guest(request->distance, &near) != 0)) {
        return -XEN_EFAULT;
    }
    return 0;
}

/* --- Domains and scheduling -------------------------------------------------------------------------------------------- */

static int run_getdomaininfolist(struct xen_sysctl *op)
{
    struct xen_sysctl_getdomaininfolist *request = &op->u.getdomaininfolist;
    uint32_t count = 0, next = request->first_domain;
    while (count < request->max_domains) {
        struct domain *d = domain_get_next(next);
        if (d == NULL) {
            break;
        }
        struct xen_domctl_getdomaininfo info;
        hc_domctl_fill_info(d, &info);
        next = d->id + 1u;
        domain_put(d);
        if (copy_to_guest_offset(request->buffer, count, &info) != 0) {
            return -XEN_EFAULT;
        }
        count++;
    }
    request->num_domains = count;
    return 0;
}

/* --- The table -------------------------------------------------------------------------------------------------------------- */

static int (*const commands[])(struct xen_sysctl *op) = {
    [XEN_SYSCTL_readconsole] = run_readconsole,
    [XEN_SYSCTL_tbuf_op] = run_tbuf_op,
    [XEN_SYSCTL_physinfo] = run_physinfo,
    [XEN_SYSCTL_sched_id] = run_sched_id,
    [XEN_SYSCTL_getdomaininfolist] = run_getdomaininfolist,
    [XEN_SYSCTL_debug_keys] = run_debug_keys,
    [XEN_SYSCTL_getcpuinfo] = run_getcpuinfo,
    [XEN_SYSCTL_availheap] = run_availheap,
    [XEN_SYSCTL_cputopoinfo] = run_cputopoinfo,
    [XEN_SYSCTL_numainfo] = run_numainfo,
};

HYPERCALL_1(hc_sysctl, pointer)
{
    struct xen_sysctl op;
    if (guest_access_read(&op, GVA(pointer), sizeof(op)) != 0) {
        return -XEN_EFAULT;
    }
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION) {
        return -XEN_EACCES;
    }
    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    if (op.cmd >= ARRAY_SIZE(commands) || commands[op.cmd] == NULL) {
        return -XEN_ENOSYS;
    }
    int result = commands[op.cmd](&op);
    if (result == 0) {
        result = guest_access_write(GVA(pointer), &op, sizeof(op));
    }
    return result;
}

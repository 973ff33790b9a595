/* SPDX-License-Identifier: MIT */
/*
 * The table of hypercalls: number to handler.
 *
 * Owns: hypercall_table. Invariant: HC1 every slot below NR_HYPERCALLS names a function, so that entry needs one comparison.
 * Locks: none, constant. Guest ABI: docs/abi/. Read next: the hc_<name>.c of the call you follow.
 */
#include "hypercall.h"
#ifdef COURSE /* make COURSE=1, as in the labs: xenlike/course is part of the image */
#include "../course/checksum.h"
#endif

#define CALL(name)   [__HYPERVISOR_##name] = hc_##name
#define ABSENT(name) [__HYPERVISOR_##name] = hypercall_not_implemented

_Static_assert(__HYPERVISOR_arch_7 < NR_HYPERCALLS, "the table has a slot for every number");

HYPERCALL_0(hypercall_not_implemented)
{
    return -XEN_ENOSYS;
}

/* Performance counters: guests ask, and Xen without its vpmu option answers so. */
static HYPERCALL_0(not_supported)
{
    return -XEN_EOPNOTSUPP;
}

hypercall_handler *const hypercall_table[NR_HYPERCALLS] = {
    CALL(set_trap_table),
    CALL(mmu_update),
    CALL(set_gdt),
    CALL(stack_switch),
    CALL(set_callbacks),
    CALL(fpu_taskswitch),
    CALL(sched_op_compat),
    CALL(platform_op),
    CALL(set_debugreg),
    CALL(get_debugreg),
    CALL(update_descriptor),
    [11] = hypercall_not_implemented,
    CALL(memory_op),
    CALL(multicall),
    CALL(update_va_mapping),
    CALL(set_timer_op),
    CALL(event_channel_op_compat),
    CALL(xen_version),
    CALL(console_io),
    CALL(physdev_op_compat),
    CALL(grant_table_op),
    CALL(vm_assist),
    CALL(update_va_mapping_otherdomain),
    CALL(iret),
    CALL(vcpu_op),
    CALL(set_segment_base),
    CALL(mmuext_op),
    ABSENT(xsm_op),
    CALL(nmi_op),
    CALL(sched_op),
    CALL(callback_op),
    ABSENT(xenoprof_op),
    CALL(event_channel_op),
    CALL(physdev_op),
    ABSENT(hvm_op),
    CALL(sysctl),
    CALL(domctl),
#ifdef COURSE
    /* LAB(1): a number for the new call; below, the last of the table is taken out of the range
     * Skeleton: [__HYPERVISOR_checksum] = hypercall_not_implemented, */
    CALL(checksum),
/* END LAB(1) */
#else
    [NR_HYPERCALLS - 1] = hypercall_not_implemented,
#endif
    [37 ... __HYPERVISOR_argo_op] = hypercall_not_implemented,
    [__HYPERVISOR_xenpmu_op] = not_supported,
    [__HYPERVISOR_dm_op... NR_HYPERCALLS - 2] = hypercall_not_implemented,
};

/* SPDX-License-Identifier: MIT */
/* The real table of hypercalls, with an ENOSYS for each handler that the suite does not link. */
#include "xenlike/hypercall/table.c"

#define ABSENT_HANDLER(name)                                                                    \
    __attribute__((weak)) int64_t hc_##name(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, \
                                            uint64_t a5, uint64_t a6)                           \
    {                                                                                           \
        return hypercall_not_implemented(a1, a2, a3, a4, a5, a6);                               \
    }

ABSENT_HANDLER(set_trap_table)
ABSENT_HANDLER(mmu_update)
ABSENT_HANDLER(set_gdt)
ABSENT_HANDLER(stack_switch)
ABSENT_HANDLER(set_callbacks)
ABSENT_HANDLER(fpu_taskswitch)
ABSENT_HANDLER(platform_op)
ABSENT_HANDLER(set_debugreg)
ABSENT_HANDLER(get_debugreg)
ABSENT_HANDLER(update_descriptor)
ABSENT_HANDLER(memory_op)
ABSENT_HANDLER(multicall)
ABSENT_HANDLER(update_va_mapping)
ABSENT_HANDLER(set_timer_op)
ABSENT_HANDLER(xen_version)
ABSENT_HANDLER(console_io)
ABSENT_HANDLER(grant_table_op)
ABSENT_HANDLER(vm_assist)
ABSENT_HANDLER(update_va_mapping_otherdomain)
ABSENT_HANDLER(iret)
ABSENT_HANDLER(vcpu_op)
ABSENT_HANDLER(set_segment_base)
ABSENT_HANDLER(mmuext_op)
ABSENT_HANDLER(nmi_op)
ABSENT_HANDLER(sched_op)
ABSENT_HANDLER(callback_op)
ABSENT_HANDLER(event_channel_op)
ABSENT_HANDLER(physdev_op)
ABSENT_HANDLER(sysctl)
ABSENT_HANDLER(domctl)
ABSENT_HANDLER(sched_op_compat)
ABSENT_HANDLER(event_channel_op_compat)
ABSENT_HANDLER(physdev_op_compat)

/* SPDX-License-Identifier: MIT */
/*
 * One inline wrapper per hypercall: number in rax, arguments in rdi, rsi, rdx, r10, r8, r9, then
 * `syscall`. Each returns what the hypervisor returned: 0 or more, or a negative errno.
 * Pointers are guest-virtual addresses that must be mapped; types are those of <public/...>.
 * Invariant: `syscall` destroys rcx and r11, nothing else.
 * Guest ABI: docs/abi. Read next: event.h
 */
#ifndef PVK_HYPERCALL_H
#define PVK_HYPERCALL_H

#include <stdint.h>
#include <public/xen.h>

#ifdef __cplusplus
extern "C" {
#endif

struct trap_info;
struct mmu_update;
struct mmuext_op;
struct multicall_entry;
struct xen_platform_op;
struct xen_domctl;
struct xen_sysctl;

/* newlib numbers some errors differently (ENOSYS is 88 there, 38 in the ABI): the negative errno of
 * <errno.h> for a result; 0 for any result that is not an error. */
int hypercall_error(long result);

static inline long hypercall5(unsigned long number, unsigned long a1, unsigned long a2,
                              unsigned long a3, unsigned long a4, unsigned long a5)
{
    long result;
    register unsigned long r10 __asm__("r10") = a4;
    register unsigned long r8 __asm__("r8") = a5;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
                     : "0"(number)
                     : "rcx", "r11", "memory");
    return result;
}

static inline long hypercall6(unsigned long number, unsigned long a1, unsigned long a2,
                              unsigned long a3, unsigned long a4, unsigned long a5,
                              unsigned long a6)
{
    long result;
    register unsigned long r10 __asm__("r10") = a4;
    register unsigned long r8 __asm__("r8") = a5;
    register unsigned long r9 __asm__("r9") = a6;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8), "+r"(r9)
                     : "0"(number)
                     : "rcx", "r11", "memory");
    return result;
}

static inline long hypercall3(unsigned long number, unsigned long a1, unsigned long a2,
                              unsigned long a3)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3)
                     : "0"(number)
                     : "rcx", "r11", "memory");
    return result;
}

static inline long hypercall4(unsigned long number, unsigned long a1, unsigned long a2,
                              unsigned long a3, unsigned long a4)
{
    return hypercall5(number, a1, a2, a3, a4, 0);
}

static inline long hypercall2(unsigned long number, unsigned long a1, unsigned long a2)
{
    return hypercall3(number, a1, a2, 0);
}

static inline long hypercall1(unsigned long number, unsigned long a1)
{
    return hypercall3(number, a1, 0, 0);
}

/* A table of traps ended by an entry whose address is 0; NULL forgets all handlers. */
static inline long hypercall_set_trap_table(const struct trap_info *table)
{
    return hypercall1(__HYPERVISOR_set_trap_table, (unsigned long)table);
}

/* `domid` is the owner of the frames that entries name: DOMID_SELF, DOMID_IO, or a domain. */
static inline long hypercall_mmu_update(const struct mmu_update *requests, unsigned int count,
                                        unsigned int *done, unsigned int domid)
{
    return hypercall4(__HYPERVISOR_mmu_update, (unsigned long)requests, count, (unsigned long)done,
                      domid);
}

static inline long hypercall_set_gdt(const unsigned long *frames, unsigned int entries)
{
    return hypercall2(__HYPERVISOR_set_gdt, (unsigned long)frames, entries);
}

static inline long hypercall_stack_switch(unsigned long ss, unsigned long sp)
{
    return hypercall2(__HYPERVISOR_stack_switch, ss, sp);
}

static inline long hypercall_set_callbacks(unsigned long event, unsigned long failsafe,
                                           unsigned long syscall)
{
    return hypercall3(__HYPERVISOR_set_callbacks, event, failsafe, syscall);
}

static inline long hypercall_fpu_taskswitch(int set)
{
    return hypercall1(__HYPERVISOR_fpu_taskswitch, (unsigned long)set);
}

static inline long hypercall_platform_op(struct xen_platform_op *op)
{
    return hypercall1(__HYPERVISOR_platform_op, (unsigned long)op);
}

static inline long hypercall_set_debugreg(unsigned int reg, unsigned long value)
{
    return hypercall2(__HYPERVISOR_set_debugreg, reg, value);
}

static inline long hypercall_get_debugreg(unsigned int reg)
{
    return hypercall1(__HYPERVISOR_get_debugreg, reg);
}

static inline long hypercall_update_descriptor(uint64_t machine_address, uint64_t descriptor)
{
    return hypercall2(__HYPERVISOR_update_descriptor, machine_address, descriptor);
}

static inline long hypercall_memory_op(unsigned int command, void *argument)
{
    return hypercall2(__HYPERVISOR_memory_op, command, (unsigned long)argument);
}

static inline long hypercall_multicall(struct multicall_entry *calls, unsigned int count)
{
    return hypercall2(__HYPERVISOR_multicall, (unsigned long)calls, count);
}

static inline long hypercall_update_va_mapping(unsigned long va, uint64_t entry,
                                               unsigned long flags)
{
    return hypercall3(__HYPERVISOR_update_va_mapping, va, entry, flags);
}

static inline long hypercall_update_va_mapping_otherdomain(unsigned long va, uint64_t entry,
                                                           unsigned long flags, unsigned int domid)
{
    return hypercall4(__HYPERVISOR_update_va_mapping_otherdomain, va, entry, flags, domid);
}

/* Absolute system time in ns; 0 disarms. */
static inline long hypercall_set_timer_op(uint64_t deadline_ns)
{
    return hypercall1(__HYPERVISOR_set_timer_op, deadline_ns);
}

static inline long hypercall_xen_version(unsigned int command, void *argument)
{
    return hypercall2(__HYPERVISOR_xen_version, command, (unsigned long)argument);
}

static inline long hypercall_console_io(unsigned int command, unsigned int count, char *buffer)
{
    return hypercall3(__HYPERVISOR_console_io, command, count, (unsigned long)buffer);
}

static inline long hypercall_grant_table_op(unsigned int command, void *ops, unsigned int count)
{
    return hypercall3(__HYPERVISOR_grant_table_op, command, (unsigned long)ops, count);
}

static inline long hypercall_vm_assist(unsigned int command, unsigned int type)
{
    return hypercall2(__HYPERVISOR_vm_assist, command, type);
}

static inline long hypercall_vcpu_op(unsigned int command, unsigned int vcpu, void *argument)
{
    return hypercall3(__HYPERVISOR_vcpu_op, command, vcpu, (unsigned long)argument);
}

static inline long hypercall_set_segment_base(unsigned int which, unsigned long base)
{
    return hypercall2(__HYPERVISOR_set_segment_base, which, base);
}

static inline long hypercall_mmuext_op(const struct mmuext_op *ops, unsigned int count,
                                       unsigned int *done, unsigned int domid)
{
    return hypercall4(__HYPERVISOR_mmuext_op, (unsigned long)ops, count, (unsigned long)done,
                      domid);
}

static inline long hypercall_nmi_op(unsigned int command, void *argument)
{
    return hypercall2(__HYPERVISOR_nmi_op, command, (unsigned long)argument);
}

static inline long hypercall_sched_op(unsigned int command, void *argument)
{
    return hypercall2(__HYPERVISOR_sched_op, command, (unsigned long)argument);
}

static inline long hypercall_callback_op(unsigned int command, void *argument)
{
    return hypercall2(__HYPERVISOR_callback_op, command, (unsigned long)argument);
}

static inline long hypercall_event_channel_op(unsigned int command, void *argument)
{
    return hypercall2(__HYPERVISOR_event_channel_op, command, (unsigned long)argument);
}

static inline long hypercall_physdev_op(unsigned int command, void *argument)
{
    return hypercall2(__HYPERVISOR_physdev_op, command, (unsigned long)argument);
}

static inline long hypercall_sysctl(struct xen_sysctl *op)
{
    return hypercall1(__HYPERVISOR_sysctl, (unsigned long)op);
}

static inline long hypercall_domctl(struct xen_domctl *op)
{
    return hypercall1(__HYPERVISOR_domctl, (unsigned long)op);
}

#ifdef __cplusplus
}
#endif

#endif

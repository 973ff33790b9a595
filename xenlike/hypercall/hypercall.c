/* SPDX-License-Identifier: MIT */
/*
 * What the handlers share: continuation.
 *
 * Owns: nothing. Invariant: HC2 a continued call is executed again by the guest's own `syscall`, with arguments that name what is left.
 * Locks: none. Guest ABI: docs/abi/multicall.md. Read next: hc_multicall.c, hypercall_page.c.
 */
#include "hypercall.h"

#define SYSCALL_LENGTH 2 /* bytes of the instruction 0f 05 */

/* The arguments of calls that continue. Registers behind them are the caller's: its compiler may keep values there. */
static const uint8_t nr_arguments[NR_HYPERCALLS] = {
    [__HYPERVISOR_set_trap_table] = 1,
    [__HYPERVISOR_mmu_update] = 4,
    [__HYPERVISOR_memory_op] = 2,
    [__HYPERVISOR_multicall] = 2,
    [__HYPERVISOR_update_va_mapping] = 3,
    [__HYPERVISOR_console_io] = 3,
    [__HYPERVISOR_grant_table_op] = 3,
    [__HYPERVISOR_update_va_mapping_otherdomain] = 4,
    [__HYPERVISOR_mmuext_op] = 4,
    [__HYPERVISOR_event_channel_op] = 2,
    [__HYPERVISOR_domctl] = 1,
};

int64_t hypercall_continue(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                           uint64_t a5, uint64_t a6)
{
    struct vcpu *v = current_vcpu();
    struct multicall_entry call = {.op = nr, .args = {a1, a2, a3, a4, a5, a6}};
    uint64_t *const registers[] = {&v->regs.rdi, &v->regs.rsi, &v->regs.rdx,
                                   &v->regs.r10, &v->regs.r8,  &v->regs.r9};

    if (v->in_multicall) {
        v->multicall_call = call;
        v->multicall_preempted = true;
        return 0;
    }
    v->regs.rip -= SYSCALL_LENGTH;
    for (uint32_t i = 0; i < nr_arguments[nr]; i++) {
        *registers[i] = call.args[i];
    }
    return (int64_t)nr;
}

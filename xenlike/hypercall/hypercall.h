/* SPDX-License-Identifier: MIT */
/*
 * The hypercall table and what handlers share.
 *
 * A handler gets the six arguments as the guest passed them and returns a result or a negated errno. It decodes and copies; what it
 * decides is decided by the file that owns the object. It never sleeps. When it must stop half-way it rewrites its arguments
 * with hypercall_continue() and returns that function's value: the guest re-executes the call (design: continuation).
 * Every handler has this one signature, so that tests and fuzzers can call each. Read next: hypercall/table.c, docs/abi/.
 */
#pragma once

#include <public/errno.h>
#include <public/xen.h>

#include "../domain/domain.h"

#define NR_HYPERCALLS 64

/* The head of a handler that uses the first 0 to 4 of its arguments, by these names. */
#define HYPERCALL_0(name)          HYPERCALL_1(name, a1)
#define HYPERCALL_1(name, a)       HYPERCALL_2(name, a, a2)
#define HYPERCALL_2(name, a, b)    HYPERCALL_3(name, a, b, a3)
#define HYPERCALL_3(name, a, b, c) HYPERCALL_4(name, a, b, c, a4)
#define HYPERCALL_4(name, a, b, c, d) \
    int64_t name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t a5, uint64_t a6)

typedef int64_t hypercall_handler(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                                  uint64_t a6);

/* hypercall_table[nr]; absent ones are hypercall_not_implemented (-ENOSYS). entry.S calls through it. */
extern hypercall_handler *const hypercall_table[NR_HYPERCALLS];
hypercall_handler hypercall_not_implemented;

/* The running vCPU will call nr again with these arguments once it is next entered; inside a multicall the entry's
 * arguments are rewritten instead. Returns the value the handler must return. */
int64_t hypercall_continue(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                           uint64_t a5, uint64_t a6);
/* Fills a page with one 32-byte stub per call number: what a kernel with a HYPERCALL_PAGE note jumps to. */
void hypercall_page_fill(void *page);

/* One per call, in hypercall/hc_<name>.c */
hypercall_handler hc_set_trap_table, hc_mmu_update, hc_set_gdt, hc_stack_switch, hc_set_callbacks,
    hc_fpu_taskswitch, hc_platform_op, hc_set_debugreg, hc_get_debugreg, hc_update_descriptor,
    hc_memory_op, hc_multicall, hc_update_va_mapping, hc_set_timer_op, hc_xen_version,
    hc_console_io, hc_grant_table_op, hc_vm_assist, hc_update_va_mapping_otherdomain, hc_iret,
    hc_vcpu_op, hc_set_segment_base, hc_mmuext_op, hc_nmi_op, hc_sched_op, hc_callback_op,
    hc_event_channel_op, hc_physdev_op, hc_sysctl, hc_domctl, hc_sched_op_compat,
    hc_event_channel_op_compat, hc_physdev_op_compat, hc_checksum;

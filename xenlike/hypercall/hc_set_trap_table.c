/* SPDX-License-Identifier: MIT */
/*
 * set_trap_table(traps): where exceptions enter the guest kernel.
 *
 * Owns: nothing. Invariant: TT1 a kept address is canonical. Locks: none, the vCPU's own.
 * Guest ABI: docs/abi/set_trap_table.md. Read next: domain/pv_traps.c.
 */
#include "../domain/pv.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

HYPERCALL_1(hc_set_trap_table, list)
{
    struct vcpu *v = current_vcpu();
    struct trap_info trap;
    int error;

    if (list == 0) {
        pv_clear_traps(v);
        return 0;
    }
    for (;;) {
        if (guest_access_read(&trap, GVA(list), sizeof(trap)) != 0) {
            return -XEN_EFAULT;
        }
        if (trap.address == 0) {
            return 0;
        }
        error = pv_set_trap(v, &trap);
        if (error != 0) {
            return error;
        }
        list += sizeof(trap);
        if (machine_preempt_wanted()) {
            return hypercall_continue(__HYPERVISOR_set_trap_table, list, 0, 0, 0, 0, 0);
        }
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * fpu_taskswitch(set): the guest's CR0.TS; with it set the next FPU instruction raises #NM.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/fpu_taskswitch.md. Read next: domain/pv_traps.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

HYPERCALL_1(hc_fpu_taskswitch, set)
{
    pv_set_task_switched(current_vcpu(), (uint32_t)set != 0);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * fpu_taskswitch(set): the guest's CR0.TS; with it set the next FPU instruction raises #NM.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/fpu_taskswitch.md. Read next: domain/pv_traps.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

int64_t hc_fpu_taskswitch(uint64_t set, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                          uint64_t a6)
{
    (void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
    pv_set_task_switched(current_vcpu(), (uint32_t)set != 0);
    return 0;
}

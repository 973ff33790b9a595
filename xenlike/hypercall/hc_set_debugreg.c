/* SPDX-License-Identifier: MIT */
/*
 * set_debugreg(register, value). Owns: nothing. Locks: none.
 * Guest ABI: docs/abi/set_debugreg.md. Read next: domain/pv_debug.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

int64_t hc_set_debugreg(uint64_t index, uint64_t value, uint64_t a3, uint64_t a4, uint64_t a5,
                        uint64_t a6)
{
    (void)a3, (void)a4, (void)a5, (void)a6;
    return pv_set_debug_register(current_vcpu(), (uint32_t)index, value);
}

/* SPDX-License-Identifier: MIT */
/*
 * set_debugreg(register, value). Owns: nothing. Locks: none.
 * Guest ABI: docs/abi/set_debugreg.md. Read next: domain/pv_debug.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

HYPERCALL_2(hc_set_debugreg, index, value)
{
    return pv_set_debug_register(current_vcpu(), (uint32_t)index, value);
}

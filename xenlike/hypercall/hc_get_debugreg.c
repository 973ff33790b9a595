/* SPDX-License-Identifier: MIT */
/*
 * get_debugreg(register): the value is the result. Owns: nothing. Locks: none.
 * Guest ABI: docs/abi/get_debugreg.md. Read next: domain/pv_debug.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

HYPERCALL_1(hc_get_debugreg, index)
{
    uint64_t value;

    return pv_get_debug_register(current_vcpu(), (uint32_t)index, &value) ? (int64_t)value
                                                                          : -XEN_ENODEV;
}

/* SPDX-License-Identifier: MIT */
/*
 * get_debugreg(register): the value is the result. Owns: nothing. Locks: none.
 * Guest ABI: docs/abi/get_debugreg.md. Read next: domain/pv_debug.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

int64_t hc_get_debugreg(uint64_t index, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                        uint64_t a6)
{
    uint64_t value;

    (void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
    return pv_get_debug_register(current_vcpu(), (uint32_t)index, &value) ? (int64_t)value
                                                                          : -XEN_ENODEV;
}

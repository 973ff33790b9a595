/* SPDX-License-Identifier: MIT */
/*
 * iret(): returns from the guest kernel to what it interrupted, by the frame at rsp.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/iret.md. Read next: domain/pv_traps.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

int64_t hc_iret(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6)
{
    struct vcpu *v = current_vcpu();

    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
    v->multicall_ended = true; /* what follows in a list belongs to a context that is gone */
    return pv_iret(v);
}

/* SPDX-License-Identifier: MIT */
/*
 * iret(): returns from the guest kernel to what it interrupted, by the frame at rsp.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/iret.md. Read next: domain/pv_traps.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

HYPERCALL_0(hc_iret)
{
    struct vcpu *v = current_vcpu();

    v->multicall_ended = true; /* what follows in a list belongs to a context that is gone */
    return pv_iret(v);
}

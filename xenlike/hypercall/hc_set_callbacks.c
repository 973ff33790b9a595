/* SPDX-License-Identifier: MIT */
/*
 * set_callbacks(event, failsafe, syscall): the older form of callback_op, with no flags (abi T7).
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/set_callbacks.md. Read next: hc_callback_op.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

HYPERCALL_3(hc_set_callbacks, event, failsafe, syscall)
{
    struct vcpu *v = current_vcpu();

    /* An address that is refused leaves the old one; the call has no result for it. */
    (void)pv_register_callback(v, CALLBACKTYPE_event, 0, event);
    (void)pv_register_callback(v, CALLBACKTYPE_failsafe, 0, failsafe);
    (void)pv_register_callback(v, CALLBACKTYPE_syscall, 0, syscall);
    return 0;
}

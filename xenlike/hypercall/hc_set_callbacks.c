/* SPDX-License-Identifier: MIT */
/*
 * set_callbacks(event, failsafe, syscall): the older form of callback_op, with no flags (abi T7).
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/set_callbacks.md. Read next: hc_callback_op.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

int64_t hc_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall, uint64_t a4,
                         uint64_t a5, uint64_t a6)
{
    struct vcpu *v = current_vcpu();

    (void)a4, (void)a5, (void)a6;
    /* An address that is refused leaves the old one; the call has no result for it. */
    (void)pv_register_callback(v, CALLBACKTYPE_event, 0, event);
    (void)pv_register_callback(v, CALLBACKTYPE_failsafe, 0, failsafe);
    (void)pv_register_callback(v, CALLBACKTYPE_syscall, 0, syscall);
    return 0;
}

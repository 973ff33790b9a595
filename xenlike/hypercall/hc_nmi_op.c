/* SPDX-License-Identifier: MIT */
/*
 * nmi_op(cmd, arg): where vCPU 0 takes non-maskable interrupts.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/nmi_op.md. Read next: hc_callback_op.c.
 */
#include <public/nmi.h>

#include "../domain/pv.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

HYPERCALL_2(hc_nmi_op, cmd, arg)
{
    struct vcpu *v = current_vcpu();
    struct xennmi_callback request;

    switch ((uint32_t)cmd) {
    case XENNMI_register_callback:
        if (guest_access_read(&request, GVA(arg), sizeof(request)) != 0) {
            return -XEN_EFAULT;
        }
        if (v->id != 0) {
            return -XEN_EINVAL;
        }
        return pv_register_callback(v, CALLBACKTYPE_nmi, 0, request.handler_address);
    case XENNMI_unregister_callback:
        return pv_unregister_callback(v, CALLBACKTYPE_nmi);
    default:
        return -XEN_ENOSYS;
    }
}

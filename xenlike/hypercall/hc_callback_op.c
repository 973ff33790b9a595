/* SPDX-License-Identifier: MIT */
/*
 * callback_op(cmd, arg): entry points of the guest kernel outside its trap table.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/callback_op.md. Read next: domain/pv_context.c.
 */
#include "../domain/pv.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

static int64_t callback_register(gva_t arg)
{
    struct callback_register request;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    return pv_register_callback(current_vcpu(), request.type, request.flags, request.address);
}

static int64_t callback_unregister(gva_t arg)
{
    struct callback_unregister request;

    if (guest_access_read(&request, arg, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    return pv_unregister_callback(current_vcpu(), request.type);
}

HYPERCALL_2(hc_callback_op, cmd, arg)
{
    switch ((uint32_t)cmd) {
    case CALLBACKOP_register:
        return callback_register(GVA(arg));
    case CALLBACKOP_unregister:
        return callback_unregister(GVA(arg));
    default:
        return -XEN_ENOSYS;
    }
}

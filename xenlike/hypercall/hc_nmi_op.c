/* SPDX-License-Identifier: MIT */
/*
 * nmi_op(cmd, arg): where vCPU 0 takes non-maskable interrupts.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/nmi_op.md. Read next: hc_callback_op.c.
 */
#include <public/nmi.h>

#include "../domain/pv.h"
#include "operation.h"

static int register_handler(struct vcpu *v, uint64_t address)
{
    return v->id == 0 ? pv_register_callback(v, CALLBACKTYPE_nmi, 0, address) : -XEN_EINVAL;
}

OPERATION(register, struct xennmi_callback, register_handler(current_vcpu(), op->handler_address))
OPERATION(unregister, void, pv_unregister_callback(current_vcpu(), CALLBACKTYPE_nmi))

static const struct operation operations[] = {
    [XENNMI_register_callback] = {run_register, sizeof(struct xennmi_callback), 0},
    [XENNMI_unregister_callback] = {run_unregister, 0, 0},
};

HYPERCALL_2(hc_nmi_op, cmd, arg)
{
    return operation_run(operations, ARRAY_SIZE(operations), __HYPERVISOR_nmi_op, cmd, arg);
}

/* SPDX-License-Identifier: MIT */
/*
 * callback_op(cmd, arg): entry points of the guest kernel outside its trap table.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/callback_op.md. Read next: domain/pv_context.c.
 */
#include "../domain/pv.h"
#include "operation.h"

OPERATION(register, struct callback_register,
          pv_register_callback(current_vcpu(), op->type, op->flags, op->address))
OPERATION(unregister, struct callback_unregister, pv_unregister_callback(current_vcpu(), op->type))

static const struct operation operations[] = {
    [CALLBACKOP_register] = {run_register, sizeof(struct callback_register), 0},
    [CALLBACKOP_unregister] = {run_unregister, sizeof(struct callback_unregister), 0},
};

HYPERCALL_2(hc_callback_op, cmd, arg)
{
    return operation_run(operations, ARRAY_SIZE(operations), __HYPERVISOR_callback_op, cmd, arg);
}

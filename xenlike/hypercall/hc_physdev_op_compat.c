/* SPDX-License-Identifier: MIT */
/*
 * physdev_op_compat(operation): physdev_op as the first kernels called it, with the command in front of its argument.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/physdev_op.md. Read next: hc_physdev_op.c.
 */
#include <public/physdev.h>

#include "../mm/guest_access.h"
#include "hypercall.h"

HYPERCALL_1(hc_physdev_op_compat, operation)
{
    uint32_t cmd;

    if (guest_access_read(&cmd, GVA(operation), sizeof(cmd)) != 0) {
        return -XEN_EFAULT;
    }
    /* The argument lies where it was: it is copied in and out as for the newer call. */
    return hc_physdev_op(cmd, operation + offsetof(struct physdev_op, u), 0, 0, 0, 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * The life of a sub-operation, the same for all: look up, copy in, ask for rights, run, copy out.
 *
 * Owns: nothing. Invariant: OP1 a structure is read once and written at most once. Locks: none. Read next: operation.h.
 */
#include "operation.h"

#include "../lib/check.h"
#include "../mm/guest_access.h"

int64_t operation_run(const struct operation *table, size_t count, uint64_t nr, uint64_t cmd,
                      uint64_t pointer)
{
    uint32_t index = (uint32_t)cmd;
    uint64_t argument[8];

    if (index >= count || table[index].run == NULL) {
        return -XEN_ENOSYS;
    }
    const struct operation *operation = &table[index];
    CHECK(operation->size <= sizeof(argument));
    if (operation->size != 0 && guest_access_read(argument, GVA(pointer), operation->size) != 0) {
        return -XEN_EFAULT;
    }
    if ((operation->flags & OPERATION_HARDWARE) != 0 && !current_domain()->is_hardware) {
        return -XEN_EPERM;
    }
    int64_t result = operation->run(argument);
    if (result == -XEN_ERESTART) {
        return hypercall_continue(nr, cmd, pointer, 0, 0, 0, 0);
    }
    if (result == 0 && (operation->flags & OPERATION_RESULTS) != 0) {
        return guest_access_write(GVA(pointer), argument, operation->size);
    }
    return result;
}

int64_t operation_run_compat(hypercall_handler *call, uint64_t operation, size_t offset,
                             uint32_t last)
{
    uint32_t cmd;

    if (guest_access_read(&cmd, GVA(operation), sizeof(cmd)) != 0) {
        return -XEN_EFAULT;
    }
    /* The argument lies where it was: it is copied in and out as for the newer call. */
    return cmd <= last ? call(cmd, operation + offset, 0, 0, 0, 0) : -XEN_ENOSYS;
}

/* SPDX-License-Identifier: MIT */
/*
 * Sub-operations: calls of the form (cmd, pointer), where the pointer names one structure of the sub-operation's.
 *
 * One table a call, one line a sub-operation. In one place the structure is copied in, rights are asked, the sub-operation runs and
 * either answers (its results are copied out), or stops to be called again (-ERESTART: the structure stays as the guest wrote it).
 * Read next: hc_event_channel_op.c.
 */
#pragma once

#include "hypercall.h"

#define OPERATION_RESULTS  1 /* the structure goes back when the result is 0 */
#define OPERATION_HARDWARE 2 /* -EPERM for any but the hardware domain */

struct operation {
    int64_t (*run)(void *argument);
    uint16_t size; /* of the structure; 0: there is none, the pointer is ignored */
    uint8_t flags;
};

/* Defines run_<name>: an expression in which `op` is the structure. */
#define OPERATION(name, type, expression)     \
    static int64_t run_##name(void *argument) \
    {                                         \
        type *op = argument;                  \
        (void)op;                             \
        return expression;                    \
    }

/* -ENOSYS no such sub-operation; -EFAULT; -EPERM; or what the sub-operation answers. nr: of the hypercall, to be called again. */
int64_t operation_run(const struct operation *table, size_t count, uint64_t nr, uint64_t cmd,
                      uint64_t pointer);
/* The older form of a call: the command, `last` at most, and at that offset behind it the structure. */
int64_t operation_run_compat(hypercall_handler *call, uint64_t operation, size_t offset,
                             uint32_t last);

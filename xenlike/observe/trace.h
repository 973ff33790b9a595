/* SPDX-License-Identifier: MIT */
/*
 * Tracing: a ring of records per CPU, and the table of hypercalls that records each call on its way.
 *
 * Owns: the rings, which once made are kept. Invariant: TR1 while tracing is off no path has an instruction more than without it:
 * entries call through a table that a pointer names, and that pointer changes. TR2 what the reader writes (cons) decides where
 * records go, never whether they stay inside their ring. Locks: a ring is its own CPU's; settings: the trace lock.
 * Guest ABI: docs/abi/sysctl.md. Read next: trace.c, public/trace.h.
 */
#pragma once

#include <public/sysctl.h>

#include "../hypercall/hypercall.h"

/* Events of ours, in a class of Xen's. Word 0: the domain's id, and the vCPU's in the upper half. */
#define TRACE_CALL        0x00201081 /* 1: number; 2,3 and 4,5: arguments 1 and 2 */
#define TRACE_CALL_MORE   0x00201082 /* 1,2 and 3,4: arguments 3 and 4 of the same call */
#define TRACE_CALL_RESULT 0x00201083 /* 1: number; 2,3: result; not for a call that goes on later */
#define TRACE_CALL_MEMORY \
    0x00201084 /* 1: number, element << 8, first word << 16; then words of what an argument points to */
/* Beside the number of a call inside a multicall; these come between the records of the multicall itself, when it is over. */
#define TRACE_INNER 0x80

/* Every entry records the call, calls hypercall_table's and records the result. Calls of the hardware domain, which reads the
 * rings, are not recorded. */
extern hypercall_handler *const trace_table[NR_HYPERCALLS];

/* XEN_SYSCTL_tbuf_op. -EINVAL no size was set, another was, or it is out of range; -ENOMEM; -EFAULT a mask; -ENOSYS. */
int trace_control(struct xen_sysctl_tbuf_op *op);

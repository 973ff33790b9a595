/* SPDX-License-Identifier: MIT */
/*
 * vm_assist(cmd, type): behaviours a guest switches on.
 *
 * Owns: domain.vm_assist. Invariant: none. Locks: none, one atomic bit.
 * Guest ABI: docs/abi/vm_assist.md. Read next: mm's page_table_emulate_store, pv_traps.c.
 */
#include "hypercall.h"

/* The 4gb and extended-cr3 ones mean something to 32-bit kernels alone; asking for them is harmless. */
#define TYPES                                                                         \
    ((1u << VMASST_TYPE_4gb_segments) | (1u << VMASST_TYPE_4gb_segments_notify) |     \
     (1u << VMASST_TYPE_writable_pagetables) | (1u << VMASST_TYPE_pae_extended_cr3) | \
     (1u << VMASST_TYPE_architectural_iopl) | (1u << VMASST_TYPE_runstate_update_flag))

HYPERCALL_2(hc_vm_assist, cmd, type)
{
    struct domain *d = current_domain();

    type = (uint32_t)type;
    if (type >= 32 || ((TYPES >> type) & 1) == 0) {
        return -XEN_EINVAL;
    }
    switch ((uint32_t)cmd) {
    case VMASST_CMD_enable:
        __atomic_fetch_or(&d->vm_assist, UINT64_C(1) << type, __ATOMIC_RELAXED);
        return 0;
    case VMASST_CMD_disable:
        __atomic_fetch_and(&d->vm_assist, ~(UINT64_C(1) << type), __ATOMIC_RELAXED);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

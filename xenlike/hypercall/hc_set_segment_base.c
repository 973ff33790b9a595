/* SPDX-License-Identifier: MIT */
/*
 * set_segment_base(which, base): FS and the two GS bases, or the user mode's GS selector.
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/set_segment_base.md. Read next: cpu/switch.c.
 */
#include "../domain/pv.h"
#include "hypercall.h"

HYPERCALL_2(hc_set_segment_base, which, base)
{
    struct vcpu *v = current_vcpu();

    switch ((uint32_t)which) {
    case SEGBASE_FS:
    case SEGBASE_GS_USER:
    case SEGBASE_GS_KERNEL:
        if (!address_is_canonical(base)) {
            return -XEN_EINVAL;
        }
        machine_set_segment_base(v, (unsigned int)which, base);
        return 0;
    case SEGBASE_GS_USER_SEL:
        machine_load_user_gs((uint16_t)base);
        return 0;
    default:
        return -XEN_EINVAL;
    }
}

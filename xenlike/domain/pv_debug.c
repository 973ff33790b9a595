/* SPDX-License-Identifier: MIT */
/*
 * The debug registers of a guest.
 *
 * Owns: pv.debug_registers. Invariant: DR1 no address in DR0 to DR3 is the hypervisor's, and DR7.GD is never set: nothing that the
 * hypervisor does can raise #DB for a guest's sake (attack 21).
 * Locks: none; the vCPU's own. Guest ABI: docs/abi/set_debugreg.md. Read next: pv_traps.c.
 */
#include "../mm/guest_access.h"
#include "pv_internal.h"

#define DR6_RESERVED_ZERO  (~UINT64_C(0xffffefff))
#define DR6_RESERVED_ONE   UINT64_C(0xffff0ff0)
#define DR7_RESERVED_ZERO  (~UINT64_C(0xffff27ff))
#define DR7_RESERVED_ONE   UINT64_C(0x400)
#define DR7_GENERAL_DETECT (UINT64_C(1) << 13)

#define BREAKPOINT_IO 2 /* the type in DR7's upper half: needs CR4.DE */

/* DR4 and DR5 are names for DR6 and DR7, unless CR4.DE. 8: no such register. */
static uint32_t resolve(const struct vcpu *v, uint32_t index)
{
    if (index == 4 || index == 5) {
        return (v->pv.cr4 & CR4_DE) != 0 ? 8 : index + 2;
    }
    return index < 8 ? index : 8;
}

static bool control_ok(const struct vcpu *v, uint64_t value)
{
    if ((value & DR7_GENERAL_DETECT) != 0) {
        return false;
    }
    for (uint32_t shift = 16; shift < 32; shift += 4) {
        if ((value >> shift & 3) == BREAKPOINT_IO && (v->pv.cr4 & CR4_DE) == 0) {
            return false;
        }
    }
    return true;
}

int pv_set_debug_register(struct vcpu *v, uint32_t index, uint64_t value)
{
    index = resolve(v, index);
    switch (index) {
    case 0 ... 3:
        if (!guest_access_range_ok(GVA(value), sizeof(uint64_t))) {
            return -XEN_EPERM;
        }
        break;
    case 6:
        value = (value & ~DR6_RESERVED_ZERO) | DR6_RESERVED_ONE;
        break;
    case 7:
        if (value >> 32 != 0) {
            return -XEN_EINVAL;
        }
        if (!control_ok(v, value)) {
            return -XEN_EPERM;
        }
        value = (value & ~DR7_RESERVED_ZERO) | DR7_RESERVED_ONE;
        break;
    default:
        return -XEN_ENODEV;
    }
    v->pv.debug_registers[index] = value;
    if (v == current_vcpu()) {
        machine_load_debug_registers(v);
    }
    return 0;
}

bool pv_get_debug_register(const struct vcpu *v, uint32_t index, uint64_t *value)
{
    index = resolve(v, index);
    if (index >= 8) {
        return false;
    }
    *value = v->pv.debug_registers[index];
    return true;
}

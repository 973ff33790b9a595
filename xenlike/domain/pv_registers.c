/* SPDX-License-Identifier: MIT */
/*
 * Control and model-specific registers as a guest kernel sees them.
 *
 * Owns: pv.cr4, pv.task_switched, xcr0. Invariant: RG1 no write of a guest reaches a register of the machine but for the bits
 * listed here; a write that changes nothing a guest may have is dropped, not refused (abi T18).
 * Locks: none; the running vCPU. Guest ABI: docs/abi/privileged.md. Read next: pv_emulate.c.
 */
#include "../mm/page_table.h"
#include "pv_internal.h"

#define CR0_FIXED UINT64_C(0x80050033) /* PG, AM, WP, NE, ET, MP, PE */

uint64_t pv_cr4_allowed(void)
{
    uint32_t leaf[4];
    uint64_t allowed = CR4_TSD | CR4_DE;

    machine_cpuid(1, 0, leaf);
    allowed |= (leaf[2] & (1u << 26)) != 0 ? CR4_OSXSAVE : 0;
    machine_cpuid(7, 0, leaf);
    allowed |= (leaf[1] & 1) != 0 ? CR4_FSGSBASE : 0;
    return allowed;
}

void pv_set_task_switched(struct vcpu *v, bool set)
{
    v->pv.task_switched = set;
    machine_load_task_switched(v);
}

/* --- Control registers ------------------------------------------------------------------------------------ */

bool pv_read_control(struct vcpu *v, uint32_t number, uint64_t *value)
{
    switch (number) {
    case 0:
        *value = CR0_FIXED | (v->pv.task_switched ? CR0_TS : 0);
        return true;
    case 2:
        *value = v->info->arch.cr2;
        return true;
    case 3:
        *value = xen_pfn_to_cr3(v->kernel_base.n);
        return true;
    case 4:
        *value = CR4_FIXED | v->pv.cr4;
        return true;
    default:
        return false;
    }
}

bool pv_write_control(struct vcpu *v, uint32_t number, uint64_t value)
{
    switch (number) {
    case 0:
        if (((value ^ CR0_FIXED) & ~CR0_TS) != 0) {
            return false;
        }
        pv_set_task_switched(v, (value & CR0_TS) != 0);
        return true;
    case 2:
        v->info->arch.cr2 = value;
        return true;
    case 3:
        return page_table_set_kernel_base(v, MFN(xen_cr3_to_pfn(value))) == 0;
    case 4:
        v->pv.cr4 = value & pv_cr4_allowed();
        machine_load_cr4(v);
        return true;
    default:
        return false;
    }
}

bool pv_write_xcr(struct vcpu *v, uint32_t index, uint64_t value)
{
    uint32_t leaf[4];

    machine_cpuid(0xd, 0, leaf);
    if (index != 0 || (v->pv.cr4 & CR4_OSXSAVE) == 0 || (value & XCR0_X87) == 0 ||
        (value & ~(XCR0_ALLOWED & leaf[0])) != 0 ||
        ((value & XCR0_AVX) != 0 && (value & XCR0_SSE) == 0)) {
        return false;
    }
    v->xcr0 = value;
    machine_load_xcr0(v);
    return true;
}

/* --- Model-specific registers -------------------------------------------------------------------------------- */

#define MSR_FS_BASE 0xc0000100 /* then that of GS, and the one that swapgs brings */

/* Registers with one answer; a write is dropped. */
static const struct {
    uint32_t index;
    uint64_t value;
} constant_msrs[] = {
    {0x00000017, 0},                  /* platform id */
    {0x0000008b, 0},                  /* microcode revision */
    {0x000000ce, 0},                  /* platform info: no CPUID faulting */
    {0x000001a0, 0x00801801},         /* misc enable: fast strings; no BTS, PEBS, xTPR */
    {0x00000277, 0x0000050100070406}, /* PAT, the layout every guest's page tables mean */
    {0xc0000080, 0x0000000000000d01}, /* EFER: SCE, LME, LMA, NXE */
    {0xc0010015, 0},                  /* AMD hardware configuration */
    {0xc001001f, 0},                  /* AMD north bridge configuration */
    {0xc0011029, 2},                  /* AMD: LFENCE serialises */
};

/* In guest-kernel mode GS is the kernel's. */
static bool base_register(uint32_t index, unsigned int *which)
{
    static const uint8_t bases[] = {SEGBASE_FS, SEGBASE_GS_KERNEL, SEGBASE_GS_USER};

    index -= MSR_FS_BASE;
    *which = index < ARRAY_SIZE(bases) ? bases[index] : 0;
    return index < ARRAY_SIZE(bases);
}

bool pv_read_msr(struct vcpu *v, uint32_t index, uint64_t *value)
{
    unsigned int which;

    if (base_register(index, &which)) {
        *value = machine_get_segment_base(v, which);
        return true;
    }
    if (index == 0x10) {
        *value = machine_ticks();
        return true;
    }
    if (index ==
        0x1b) { /* local APIC base: there, enabled, and of the first vCPU the boot processor's */
        *value = 0xfee00800 | (v->id == 0 ? 0x100 : 0);
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(constant_msrs); i++) {
        if (constant_msrs[i].index == index) {
            *value = constant_msrs[i].value;
            return true;
        }
    }
    return false;
}

bool pv_write_msr(struct vcpu *v, uint32_t index, uint64_t value)
{
    unsigned int which;
    uint64_t ignored;

    if (base_register(index, &which)) {
        if (!address_is_canonical(value)) {
            return false;
        }
        machine_set_segment_base(v, which, value);
        return true;
    }
    return pv_read_msr(v, index, &ignored);
}

/* SPDX-License-Identifier: MIT */
/*
 * CPUID as a domain is to see it: what the machine says, less what a paravirtual guest cannot have, and the hypervisor's own leaves.
 *
 * Owns: the policy. Invariant: CI1 a feature bit is shown only when it is in a list here.
 * Locks: none. Guest ABI: docs/abi/cpuid.md. Read next: pv_emulate.c.
 */
#include "../lib/string.h"
#include "pv_internal.h"

#define HYPERVISOR_LEAF 0x40000000u
#define HYPERVISOR_LAST 5

#define BIT(n) (1u << (n))

/* Leaf 1, ecx: SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND. */
#define LEAF1_ECX                                                                           \
    (BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | \
     BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
#define ECX_XSAVE      BIT(26)
#define ECX_OSXSAVE    BIT(27)
#define ECX_HYPERVISOR BIT(31)
/* edx: FPU DE TSC MSR PAE CX8 APIC SEP CMOV PAT CLFLUSH MMX FXSR SSE SSE2 HTT; no VME PSE MCE MTRR PGE MCA PSE36 DS ACPI. */
#define LEAF1_EDX                                                                                 \
    (BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(11) | BIT(15) | BIT(16) | \
     BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26) | BIT(28))
/* Leaf 7, ebx: FSGSBASE BMI1 AVX2 BMI2 ERMS RDSEED ADX CLFLUSHOPT CLWB SHA; no SMEP SMAP INVPCID MPX AVX-512 PT. */
#define LEAF7_EBX \
    (BIT(0) | BIT(3) | BIT(5) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(23) | BIT(24) | BIT(29))
/* ecx: VAES VPCLMULQDQ RDPID; edx: FSRM. */
#define LEAF7_ECX (BIT(9) | BIT(10) | BIT(22))
#define LEAF7_EDX BIT(4)
/* 0x80000001, ecx: LAHF CMP_LEGACY CR8 LZCNT SSE4A MISALIGNSSE 3DNOWPREFETCH; edx: the copies, SYSCALL NX MMXEXT RDTSCP LM. */
#define EXTENDED_ECX (BIT(0) | BIT(1) | BIT(5) | BIT(6) | BIT(7) | BIT(8))
#define EXTENDED_EDX                                                                              \
    (BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(11) | BIT(15) | BIT(16) | \
     BIT(20) | BIT(22) | BIT(23) | BIT(24) | BIT(27) | BIT(29))
#define EDX_AMD_COPIES                                                                            \
    (BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(15) | BIT(16) | BIT(23) | \
     BIT(24))

enum { EAX, EBX, ECX, EDX };

/* What a mask cannot say; called with the masked answer. */
typedef void leaf_handler(const struct vcpu *v, uint32_t subleaf, uint32_t out[4]);

static void leaf_features(const struct vcpu *v, uint32_t subleaf, uint32_t out[4])
{
    out[EBX] |= v->id * 2 << 24; /* the APIC id */
    out[ECX] |= ECX_HYPERVISOR;
    if ((out[ECX] & ECX_XSAVE) != 0 && (v->pv.cr4 & CR4_OSXSAVE) != 0) {
        out[ECX] |= ECX_OSXSAVE;
    }
}

static void leaf_structured(const struct vcpu *v, uint32_t subleaf, uint32_t out[4])
{
    if (subleaf != 0) {
        memset(out, 0, 4 * sizeof(out[0]));
    }
}

/* Extended states: x87 and SSE in the first 576 bytes, AVX after them. */
static void leaf_xsave(const struct vcpu *v, uint32_t subleaf, uint32_t out[4])
{
    if (subleaf == 0) {
        out[EAX] &= (uint32_t)XCR0_ALLOWED;
        out[EBX] = (v->xcr0 & XCR0_AVX) != 0 ? 832 : 576;
        out[ECX] = (out[EAX] & XCR0_AVX) != 0 ? 832 : 576;
        out[EDX] = 0;
    } else if (subleaf == 1) {
        out[EAX] &= 3; /* XSAVEOPT, XSAVEC; no XSAVES, which is the kernel's */
        out[EBX] = out[ECX] = out[EDX] = 0;
    } else if (subleaf != 2) {
        memset(out, 0, 4 * sizeof(out[0]));
    }
}

/* AMD repeats leaf 1 in edx, Intel does not. */
static void leaf_extended_features(const struct vcpu *v, uint32_t subleaf, uint32_t out[4])
{
    uint32_t vendor[4];

    machine_cpuid(0, 0, vendor);
    if (vendor[EBX] != 0x68747541) { /* "Auth" */
        out[EDX] &= ~EDX_AMD_COPIES;
    }
}

#define ALL ~0u
static const struct {
    uint32_t leaf, eax_most, mask[4];
    leaf_handler *handler;
} leaves[] = {
    {0x00000000, 0xd, {ALL, ALL, ALL, ALL}, NULL},
    {0x00000001, ALL, {ALL, 0x00ffffff, LEAF1_ECX, LEAF1_EDX}, leaf_features},
    {0x00000002, ALL, {ALL, ALL, ALL, ALL}, NULL},
    {0x00000004, ALL, {ALL, ALL, ALL, ALL}, NULL},
    {0x00000007, ALL, {0, LEAF7_EBX, LEAF7_ECX, LEAF7_EDX}, leaf_structured},
    {0x0000000d, ALL, {ALL, ALL, ALL, ALL}, leaf_xsave},
    {0x80000000, 0x80000008, {ALL, ALL, ALL, ALL}, NULL},
    {0x80000001, ALL, {ALL, ALL, EXTENDED_ECX, EXTENDED_EDX}, leaf_extended_features},
    {0x80000002, ALL, {ALL, ALL, ALL, ALL}, NULL},
    {0x80000003, ALL, {ALL, ALL, ALL, ALL}, NULL},
    {0x80000004, ALL, {ALL, ALL, ALL, ALL}, NULL},
    {0x80000005, ALL, {ALL, ALL, ALL, ALL}, NULL},
    {0x80000006, ALL, {ALL, ALL, ALL, ALL}, NULL},
    {0x80000007, ALL, {0, 0, 0, BIT(8)}, NULL}, /* only the TSC that never stops */
    {0x80000008, ALL, {0xffff, 0, 0, 0}, NULL}, /* widths of addresses */
};

/* The hypervisor's own: who it is, its version, no hypercall MSR, how time is told, nothing, the width of addresses. */
static void hypervisor_leaf(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    struct vcpu_time_info time;

    memset(out, 0, 4 * sizeof(out[0]));
    switch (leaf) {
    case 0:
        out[EAX] = HYPERVISOR_LEAF + HYPERVISOR_LAST;
        memcpy(&out[EBX], "XenVMMXenVMM", 12);
        break;
    case 1:
        out[EAX] = 4 << 16 | 17;
        break;
    case 2:
        out[ECX] = 1; /* MMU_PT_UPDATE_PRESERVE_AD works */
        break;
    case 3:
        machine_clock_parameters(&time);
        if (subleaf == 0) {
            out[EBX] = 2; /* the TSC is the machine's own */
            out[ECX] = (uint32_t)machine_tick_frequency_khz();
        } else if (subleaf == 1) {
            out[ECX] = time.tsc_to_system_mul;
            out[EDX] = (uint32_t)time.tsc_shift;
        } else if (subleaf == 2) {
            out[EAX] = (uint32_t)machine_tick_frequency_khz();
        }
        break;
    case 5:
        out[EBX] = MADDR_BITS;
        break;
    default:
        break;
    }
}

void pv_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    size_t i = 0;

    if (leaf - HYPERVISOR_LEAF < 0x100) {
        hypervisor_leaf(leaf - HYPERVISOR_LEAF, subleaf, out);
        return;
    }
    while (i < ARRAY_SIZE(leaves) && leaves[i].leaf != leaf) {
        i++;
    }
    if (i == ARRAY_SIZE(leaves)) {
        memset(out, 0, 4 * sizeof(out[0]));
        return;
    }
    machine_cpuid(leaf, subleaf, out);
    for (size_t n = 0; n < 4; n++) {
        out[n] &= leaves[i].mask[n];
    }
    out[EAX] = (uint32_t)min_u64(out[EAX], leaves[i].eax_most);
    if (leaves[i].handler != NULL) {
        leaves[i].handler(v, subleaf, out);
    }
}

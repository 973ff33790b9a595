/* SPDX-License-Identifier: MIT */
/*
 * The kinds of address, each a struct of its own so that they cannot be mixed:
 *   mfn_t    machine frame number          maddr_t  machine (physical) address, bytes
 *   gva_t    guest virtual address
 * and the constants of a page-table entry. PV guests have no translation: their frame numbers in page
 * tables are machine frames. Read next: mm/layout.h.
 */
#pragma once

#include "../lib/compiler.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

typedef struct {
    uint64_t n;
} mfn_t;
typedef struct {
    uint64_t a;
} maddr_t;
typedef struct {
    uint64_t v;
} gva_t;

#define MFN(number)    ((mfn_t){number})
#define MADDR(address) ((maddr_t){address})
#define GVA(address)   ((gva_t){address})
#define INVALID_MFN    MFN(~UINT64_C(0))

static inline bool mfn_equal(mfn_t a, mfn_t b)
{
    return a.n == b.n;
}
static inline bool mfn_valid_value(mfn_t mfn)
{
    return mfn.n != ~UINT64_C(0);
}
static inline mfn_t mfn_add(mfn_t mfn, uint64_t frames)
{
    return MFN(mfn.n + frames);
}
static inline maddr_t maddr_from_mfn(mfn_t mfn)
{
    return MADDR(mfn.n << PAGE_SHIFT);
}
static inline mfn_t mfn_from_maddr(maddr_t address)
{
    return MFN(address.a >> PAGE_SHIFT);
}

/* A page-table entry as the processor reads it (Intel SDM 3A, 4.5). */
typedef uint64_t pte_t;

#define PTE_PRESENT  (UINT64_C(1) << 0)
#define PTE_WRITE    (UINT64_C(1) << 1)
#define PTE_USER     (UINT64_C(1) << 2)
#define PTE_PWT      (UINT64_C(1) << 3)
#define PTE_PCD      (UINT64_C(1) << 4)
#define PTE_ACCESSED (UINT64_C(1) << 5)
#define PTE_DIRTY    (UINT64_C(1) << 6)
#define PTE_PAT      (UINT64_C(1) << 7) /* L1 */
#define PTE_PSE      (UINT64_C(1) << 7) /* L2, L3 */
#define PTE_GLOBAL   (UINT64_C(1) << 8)
#define PTE_AVAIL    (UINT64_C(7) << 9)
/* Bit 52: a kernel page of a PV guest, made user-accessible since its kernel runs in ring 3 (abi T2). */
#define PTE_GUEST_KERNEL (UINT64_C(1) << 52)
/* Bit 62: the entry maps a granted frame, whose references are the grant table's. A guest that sets it finds it clear. */
#define PTE_GRANT (UINT64_C(1) << 62)
#define PTE_NX    (UINT64_C(1) << 63)

/* Frame bits of an entry: machine addresses are at most 44 bits wide here (16 TiB). */
#define MADDR_BITS     44
#define PTE_FRAME_MASK (((UINT64_C(1) << MADDR_BITS) - 1) & PAGE_MASK)

static inline mfn_t pte_mfn(pte_t pte)
{
    return MFN((pte & PTE_FRAME_MASK) >> PAGE_SHIFT);
}
static inline pte_t pte_make(mfn_t mfn, uint64_t flags)
{
    return (mfn.n << PAGE_SHIFT) | flags;
}

#define PT_ENTRIES 512
/* Index of an address in a table of the level (1..4). */
static inline unsigned int pt_index(uint64_t address, unsigned int level)
{
    return (unsigned int)(address >> (PAGE_SHIFT + 9 * (level - 1))) & (PT_ENTRIES - 1);
}

static inline bool address_is_canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/* SPDX-License-Identifier: MIT */
/* What the pv_*.c files use of each other and nobody else does. */
#pragma once

#include <public/errno.h>

#include "pv.h"

/* CR4 bits that a guest may set (pv.cr4), and those it always reads as set. */
#define CR4_TSD        (UINT64_C(1) << 2)
#define CR4_DE         (UINT64_C(1) << 3)
#define CR4_PAE        (UINT64_C(1) << 5)
#define CR4_OSFXSR     (UINT64_C(1) << 9)
#define CR4_OSXMMEXCPT (UINT64_C(1) << 10)
#define CR4_FSGSBASE   (UINT64_C(1) << 16)
#define CR4_OSXSAVE    (UINT64_C(1) << 18)
#define CR4_FIXED      (CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT)

/* XCR0: x87, SSE, AVX are the states a guest may have. */
#define XCR0_X87     UINT64_C(1)
#define XCR0_SSE     UINT64_C(2)
#define XCR0_AVX     UINT64_C(4)
#define XCR0_ALLOWED (XCR0_X87 | XCR0_SSE | XCR0_AVX)

/* CR4 bits this machine lets a guest have. */
uint64_t pv_cr4_allowed(void);

/* pv_segments.c: does the selector name a 64-bit code segment, flat by nature? */
bool pv_is_64_bit_code(const struct vcpu *v, uint16_t selector);
/* Drops the descriptor pages' references. */
void pv_segments_relinquish(struct vcpu *v);

/* SPDX-License-Identifier: MIT */
/* Bits of the processor's registers, and vectors: of the machine's in cpu/, of a guest's in domain/ (Intel SDM 1, 3.4.3; 3A, 2.5 and 6.3). */
#pragma once

#include "compiler.h"

#define RFLAGS_FIXED (UINT64_C(1) << 1)
#define RFLAGS_TF    (UINT64_C(1) << 8)
#define RFLAGS_IF    (UINT64_C(1) << 9)
#define RFLAGS_DF    (UINT64_C(1) << 10)
#define RFLAGS_IOPL  (UINT64_C(3) << 12)
#define RFLAGS_NT    (UINT64_C(1) << 14)
#define RFLAGS_RF    (UINT64_C(1) << 16)
#define RFLAGS_VM    (UINT64_C(1) << 17)
#define RFLAGS_AC    (UINT64_C(1) << 18)
/* All that exist but VM. */
#define RFLAGS_VALID UINT64_C(0x3d7fd7)

#define CR0_MP (UINT64_C(1) << 1)
#define CR0_TS (UINT64_C(1) << 3)

#define CR4_TSD        (UINT64_C(1) << 2)
#define CR4_DE         (UINT64_C(1) << 3)
#define CR4_PAE        (UINT64_C(1) << 5)
#define CR4_PGE        (UINT64_C(1) << 7)
#define CR4_OSFXSR     (UINT64_C(1) << 9)
#define CR4_OSXMMEXCPT (UINT64_C(1) << 10)
#define CR4_FSGSBASE   (UINT64_C(1) << 16)
#define CR4_OSXSAVE    (UINT64_C(1) << 18)
#define CR4_SMEP       (UINT64_C(1) << 20)

/* The states that a guest may have. */
#define XCR0_X87     UINT64_C(1)
#define XCR0_SSE     UINT64_C(2)
#define XCR0_AVX     UINT64_C(4)
#define XCR0_ALLOWED (XCR0_X87 | XCR0_SSE | XCR0_AVX)

#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_BP  3
#define VECTOR_UD  6
#define VECTOR_NM  7
#define VECTOR_GP  13
#define VECTOR_PF  14

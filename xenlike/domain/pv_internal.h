/* SPDX-License-Identifier: MIT */
/* What the pv_*.c files use of each other and nobody else does. */
#pragma once

#include <public/errno.h>

#include "../lib/x86.h"
#include "pv.h"

/* CR4 bits that a guest always reads as set. */
#define CR4_FIXED (CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT)

/* CR4 bits this machine lets a guest have. */
uint64_t pv_cr4_allowed(void);

/* pv_segments.c: does the selector name a 64-bit code segment, flat by nature? */
bool pv_is_64_bit_code(const struct vcpu *v, uint16_t selector);
/* Drops the descriptor pages' references. */
void pv_segments_relinquish(struct vcpu *v);

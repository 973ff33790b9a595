/* SPDX-License-Identifier: MIT */
/* FPU state: switched eagerly for vCPUs that have used it, never touched for the others. */
#pragma once

#include "../lib/compiler.h"

struct vcpu;

#define FPU_XCR0_DEFAULT UINT64_C(0x3) /* x87, SSE */

void fpu_init_cpu(void);
/* #NM: true when it was v's first use of the FPU, now possible; false when it is the guest's own (CR0.TS). */
bool fpu_first_use(struct vcpu *v);
/* On a switch: saves what `previous` may have changed; loads the state of `next`, sets TS when it has none or wants it. */
void fpu_switch(struct vcpu *previous, struct vcpu *next);

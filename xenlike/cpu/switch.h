/* SPDX-License-Identifier: MIT */
/* Changing the running vCPU. */
#pragma once

struct vcpu;

/* switch_to() this CPU's idle vCPU: domain NULL, never entered, made at boot. */
void switch_idle(void);
/*
 * Saves the state of `current` that is still in the machine, makes next (of this CPU: perhaps the idle one) `current` and loads its
 * state. Interrupts off. The exit path then enters it. next == current: nothing.
 */
void switch_to(struct vcpu *next);
/* Makes this CPU's idle vCPU, current from here on. */
void switch_init_cpu(void);

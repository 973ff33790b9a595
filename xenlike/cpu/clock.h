/* SPDX-License-Identifier: MIT */
/* Calibration at boot, and the interrupt's half of the one-shot timer; the rest of clock.c is in machine.h. */
#pragma once

#include "../lib/compiler.h"

/* Measures TSC and LAPIC timer against the PIT (4 ms), reads the real-time clock. */
void clock_init(void);
/* The one-shot timer fired: it is off now. */
void clock_deadline_passed(void);
/* Is this CPU's deadline behind us (its interrupt waits)? */
bool clock_deadline_is_due(void);

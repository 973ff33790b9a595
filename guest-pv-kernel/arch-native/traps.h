/* SPDX-License-Identifier: MIT */
/*
 * Traps and interrupts: descriptor tables. Beside it: ../arch-pv/traps.h
 */
#ifndef TRAPS_H
#define TRAPS_H

#define TRAP_FIRST_INTERRUPT 32u /* vectors 32-47: the sixteen interrupt lines */

/* Loads GDT, TSS and IDT. From here on faults are reported. */
void traps_init(void);

#endif

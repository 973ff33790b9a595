/* SPDX-License-Identifier: MIT */
/*
 * Traps and the event upcall. The frame that entry.S lays out is core's (../core/trap_report.h).
 */
#ifndef TRAPS_H
#define TRAPS_H

#define TRAP_VECTOR_EVENT    256u /* not the processor's: the event callback */
#define TRAP_VECTOR_FAILSAFE 257u

/* Registers the trap table and the callbacks. From here on faults are reported. */
void traps_init(void);

#endif

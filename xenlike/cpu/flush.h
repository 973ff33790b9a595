/* SPDX-License-Identifier: MIT */
/* TLB flushes asked for by other CPUs; the rest of flush.c is in machine.h. */
#ifndef XENLIKE_CPU_FLUSH_H
#define XENLIKE_CPU_FLUSH_H

/* Does what another CPU asked for, if anything: from the interrupt, and while waiting for others. */
void flush_answer(void);

#endif

/* SPDX-License-Identifier: MIT */
/* TLB flushes asked for by other CPUs; the rest of flush.c is in machine.h. */
#pragma once

/* Does what another CPU asked for, if anything: from the interrupt, and while waiting for others. */
void flush_answer(void);

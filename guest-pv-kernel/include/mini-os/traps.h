/* SPDX-License-Identifier: MIT */
/*
 * Handlers get the registers of what they interrupted: here nothing, always NULL.
 */
#ifndef MINI_OS_TRAPS_H
#define MINI_OS_TRAPS_H

struct pt_regs;

#endif

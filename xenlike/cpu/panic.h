/* SPDX-License-Identifier: MIT */
/* The end, told as fully as can be; panic() itself is in lib/check.h. */
#ifndef XENLIKE_CPU_PANIC_H
#define XENLIKE_CPU_PANIC_H

#include "../lib/compiler.h"

struct cpu_user_regs;

/* An exception in the hypervisor that nobody expected. */
NORETURN COLD void panic_registers(const struct cpu_user_regs *regs, uint64_t fault_address);

#endif

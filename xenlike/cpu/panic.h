/* SPDX-License-Identifier: MIT */
/* The end, told as fully as can be; panic() itself is in lib/check.h. */
#pragma once

#include "../lib/compiler.h"

struct cpu_user_regs;

/* An exception in the hypervisor that nobody expected. */
NORETURN COLD void panic_registers(const struct cpu_user_regs *regs, uint64_t fault_address);

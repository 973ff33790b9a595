/* SPDX-License-Identifier: MIT */
/* What a panic says of an exception in the hypervisor. Read next: panic_report.c. */
#pragma once

#include <public/xen.h>

/* fault_address: CR2. base: CR3. */
void panic_report_print(const struct cpu_user_regs *regs, uint64_t fault_address, uint64_t base);

/* SPDX-License-Identifier: MIT */
/* What the log says of a vCPU whose domain crashed. Read next: vcpu_report.c. */
#pragma once

struct vcpu;

/* Of the running one: its stack is read through the address space that is loaded. */
void vcpu_report_print(const struct vcpu *v);

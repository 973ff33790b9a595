/* SPDX-License-Identifier: MIT */
/*
 * A debugger in the control domain, attached to another: breakpoints and steps stop the whole domain.
 *
 * Owns: domain.debugger_attached, vcpu.debugger_event, vcpu.debugger_pauses. Invariant: DB1 a domain without a debugger gets its #BP and
 * #DB itself; DB2 no store through here reaches a page table or a descriptor page.
 * Read next: debugger.c, observe/domctl_debug.c.
 */
#pragma once

#include "../domain/domain.h"

/* The running vCPU trapped in its kernel. True: its domain is paused, as by the toolstack, and VIRQ_DEBUGGER is raised. */
bool debugger_takes(struct vcpu *v, uint32_t vector);

/* Copies between the caller's buffer and d's memory, by vCPU 0's page tables and against their rights. Returns the bytes that are
 * left: behind the first that is not mapped, not d's own, of a page table, or not in the caller's buffer. d is not running. */
uint32_t debugger_copy(struct domain *d, gva_t address, gva_t buffer, uint32_t size, bool write);

/* Of one vCPU, counted. -EBUSY 255 of them; -EINVAL an unpause too many. */
int debugger_pause_vcpu(struct vcpu *v);
int debugger_unpause_vcpu(struct vcpu *v);

/* SPDX-License-Identifier: MIT */
/*
 * What entry, exit and hypercalls ask of the paravirtual CPU: exceptions and events become frames on the guest's stack, privileged instructions
 * become answers. pv_traps.c, pv_emulate.c, pv_segments.c, pv_context.c.
 */
#ifndef XENLIKE_DOMAIN_PV_H
#define XENLIKE_DOMAIN_PV_H

#include "domain.h"

/* From cpu/traps.c: the guest took an exception in ring 3 (regs whole, entry_vector and error_code set). fault_address: CR2 for #PF.
 * Decides: emulate, direct page-table store, or deliver. On return the exit path enters the guest. */
void pv_trap(struct vcpu *v, uint32_t vector, uint64_t fault_address);
/* Puts a frame for the exception on the guest kernel's stack and points rip at its handler; no handler: domain_crash. */
void pv_deliver_exception(struct vcpu *v, uint32_t vector, bool has_error_code, uint32_t error_code);
/* #PF: sets info->arch.cr2 first. */
void pv_deliver_page_fault(struct vcpu *v, uint64_t address, uint32_t error_code);
/* Exit path, upcall wanted: frame for the event callback; sets the mask. */
void pv_deliver_event(struct vcpu *v);
/* A failed load of ds, es, fs or gs on the way out. */
void pv_deliver_failsafe(struct vcpu *v, const uint16_t selectors[4]);
/* syscall or sysenter executed in guest USER mode (slow path; entry.S has the fast one). */
void pv_deliver_syscall(struct vcpu *v);
/* HYPERVISOR_iret: reads the frame at rsp. Result for rax of the resumed context. */
int64_t pv_iret(struct vcpu *v);
/* Kernel <-> user: swaps base and GS; CR3 is loaded at once for the running vCPU. */
void pv_toggle_mode(struct vcpu *v);

/* Privileged instruction (#GP, #UD with the emulate prefix). True: done, rip advanced. */
bool pv_emulate_privileged(struct vcpu *v);

/* Descriptors (pv_segments.c): checks and fixes one 8-byte descriptor; false: refused. Zeroes what is merely unsuitable. */
bool pv_descriptor_fix(const struct domain *d, uint64_t *descriptor);
uint16_t pv_fix_code_selector(uint16_t selector);

#endif

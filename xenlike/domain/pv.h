/* SPDX-License-Identifier: MIT */
/*
 * What entry, exit and hypercalls ask of the paravirtual CPU: exceptions and events become frames on the guest's stack, privileged
 * instructions become answers.
 *
 * Files: pv_traps.c (entry into the guest kernel), pv_return.c (iret), pv_emulate.c and pv_registers.c (privileged instructions),
 * pv_io.c (ports), pv_cpuid.c, pv_debug.c, pv_segments.c (descriptors), pv_context.c (whole contexts, callbacks).
 */
#pragma once

#include <public/callback.h>

#include "domain.h"

/* regs.entry_vector of a context that may lose rcx and r11 on its way back to the guest. */
#define ENTRY_SYSCALL 0x100

/* --- Into the guest kernel ------------------------------------------------------------------------- */

/* From cpu/traps.c: the guest took an exception in ring 3 (regs whole, entry_vector and error_code set). fault_address: CR2 for
 * #PF, DR6 for #DB. Decides: emulate, direct page-table store, or deliver. On return the exit path enters the guest. */
void pv_trap(struct vcpu *v, uint32_t vector, uint64_t fault_address);
/* Puts a frame for the exception on the guest kernel's stack and points rip at its handler; no handler: domain_crash. */
void pv_deliver_exception(struct vcpu *v, uint32_t vector, bool has_error_code,
                          uint32_t error_code);
/* #PF: sets info->arch.cr2 first; the error code's user bit becomes what the guest would expect. */
void pv_deliver_page_fault(struct vcpu *v, uint64_t address, uint32_t error_code);
/* Exit path, upcall wanted: frame for the event callback; sets the mask. */
void pv_deliver_event(struct vcpu *v);
/* A failed load of ds, es, fs or gs on the way out. */
void pv_deliver_failsafe(struct vcpu *v, const uint16_t selectors[4]);
/* syscall executed in guest USER mode (slow path; entry.S has the fast one). */
void pv_deliver_syscall(struct vcpu *v);
/* VCPUOP_send_nmi, and NMIs of the machine meant for dom0: delivered at v's next entry when it registered a handler. */
void pv_raise_nmi(struct vcpu *v);
/* Exit path, after work: true when a frame for a waiting NMI was made. */
bool pv_deliver_pending_nmi(struct vcpu *v);

/* --- Back ------------------------------------------------------------------------------------------- */

/* HYPERVISOR_iret: reads the frame at rsp. Result for rax of the resumed context. */
int64_t pv_iret(struct vcpu *v);
/* Kernel <-> user: swaps base and GS; CR3 is loaded at once for the running vCPU. */
void pv_toggle_mode(struct vcpu *v);

/* --- Privileged instructions -------------------------------------------------------------------------- */

/* After #GP or #UD of the running vCPU: carries out the instruction at rip. True: done, rip advanced; false: the guest's own fault. */
bool pv_emulate_privileged(struct vcpu *v);
/* `ud2; "xen"; cpuid` at rip. */
bool pv_emulate_forced_cpuid(struct vcpu *v);
/* Does the guest's virtual I/O privilege level cover the mode it is in (cli, sti, in, out)? */
bool pv_io_privileged(const struct vcpu *v);
/* The ring a guest mode counts as: user 3, kernel 1, or 0 with VMASST_TYPE_architectural_iopl. */
uint32_t pv_ring(const struct vcpu *v);

/* Ports [port, port + bytes), as the guest sees them. False: #GP. A port it may name but not reach reads all ones. */
bool pv_port_in(struct vcpu *v, uint16_t port, uint32_t bytes, uint32_t *value);
bool pv_port_out(struct vcpu *v, uint16_t port, uint32_t bytes, uint32_t value);
/* CPUID as the domain is to see it: out = eax, ebx, ecx, edx. */
void pv_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
/* Model-specific registers and control registers; false: #GP. */
bool pv_read_msr(struct vcpu *v, uint32_t index, uint64_t *value);
bool pv_write_msr(struct vcpu *v, uint32_t index, uint64_t value);
bool pv_read_control(struct vcpu *v, uint32_t number, uint64_t *value);
bool pv_write_control(struct vcpu *v, uint32_t number, uint64_t value);
bool pv_write_xcr(struct vcpu *v, uint32_t index, uint64_t value);
void pv_set_task_switched(struct vcpu *v, bool set);

/* -EPERM the hypervisor's address, or a bit of DR7 that is not the guest's; -EINVAL upper half of DR7;
 * -ENODEV no such register. */
int pv_set_debug_register(struct vcpu *v, uint32_t index, uint64_t value);
bool pv_get_debug_register(const struct vcpu *v, uint32_t index, uint64_t *value);

/* --- Segments ------------------------------------------------------------------------------------------ */

/* Checks and fixes one 8-byte descriptor; false: refused. What is merely unsuitable becomes absent or ring 3's. */
bool pv_descriptor_fix(const struct domain *d, uint64_t *descriptor);
uint16_t pv_fix_code_selector(uint16_t selector);
/* frames[(entries + 511) / 512]; -EINVAL too many, or a frame that is not d's or cannot be a descriptor page. */
int pv_set_gdt(struct vcpu *v, const uint64_t *frames, uint32_t entries);
/* MMUEXT_SET_LDT: -EINVAL unaligned, not the guest's half, over 8192 entries, or a page that cannot be a descriptor page. 0 entries: none. */
int pv_set_ldt(struct vcpu *v, gva_t base, uint32_t entries);
/* update_descriptor: -EINVAL unaligned, not d's frame, a bad descriptor, or a frame used as something else. */
int pv_update_descriptor(struct domain *d, maddr_t address, uint64_t descriptor);

/* --- Contexts -------------------------------------------------------------------------------------------- */

void pv_vcpu_init(struct vcpu *v);
void pv_vcpu_relinquish(struct vcpu *v);
void pv_clear_traps(struct vcpu *v);
/* -EINVAL not canonical; -ENOMEM. */
int pv_set_trap(struct vcpu *v, const struct trap_info *trap);
/* CALLBACKTYPE_*; -EINVAL not canonical, or the deprecated type; -ENOSYS no such type. */
int pv_register_callback(struct vcpu *v, uint16_t type, uint16_t flags, uint64_t address);
/* -EINVAL one that a kernel cannot be without; -ENOSYS no such type. */
int pv_unregister_callback(struct vcpu *v, uint16_t type);

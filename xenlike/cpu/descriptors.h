/* SPDX-License-Identifier: MIT */
/* GDT window, LDT window, IDT and TSS of each CPU. */
#ifndef XENLIKE_CPU_DESCRIPTORS_H
#define XENLIKE_CPU_DESCRIPTORS_H

#include "../lib/compiler.h"

struct vcpu;

/* Loads GDTR, IDTR, TR and the syscall registers of the CPU this runs on. */
void descriptors_init_cpu(void);
/* Makes the window show v's GDT frames: writes only the entries that differ. */
void descriptors_show_gdt(const struct vcpu *v);
/* LDTR for v. */
void descriptors_load_ldt(const struct vcpu *v);

#endif

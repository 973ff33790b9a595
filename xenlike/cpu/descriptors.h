/* SPDX-License-Identifier: MIT */
/* GDT window, LDT window, IDT and TSS of each CPU. What a vCPU has of them: machine_load_gdt() and machine_load_ldt(). */
#pragma once

/* Loads GDTR, IDTR, TR and the syscall registers of the CPU this runs on. */
void descriptors_init_cpu(void);

/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's half of every address space, L4 slots 256 to 271, in one table.
 *
 *   slot  start               what                                        rights
 *   256   0xffff800000000000  machine-to-physical table, 8 bytes a frame  guests read; see MPT_WRITE
 *   257   0xffff808000000000  per-CPU area: GDT windows, LDT windows, stacks with guard pages
 *   258   0xffff810000000000  the same machine-to-physical table           hypervisor writes
 *   259   0xffff818000000000  fixed maps: LAPIC, I/O APIC, MSI-X tables
 *   260   0xffff820000000000  frame table, 16 bytes a frame
 *   261   0xffff82d080000000  (in slot 261) hypervisor text and data
 *   262   0xffff830000000000  direct map of all RAM, 2 MiB pages, NX, up to 4 TiB (slots 262-269)
 *   270-271                   unused
 *
 * These tables are shared by every address space: an L4 made by a guest gets these 16 entries when it is
 * validated (PT4), and nothing below them is ever private to a domain.
 */
#pragma once

#define HV_L4_FIRST_SLOT 256
#define HV_L4_SLOTS      16

#define HV_VIRT_START     0xffff800000000000
#define HV_VIRT_END       0xffff880000000000
#define M2P_START         0xffff800000000000
#define PERCPU_START      0xffff808000000000
#define M2P_WRITE_START   0xffff810000000000
#define FIXMAP_START      0xffff818000000000
#define FRAME_TABLE_START 0xffff820000000000
#define HV_TEXT_START     0xffff82d080000000
#define DIRECT_MAP_START  0xffff830000000000
#define DIRECT_MAP_END    0xffff870000000000

/* The largest machine address used as RAM; more is left alone with a message at boot. */
#define MAX_RAM_BYTES 0x40000000000 /* 4 TiB */

/* In the per-CPU area, each CPU's part begins at PERCPU_START + cpu * PERCPU_STRIDE. */
#define PERCPU_STRIDE 0x100000 /* 1 MiB */
#define PERCPU_GDT    0x00000  /* 16 pages: 14 of the guest's, 2 of ours */
#define PERCPU_LDT    0x20000  /* 16 pages */
#define PERCPU_STUB   0x30000  /* one page: the syscall entry stubs */
#define PERCPU_STACK  0x40000  /* 64 KiB: stacks with guard pages, struct cpu_local at the end */

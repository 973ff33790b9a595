/* SPDX-License-Identifier: MIT */
/* The hypervisor's half of the address space, built once at boot; mm/layout.h is its map. */
#pragma once

#include "../mm/addr.h"

/*
 * Builds slots 256 to 271 for the RAM in boot_info, fills page_table_hypervisor_slots and loads them (CR3).
 * After this the identity map is gone. panic() when RAM is too small.
 */
void paging_init(void);
/* Gives what is left of RAM to the heap; the heap needs struct cpu_local, so this comes after percpu_enter(). */
void paging_open_heap(void);
/* A zeroed frame for the hypervisor, before the heap is open or after. Boot and CPU start only: panic() when there is none. */
mfn_t paging_frame(void);
/* The L1 entry of an address in the per-CPU or fixmap area. */
pte_t *paging_entry(uint64_t address);
/* Base table with nothing but the hypervisor's half: for an idle CPU. */
extern mfn_t paging_idle_base;

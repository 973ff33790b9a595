/* SPDX-License-Identifier: MIT */
/*
 * MSI-X tables: the hypervisor alone writes where a device's interrupts go.
 *
 * Owns: the tables' mappings. Invariant: PI2 (pirq.h). Locks: the caller's (PIRQ). Read next: msix.c.
 */
#pragma once

#include "../lib/compiler.h"

/* An entry of a function's table, as the device sees it: address low, high, data, control (PCI Local Bus 3.0, 6.8.2). */
typedef volatile uint32_t msix_entry_t[4];

/* Finds and maps entry `index` of a function's table, masks all of the table the first time, and enables MSI-X.
 * 0; -ENODEV no MSI-X; -EINVAL no such entry, or table_base is not where its BAR is; -ENXIO memory decoding is off; -ENOSPC no room. */
int msix_open(uint16_t function, uint16_t index, uint64_t table_base, msix_entry_t **entry);
/* Directs the entry to a vector of the machine, masked. */
void msix_program(msix_entry_t *entry, uint32_t vector);
void msix_mask(msix_entry_t *entry, bool masked);

/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space through ports 0xcf8 and 0xcfc, for ourselves and for the hardware domain.
 *
 * Invariant: PC1 the address latch belongs to whoever holds the lock; PC2 a guest never writes the part of an MSI or MSI-X
 * capability that says where interrupts go. Locks: PCI configuration. Read next: msix.c, domain/pv_emulate.c.
 */
#pragma once

#include "../lib/compiler.h"

#define PCI_CAPABILITY_MSI  0x05
#define PCI_CAPABILITY_MSIX 0x11

/* function: bus << 8 | device << 3 | function. bytes: 1, 2 or 4, aligned. All ones when nobody answers. */
uint32_t pci_config_read(uint16_t function, uint16_t offset, unsigned int bytes);
void pci_config_write(uint16_t function, uint16_t offset, unsigned int bytes, uint32_t value);
/* Offset of a capability; 0: none. */
uint16_t pci_config_capability(uint16_t function, uint8_t id);

/* No device writes to memory any more, until somebody sets it going again: each virtio device is reset (which waits for what is on its
 * way), and each function that is no bridge loses its right to the bus. */
void pci_config_stop_devices(void);

/* May a guest that set the latch to `address` (the byte offset included) write there? */
bool pci_config_write_allowed(uint32_t address, uint32_t bytes, uint32_t value);

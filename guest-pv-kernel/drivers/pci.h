/* SPDX-License-Identifier: MIT */
/*
 * PCI functions of segment 0, through configuration mechanism 1 (ports 0xcf8 and 0xcfc).
 *
 * Owns: the enumeration order, the meaning of BARs and capability lists.
 * Invariant: PCI1 a BAR is never moved; what the firmware assigned is what drivers map.
 * Locks: none; access is a pair of port writes, done with upcalls off by the one vCPU of dom0.
 *
 * Read next: msix.h, virtio_pci.h.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include <stdbool.h>
#include <stdint.h>

struct pci_function {
    uint8_t bus;
    uint8_t devfn; /* device << 3 | function */
    uint16_t vendor;
    uint16_t device;
    uint16_t subsystem;
};

struct pci_bar {
    uint64_t base; /* machine address, or a port number */
    uint64_t size; /* bytes; a power of two */
    bool is_memory;
};

#define PCI_COMMAND          0x04u
#define PCI_COMMAND_MEMORY   0x0002u
#define PCI_COMMAND_MASTER   0x0004u
#define PCI_COMMAND_INTX_OFF 0x0400u

#define PCI_CAP_VENDOR 0x09u
#define PCI_CAP_MSIX   0x11u

/* Ask for the right to use ports (virtual IOPL 1). 0, or the hypervisor's errno. */
int pci_init(void);

/* Configuration space; `offset` is in bytes and aligned to the width, below 256. */
uint32_t pci_read32(const struct pci_function *function, uint8_t offset);
uint16_t pci_read16(const struct pci_function *function, uint8_t offset);
uint8_t pci_read8(const struct pci_function *function, uint8_t offset);
void pci_write32(const struct pci_function *function, uint8_t offset, uint32_t value);
void pci_write16(const struct pci_function *function, uint8_t offset, uint16_t value);

/* Call `visit` for each function found, bus by bus; it returns true to stop. True if stopped. */
bool pci_enumerate(bool (*visit)(const struct pci_function *function, void *context),
                   void *context);

/* The next capability `id` after offset `after` (0: from the start). 0: there is none. */
uint8_t pci_find_capability(const struct pci_function *function, uint8_t id, uint8_t after);

/*
 * Decode BAR `index` (0-5) and measure it. Decoding is off for the moment of measuring.
 * -EINVAL: no such index, or the upper half of another. -ENODEV: the BAR is not implemented or the
 * firmware assigned no address.
 */
int pci_read_bar(const struct pci_function *function, unsigned int index, struct pci_bar *bar);

/* Memory decoding and bus mastering on, INTx off. */
void pci_enable(const struct pci_function *function);

#endif

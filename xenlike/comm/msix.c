/* SPDX-License-Identifier: MIT */
/* MSI-X tables: see msix.h. Section numbers are of PCI Local Bus 3.0. Locks: PIRQ, held by the callers. */
#include "msix.h"

#include <public/errno.h>

#include "../cpu/irq.h"
#include "../cpu/machine.h"
#include "../mm/frame_table.h"
#include "pci_config.h"

/* 6.8.2: the capability */
#define MSIX_CONTROL      2u
#define MSIX_CONTROL_SIZE 0x07ffu
#define MSIX_CONTROL_MASK 0x4000u
#define MSIX_CONTROL_ON   0x8000u
#define MSIX_TABLE        4u
#define MSIX_TABLE_BAR    0x7u
#define MSIX_ENTRY_MASKED 1u

/* 6.1, 6.2.5 */
#define REGISTER_COMMAND 0x04
#define COMMAND_MEMORY   0x2u
#define REGISTER_BAR0    0x10
#define NR_BARS          6u
#define BAR_IO           0x1u
#define BAR_TYPE_MASK    0x6u
#define BAR_TYPE_64      0x4u

/* Intel SDM 3A, 10.11: where messages go; the APIC's id in bits 19:12. */
#define MESSAGE_ADDRESS 0xfee00000u

#define MAX_TABLES 32

/* Tables stay mapped: a function that comes back finds its own again. */
static struct {
    uint16_t function;
    uint64_t address;
    msix_entry_t *entries;
} tables[MAX_TABLES];
static unsigned int nr_tables;

static uint64_t bar_address(uint16_t function, uint32_t bar)
{
    uint16_t at = (uint16_t)(REGISTER_BAR0 + 4 * bar);
    uint64_t low = pci_config_read(function, at, 4);
    if (bar >= NR_BARS || (low & BAR_IO) != 0) {
        return 0;
    }
    uint64_t high = (low & BAR_TYPE_MASK) == BAR_TYPE_64 && bar + 1 < NR_BARS
                        ? pci_config_read(function, (uint16_t)(at + 4), 4)
                        : 0;
    return high << 32 | (low & ~UINT64_C(15));
}

/* Maps a table, masks all its entries, and turns MSI-X on. */
static int table_open(uint16_t function, uint16_t capability, uint64_t address, uint32_t nr_entries,
                      msix_entry_t **entries)
{
    for (unsigned int i = 0; i < nr_tables; i++) {
        if (tables[i].function == function && tables[i].address == address) {
            *entries = tables[i].entries;
            return 0;
        }
    }
    uint64_t offset = address % PAGE_SIZE;
    unsigned int pages =
        (unsigned int)((offset + nr_entries * sizeof(**entries) + PAGE_SIZE - 1) / PAGE_SIZE);
    if (nr_tables == MAX_TABLES ||
        !frame_table_claim_device(mfn_from_maddr(MADDR(address)), pages)) {
        return -XEN_ENOSPC;
    }
    volatile char *mapped = machine_map_device(MADDR(address - offset), pages);
    if (mapped == NULL) {
        return -XEN_ENOSPC;
    }
    *entries = (msix_entry_t *)(volatile void *)(mapped + offset);
    for (uint32_t i = 0; i < nr_entries; i++) {
        msix_mask(&(*entries)[i], true);
    }
    uint32_t control = pci_config_read(function, (uint16_t)(capability + MSIX_CONTROL), 2);
    pci_config_write(function, (uint16_t)(capability + MSIX_CONTROL), 2,
                     (control & ~MSIX_CONTROL_MASK) | MSIX_CONTROL_ON);
    tables[nr_tables].function = function;
    tables[nr_tables].address = address;
    tables[nr_tables++].entries = *entries;
    return 0;
}

int msix_open(uint16_t function, uint16_t index, uint64_t table_base, msix_entry_t **entry)
{
    uint16_t capability = pci_config_capability(function, PCI_CAPABILITY_MSIX);
    if (capability == 0) {
        return -XEN_ENODEV;
    }
    uint32_t control = pci_config_read(function, (uint16_t)(capability + MSIX_CONTROL), 2);
    uint32_t table = pci_config_read(function, (uint16_t)(capability + MSIX_TABLE), 4);
    uint32_t nr_entries = (control & MSIX_CONTROL_SIZE) + 1;
    uint64_t base = bar_address(function, table & MSIX_TABLE_BAR);
    if (index >= nr_entries || base == 0 || (table_base & ~UINT64_C(15)) != base) {
        return -XEN_EINVAL;
    }
    if ((pci_config_read(function, REGISTER_COMMAND, 2) & COMMAND_MEMORY) == 0) {
        return -XEN_ENXIO;
    }
    msix_entry_t *entries;
    int result =
        table_open(function, capability, base + (table & ~MSIX_TABLE_BAR), nr_entries, &entries);
    if (result == 0) {
        *entry = &entries[index];
    }
    return result;
}

void msix_program(msix_entry_t *entry, uint32_t vector)
{
    msix_mask(entry, true);
    (*entry)[0] = MESSAGE_ADDRESS | irq_lapic_id() << 12;
    (*entry)[1] = 0;
    (*entry)[2] = vector; /* fixed delivery, an edge */
}

void msix_mask(msix_entry_t *entry, bool masked)
{
    (*entry)[3] = masked ? MSIX_ENTRY_MASKED : 0;
}

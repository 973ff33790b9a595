/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration mechanism 1: enumeration, capability lists, BARs (see pci.h).
 *
 * Owns: the address register 0xcf8 between the two halves of an access.
 * Invariant: PCI1 (pci.h).
 * Guest ABI: PHYSDEVOP_set_iopl; ports 0xcf8-0xcff are emulated and filtered by the hypervisor.
 * Read next: msix.c.
 */
#include "pci.h"

#include <errno.h>

#include <public/physdev.h>
#include <pvk/hypercall.h>

#include "port_io.h"

#define CONFIG_ADDRESS        0xcf8
#define CONFIG_DATA           0xcfc
#define CONFIG_ADDRESS_ENABLE 0x80000000u

#define REG_VENDOR      0x00u
#define REG_STATUS      0x06u
#define REG_HEADER_TYPE 0x0eu
#define REG_BAR0        0x10u
#define REG_SECONDARY   0x19u
#define REG_SUBSYSTEM   0x2eu
#define REG_CAP_POINTER 0x34u

#define STATUS_CAP_LIST       0x0010u
#define HEADER_TYPE_MASK      0x7fu
#define HEADER_TYPE_BRIDGE    0x01u
#define HEADER_MULTI_FUNCTION 0x80u

#define BAR_IS_PORT     0x1u
#define BAR_TYPE_MASK   0x6u
#define BAR_TYPE_64     0x4u
#define BAR_MEMORY_MASK 0xfffffff0u
#define BAR_PORT_MASK   0xfffffffcu

#define BUS_COUNT        256u
#define CAPABILITY_LIMIT 48u /* (256 - 64) / 4: more links than this are a loop */

int pci_init(void)
{
    struct physdev_set_iopl set_iopl = {.iopl = 1};

    return hypercall_error(hypercall_physdev_op(PHYSDEVOP_set_iopl, &set_iopl));
}

static void select_register(const struct pci_function *function, uint8_t offset)
{
    port_io_write32(CONFIG_ADDRESS, CONFIG_ADDRESS_ENABLE | (uint32_t)function->bus << 16 |
                                        (uint32_t)function->devfn << 8 | (offset & 0xfcu));
}

uint32_t pci_read32(const struct pci_function *function, uint8_t offset)
{
    select_register(function, offset);
    return port_io_read32(CONFIG_DATA);
}

uint16_t pci_read16(const struct pci_function *function, uint8_t offset)
{
    select_register(function, offset);
    return port_io_read16((uint16_t)(CONFIG_DATA + (offset & 2)));
}

uint8_t pci_read8(const struct pci_function *function, uint8_t offset)
{
    select_register(function, offset);
    return port_io_read8((uint16_t)(CONFIG_DATA + (offset & 3)));
}

void pci_write32(const struct pci_function *function, uint8_t offset, uint32_t value)
{
    select_register(function, offset);
    port_io_write32(CONFIG_DATA, value);
}

void pci_write16(const struct pci_function *function, uint8_t offset, uint16_t value)
{
    select_register(function, offset);
    port_io_write16((uint16_t)(CONFIG_DATA + (offset & 2)), value);
}

/* Fill in `function` if something answers at bus:devfn. */
static bool probe(uint8_t bus, uint8_t devfn, struct pci_function *function)
{
    *function = (struct pci_function){.bus = bus, .devfn = devfn};
    uint32_t id = pci_read32(function, REG_VENDOR);
    if (id == 0xffffffffu || id == 0) {
        return false;
    }
    function->vendor = (uint16_t)id;
    function->device = (uint16_t)(id >> 16);
    function->subsystem = pci_read16(function, REG_SUBSYSTEM);
    return true;
}

/* One device number: function 0, and the others when it says that it has several. */
static bool enumerate_device(uint8_t bus, uint8_t slot, bool *bus_exists,
                             bool (*visit)(const struct pci_function *function, void *context),
                             void *context)
{
    unsigned int function_count = 1;

    for (unsigned int number = 0; number < function_count; number++) {
        struct pci_function function;
        if (!probe(bus, (uint8_t)((unsigned int)slot << 3 | number), &function)) {
            continue;
        }
        uint8_t header = pci_read8(&function, REG_HEADER_TYPE);
        if (number == 0 && (header & HEADER_MULTI_FUNCTION) != 0) {
            function_count = 8;
        }
        if ((header & HEADER_TYPE_MASK) == HEADER_TYPE_BRIDGE) {
            bus_exists[pci_read8(&function, REG_SECONDARY)] = true;
        }
        if (visit(&function, context)) {
            return true;
        }
    }
    return false;
}

bool pci_enumerate(bool (*visit)(const struct pci_function *function, void *context), void *context)
{
    /* A bridge's secondary bus has a higher number than its own, so one pass upwards finds all. */
    bool bus_exists[BUS_COUNT] = {[0] = true};

    for (unsigned int bus = 0; bus < BUS_COUNT; bus++) {
        if (!bus_exists[bus]) {
            continue;
        }
        for (unsigned int slot = 0; slot < 32; slot++) {
            if (enumerate_device((uint8_t)bus, (uint8_t)slot, bus_exists, visit, context)) {
                return true;
            }
        }
    }
    return false;
}

uint8_t pci_find_capability(const struct pci_function *function, uint8_t id, uint8_t after)
{
    uint8_t offset;

    if ((pci_read16(function, REG_STATUS) & STATUS_CAP_LIST) == 0) {
        return 0;
    }
    offset = pci_read8(function, after != 0 ? (uint8_t)(after + 1) : REG_CAP_POINTER);
    for (unsigned int links = 0; links < CAPABILITY_LIMIT && offset >= 0x40; links++) {
        offset &= 0xfc;
        uint16_t header = pci_read16(function, offset);
        if ((uint8_t)header == id) {
            return offset;
        }
        offset = (uint8_t)(header >> 8);
    }
    return 0;
}

/* Write all ones to a BAR register, read back which bits exist, and put the address back. */
static uint32_t measure(const struct pci_function *function, uint8_t offset)
{
    uint32_t saved = pci_read32(function, offset);

    pci_write32(function, offset, 0xffffffffu);
    uint32_t mask = pci_read32(function, offset);
    pci_write32(function, offset, saved);
    return mask;
}

static void decode_memory_bar(const struct pci_function *function, uint8_t offset, uint32_t low,
                              struct pci_bar *bar)
{
    bool wide = (low & BAR_TYPE_MASK) == BAR_TYPE_64;
    uint64_t mask = 0xffffffff00000000u | (measure(function, offset) & BAR_MEMORY_MASK);

    bar->is_memory = true;
    bar->base = low & BAR_MEMORY_MASK;
    if (wide) {
        uint8_t upper = (uint8_t)(offset + 4);
        bar->base |= (uint64_t)pci_read32(function, upper) << 32;
        mask = (mask & 0xffffffffu) | (uint64_t)measure(function, upper) << 32;
    }
    bar->size = ~mask + 1;
}

int pci_read_bar(const struct pci_function *function, unsigned int index, struct pci_bar *bar)
{
    if (index > 5) {
        return -EINVAL;
    }
    uint8_t offset = (uint8_t)(REG_BAR0 + 4 * index);
    uint16_t command = pci_read16(function, PCI_COMMAND);
    uint32_t low = pci_read32(function, offset);

    *bar = (struct pci_bar){0};
    /* While the BAR reads as all ones the device must not answer at that address. */
    pci_write16(function, PCI_COMMAND, command & (uint16_t)~0x3u);
    if ((low & BAR_IS_PORT) != 0) {
        bar->base = low & BAR_PORT_MASK;
        bar->size = (uint16_t)(~(measure(function, offset) & BAR_PORT_MASK) + 1);
    } else {
        decode_memory_bar(function, offset, low, bar);
    }
    pci_write16(function, PCI_COMMAND, command);
    return bar->base != 0 && bar->size != 0 ? 0 : -ENODEV;
}

void pci_enable(const struct pci_function *function)
{
    uint16_t command = pci_read16(function, PCI_COMMAND);

    command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF;
    pci_write16(function, PCI_COMMAND, command);
}

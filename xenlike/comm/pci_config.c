/* SPDX-License-Identifier: MIT */
/* PCI configuration space. Invariants PC1, PC2: pci_config.h. (PCI Local Bus 3.0: 3.2.2.3.2 the ports, 6.7 capabilities.) */
#include "pci_config.h"

#include "../cpu/machine.h"
#include "../lib/spinlock.h"

#define PORT_ADDRESS 0x0cf8
#define PORT_DATA    0x0cfc

#define REGISTER_VENDOR       0x00
#define REGISTER_COMMAND      0x04
#define REGISTER_STATUS       0x06
#define REGISTER_CLASS        0x0b
#define REGISTER_HEADER       0x0e
#define REGISTER_CAPABILITIES 0x34
#define STATUS_CAPABILITIES   0x0010u
#define COMMAND_MASTER        0x0004u
#define CLASS_BRIDGE          0x06u
#define HEADER_MANY_FUNCTIONS 0x80u

/* Virtio 1.0, 4.1.4: vendor's capabilities say where its structures lie; one of them is a window into the BARs. */
enum { CAPABILITY_VENDOR = 0x09, VIRTIO_VENDOR = 0x1af4, VIRTIO_COMMON = 1, VIRTIO_WINDOW = 5 };
enum { VIRTIO_TYPE = 3, VIRTIO_BAR = 4, VIRTIO_OFFSET = 8, VIRTIO_LENGTH = 12, VIRTIO_DATA = 16 };
#define VIRTIO_STATUS 20 /* of the common structure: writing 0 resets the device */

#define MAX_CAPABILITIES 48 /* as many as fit: ends a list that goes round */

static spinlock_t config_lock = SPINLOCK_INIT;

static uint32_t latch(uint16_t function, uint16_t offset)
{
    return 0x80000000u | ((uint32_t)function << 8) | (offset & 0xfcu);
}

uint32_t pci_config_read(uint16_t function, uint16_t offset, unsigned int bytes)
{
    spin_lock(&config_lock);
    machine_port_out(PORT_ADDRESS, 4, latch(function, offset));
    uint32_t value = machine_port_in((uint16_t)(PORT_DATA + (offset & 3)), bytes);
    spin_unlock(&config_lock);
    return value;
}

void pci_config_write(uint16_t function, uint16_t offset, unsigned int bytes, uint32_t value)
{
    spin_lock(&config_lock);
    machine_port_out(PORT_ADDRESS, 4, latch(function, offset));
    machine_port_out((uint16_t)(PORT_DATA + (offset & 3)), bytes, value);
    spin_unlock(&config_lock);
}

/* type: of a virtio capability; negative: any. */
static uint16_t find(uint16_t function, uint8_t id, int type)
{
    if (pci_config_read(function, REGISTER_VENDOR, 2) == 0xffff ||
        (pci_config_read(function, REGISTER_STATUS, 2) & STATUS_CAPABILITIES) == 0) {
        return 0;
    }
    uint16_t offset = pci_config_read(function, REGISTER_CAPABILITIES, 1) & 0xfcu;
    for (int i = 0; offset >= 0x40 && i < MAX_CAPABILITIES; i++) {
        if (pci_config_read(function, offset, 1) == id &&
            (type < 0 ||
             pci_config_read(function, (uint16_t)(offset + VIRTIO_TYPE), 1) == (uint32_t)type)) {
            return offset;
        }
        offset = pci_config_read(function, (uint16_t)(offset + 1), 1) & 0xfcu;
    }
    return 0;
}

uint16_t pci_config_capability(uint16_t function, uint8_t id)
{
    return find(function, id, -1);
}

/* --- Stopping devices -------------------------------------------------------------------------- */

static void virtio_reset(uint16_t function)
{
    uint16_t common = find(function, CAPABILITY_VENDOR, VIRTIO_COMMON);
    uint16_t window = find(function, CAPABILITY_VENDOR, VIRTIO_WINDOW);
    if (common == 0 || window == 0) {
        return;
    }
    uint32_t offset = pci_config_read(function, (uint16_t)(common + VIRTIO_OFFSET), 4);
    pci_config_write(function, (uint16_t)(window + VIRTIO_BAR), 1,
                     pci_config_read(function, (uint16_t)(common + VIRTIO_BAR), 1));
    pci_config_write(function, (uint16_t)(window + VIRTIO_OFFSET), 4, offset + VIRTIO_STATUS);
    pci_config_write(function, (uint16_t)(window + VIRTIO_LENGTH), 4, 1);
    pci_config_write(function, (uint16_t)(window + VIRTIO_DATA), 1, 0);
}

static void stop_function(uint16_t function)
{
    if (pci_config_read(function, REGISTER_CLASS, 1) == CLASS_BRIDGE) {
        return;
    }
    if (pci_config_read(function, REGISTER_VENDOR, 2) == VIRTIO_VENDOR) {
        virtio_reset(function);
    }
    uint32_t command = pci_config_read(function, REGISTER_COMMAND, 2);
    pci_config_write(function, REGISTER_COMMAND, 2, command & ~COMMAND_MASTER);
}

void pci_config_stop_devices(void)
{
    for (uint32_t device = 0; device < 0x10000; device += 8) {
        /* What is not there reads as all ones. */
        uint32_t header = pci_config_read((uint16_t)device, REGISTER_HEADER, 1);
        uint32_t count = header == 0xff ? 0 : (header & HEADER_MANY_FUNCTIONS) != 0 ? 8 : 1;
        for (uint32_t function = device; function < device + count; function++) {
            stop_function((uint16_t)function);
        }
    }
}

/* --- What a guest may write -------------------------------------------------------------------- */

/* Bytes [start, end) of a capability that only the hypervisor writes: MSI whole, of MSI-X the control word. */
static bool touches(uint16_t function, uint8_t capability, uint16_t length, uint32_t first,
                    uint32_t bytes)
{
    uint16_t at = pci_config_capability(function, capability);
    return at != 0 && first < (uint32_t)at + length && first + bytes > at;
}

bool pci_config_write_allowed(uint32_t address, uint32_t bytes, uint32_t value)
{
    if ((address & 0x80000000u) == 0) {
        return true; /* no cycle on the bus */
    }
    uint16_t function = (uint16_t)(address >> 8);
    uint32_t first = address & 0xffu;
    if (first < 0x40) {
        return true; /* the header */
    }
    return !touches(function, PCI_CAPABILITY_MSI, 24, first, bytes) &&
           !touches(function, PCI_CAPABILITY_MSIX, 4, first, bytes);
}

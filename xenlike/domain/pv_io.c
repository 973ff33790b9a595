/* SPDX-License-Identifier: MIT */
/*
 * I/O ports of a guest: what it may name, what it may reach, and PCI configuration through 0xcf8 and 0xcfc.
 *
 * Owns: pv.iopl, pv.io_bitmap, the configuration address of the hardware domain. Invariant: IO1 a port is touched only when the
 * domain's own bitmap allows it; IO2 the guest never touches the
 * machine's configuration address: its accesses are made by comm/pci_config.c.
 * Locks: none; the running vCPU. Guest ABI: docs/abi/privileged.md. Read next: domain_devices.c.
 */
#include "../comm/pci_config.h"
#include "../mm/guest_access.h"
#include "domain_devices.h"
#include "pv_internal.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define PCI_ENABLE  0x80000000u

static uint32_t pci_address; /* as the hardware domain wrote it */

uint32_t pv_ring(const struct vcpu *v)
{
    if (!v->pv.in_kernel) {
        return 3;
    }
    return (v->domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl)) != 0 ? 0 : 1;
}

bool pv_io_privileged(const struct vcpu *v)
{
    return v->pv.iopl >= pv_ring(v);
}

/* The guest's own bitmap, clear bits allow; it lies in the guest kernel's address space, read at each use. */
static bool bitmap_allows(struct vcpu *v, uint16_t port, uint32_t bytes)
{
    uint8_t bits[2] = {0xff, 0xff};
    bool from_user = !v->pv.in_kernel;
    uint32_t map, wanted = ((1u << bytes) - 1) << (port & 7);

    if (v->pv.io_bitmap.v == 0 || port + bytes > v->pv.io_bitmap_ports) {
        return false;
    }
    if (from_user) {
        pv_toggle_mode(v);
    }
    int error = guest_access_read(&bits[0], GVA(v->pv.io_bitmap.v + port / 8), 1);
    if (error == 0 && (port & 7) + bytes > 8) {
        error = guest_access_read(&bits[1], GVA(v->pv.io_bitmap.v + port / 8 + 1), 1);
    }
    if (from_user) {
        pv_toggle_mode(v);
    }
    map = bits[0] | (uint32_t)bits[1] << 8;
    return error == 0 && (map & wanted) == 0;
}

static bool may_name(struct vcpu *v, uint16_t port, uint32_t bytes)
{
    return pv_io_privileged(v) || bitmap_allows(v, port, bytes);
}

/* --- PCI configuration, for the hardware domain ------------------------------------------------------------ */

static bool is_pci(const struct domain *d, uint16_t port, uint32_t bytes)
{
    return d->is_hardware && port >= PCI_ADDRESS && port + bytes <= PCI_ADDRESS + 8;
}

static uint32_t ones(uint32_t bytes)
{
    return (uint32_t)mask_of_bytes(bytes);
}

/* The byte that a data port stands for: function from bit 8 on, offset below. */
static uint32_t pci_byte(uint16_t port)
{
    return (pci_address & ~3u) | (port & 3u);
}

static uint32_t pci_in(uint16_t port, uint32_t bytes)
{
    if (port < PCI_DATA) {
        return port == PCI_ADDRESS && bytes == 4 ? pci_address : ones(bytes);
    }
    if ((pci_address & PCI_ENABLE) == 0) {
        return ones(bytes);
    }
    return pci_config_read((uint16_t)(pci_address >> 8), pci_byte(port) & 0xff, bytes);
}

static void pci_out(uint16_t port, uint32_t bytes, uint32_t value)
{
    if (port == PCI_ADDRESS && bytes == 4) {
        pci_address = value;
    } else if (port >= PCI_DATA && (pci_address & PCI_ENABLE) != 0 &&
               pci_config_write_allowed(pci_byte(port), bytes, value)) {
        pci_config_write((uint16_t)(pci_address >> 8), pci_byte(port) & 0xff, bytes, value);
    }
}

/* --- in and out ------------------------------------------------------------------------------------------------ */

bool pv_port_in(struct vcpu *v, uint16_t port, uint32_t bytes, uint32_t *value)
{
    if (!may_name(v, port, bytes)) {
        return false;
    }
    if (is_pci(v->domain, port, bytes)) {
        *value = pci_in(port, bytes);
    } else if (domain_devices_port_allowed(v->domain, port, bytes)) {
        *value = machine_port_in(port, bytes);
    } else {
        *value = ones(bytes);
    }
    return true;
}

bool pv_port_out(struct vcpu *v, uint16_t port, uint32_t bytes, uint32_t value)
{
    if (!may_name(v, port, bytes)) {
        return false;
    }
    if (is_pci(v->domain, port, bytes)) {
        pci_out(port, bytes, value);
    } else if (domain_devices_port_allowed(v->domain, port, bytes)) {
        machine_port_out(port, bytes, value);
    }
    return true;
}

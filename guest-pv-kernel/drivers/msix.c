/* SPDX-License-Identifier: MIT */
/*
 * MSI-X through the hypervisor's door (see msix.h).
 *
 * Owns: the enable bit of the MSI-X capability.
 * Invariant: MX1 (msix.h).
 * Guest ABI: physdev_op, event_channel_op.
 * Read next: virtio_pci.c.
 */
#include "msix.h"

#include <errno.h>

#include <public/physdev.h>
#include <public/xen.h>
#include <pvk/hypercall.h>

#define MSIX_CONTROL        2u
#define MSIX_CONTROL_SIZE   0x07ffu
#define MSIX_CONTROL_MASK   0x4000u
#define MSIX_CONTROL_ENABLE 0x8000u
#define MSIX_TABLE          4u
#define MSIX_TABLE_BAR      0x7u

/* Tell the hypervisor that the function exists; it may know from a driver before us. */
static int announce(const struct pci_function *function)
{
    struct physdev_pci_device_add add = {.bus = function->bus, .devfn = function->devfn};
    int result = hypercall_error(hypercall_physdev_op(PHYSDEVOP_pci_device_add, &add));

    return result == -EEXIST ? 0 : result;
}

int msix_bind(const struct pci_function *function, uint16_t entry, event_handler_t handler,
              void *data)
{
    uint8_t capability = pci_find_capability(function, PCI_CAP_MSIX, 0);
    struct pci_bar bar;

    if (capability == 0) {
        return -ENODEV;
    }
    uint16_t control = pci_read16(function, (uint8_t)(capability + MSIX_CONTROL));
    uint32_t table = pci_read32(function, (uint8_t)(capability + MSIX_TABLE));
    if (entry > (control & MSIX_CONTROL_SIZE) ||
        pci_read_bar(function, table & MSIX_TABLE_BAR, &bar) != 0 || !bar.is_memory) {
        return -ENODEV;
    }
    int result = announce(function);
    if (result < 0) {
        return result;
    }
    struct physdev_map_pirq map = {
        .domid = DOMID_SELF,
        .type = MAP_PIRQ_TYPE_MSI_SEG,
        .index = -1,
        .pirq = -1,
        .bus = function->bus, /* the segment, 0, would be in the upper half */
        .devfn = function->devfn,
        .entry_nr = entry,
        .table_base = bar.base,
    };
    result = hypercall_error(hypercall_physdev_op(PHYSDEVOP_map_pirq, &map));
    if (result < 0) {
        return result;
    }
    int port = event_bind_pirq((unsigned int)map.pirq, handler, data);
    if (port < 0) {
        struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF, .pirq = map.pirq};
        (void)hypercall_physdev_op(PHYSDEVOP_unmap_pirq, &unmap);
        return port;
    }
    control = (uint16_t)((control & ~MSIX_CONTROL_MASK) | MSIX_CONTROL_ENABLE);
    pci_write16(function, (uint8_t)(capability + MSIX_CONTROL), control);
    return port;
}

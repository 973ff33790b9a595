/* SPDX-License-Identifier: MIT */
/*
 * Message-signalled interrupts of a PCI function, as event channels.
 *
 * The hypervisor owns the MSI-X table: it writes the message into the entry that map_pirq names,
 * and gives a PIRQ, which becomes an event port. This domain never writes the table.
 *
 * Owns: nothing between calls.
 * Invariant: MX1 MSI-X is enabled in the function only after its entry was mapped and bound, so no
 *            message is sent before someone listens.
 * Guest ABI: PHYSDEVOP_pci_device_add, PHYSDEVOP_map_pirq, EVTCHNOP_bind_pirq.
 * Read next: virtio_pci.h.
 */
#ifndef DRIVERS_MSIX_H
#define DRIVERS_MSIX_H

#include <pvk/event.h>

#include "pci.h"

/*
 * Route entry `entry` of the function's table to `handler` and enable MSI-X.
 * The port (> 0); -ENODEV: the function has no MSI-X, or no such entry, or no table;
 * otherwise the hypervisor's errno (-EPERM: not the hardware domain; -ENOSPC: no vector left).
 */
int msix_bind(const struct pci_function *function, uint16_t entry, event_handler_t handler,
              void *data);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A virtio 1.0 device behind PCI: modern interface only, one MSI-X message for all its queues.
 *
 * Owns: the device's status register, its queues' memory, its event port.
 * Invariant: VP1 the device is reset before it is given any memory, so nothing that an earlier dom0
 *            set up is still written to. VP2 queues are set up before DRIVER_OK.
 * Locks: none; see EV1 in <pvk/event.h>.
 *
 * Order of use: virtio_pci_find, virtio_pci_start, virtio_pci_setup_queue for each queue,
 * virtio_pci_ready. On an error virtio_pci_fail() leaves the device dead and harmless.
 * Read next: virtio_9p.h, virtio_console.h.
 */
#ifndef DRIVERS_VIRTIO_PCI_H
#define DRIVERS_VIRTIO_PCI_H

#include <stddef.h>
#include <stdint.h>

#include <pvk/event.h>

#include "pci.h"
#include "virtio_queue.h"

#define VIRTIO_TYPE_NET     1u
#define VIRTIO_TYPE_BLOCK   2u
#define VIRTIO_TYPE_CONSOLE 3u
#define VIRTIO_TYPE_9P      9u

struct virtio_device {
    struct pci_function function;
    uint16_t type;
    volatile uint8_t *common;
    volatile uint8_t *notify;
    uint32_t notify_length;
    uint32_t notify_multiplier;
    volatile uint8_t *config; /* the device's own registers; may be NULL */
    uint32_t config_length;
    uint64_t features; /* agreed */
    int port;
};

struct virtio_device_queue {
    struct virtio_queue ring;
    volatile uint16_t *doorbell;
    uint16_t index;
};

/* The `nth` (from 0) device of a type. -ENODEV: there is none, or it has no modern interface.
 * -ENOMEM: its registers could not be mapped. */
int virtio_pci_find(uint16_t type, unsigned int nth, struct virtio_device *device);

/* Reset, agree on VERSION_1 and those of `wanted` that the device offers, route its interrupt.
 * -ENOTSUP: no VERSION_1, or the device refused; or an error of msix_bind(). */
int virtio_pci_start(struct virtio_device *device, uint64_t wanted, event_handler_t handler,
                     void *data);

/* Queue `index` with at most `size` entries (a power of two). -ENODEV: the device has no such
 * queue. -ENOMEM. -EIO: the device took no interrupt for it. */
int virtio_pci_setup_queue(struct virtio_device *device, uint16_t index, uint16_t size,
                           struct virtio_device_queue *queue);
void virtio_pci_ready(struct virtio_device *device);
void virtio_pci_fail(struct virtio_device *device);

/* Ring the doorbell if the device wants to hear it. */
void virtio_pci_kick(struct virtio_device_queue *queue);

uint8_t virtio_pci_config8(const struct virtio_device *device, uint32_t offset);
uint16_t virtio_pci_config16(const struct virtio_device *device, uint32_t offset);
uint32_t virtio_pci_config32(const struct virtio_device *device, uint32_t offset);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * virtio-net: the machine's network card, as a file of Ethernet frames.
 *
 * Owns: the device, its two queues, a page for every two buffers.
 * Invariant: VN1 a receive buffer is the device's or holds one frame that was not read yet; it is
 *            given back by the read. VN2 what the device says it wrote is bounded by the buffer.
 * Locks: none; see EV1 in <pvk/event.h>.
 *
 * Read next: virtio_pci.h.
 */
#ifndef DRIVERS_VIRTIO_NET_H
#define DRIVERS_VIRTIO_NET_H

#include <stdint.h>

struct file;

/* Longest frame, without its check sequence: Ethernet's header, a VLAN tag, 1500 bytes. */
#define VIRTIO_NET_FRAME_MAX 1518u

/* Starts the first card. *card is a file whose read takes one frame (-EAGAIN: there is none; a longer
 * frame than the buffer is cut), whose write sends one (-EMSGSIZE: too long; -EAGAIN: the card has
 * no room), whose poll says whether one may be read. -ENODEV, -ENOMEM or an error of
 * virtio_pci_start(). */
int virtio_net_open(struct file **card);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * virtio-9p: carries 9P messages to the host's file server.
 *
 * Owns: the device, its one queue, one request and one reply buffer.
 * Invariant: V9P1 one message is in flight at a time; the buffers are the device's until it answers,
 *            even when the process that asked was cancelled meanwhile.
 * Locks: the transport's mutex.
 *
 * Read next: p9_filesystem.h.
 */
#ifndef DRIVERS_VIRTIO_9P_H
#define DRIVERS_VIRTIO_9P_H

#include "p9_client.h"

/* The transport to the device whose mount tag is `tag`. -ENODEV: there is none; -ENOMEM; or an
 * error of virtio_pci_start(). */
int virtio_9p_open(const char *tag, struct p9_transport **transport);

#endif

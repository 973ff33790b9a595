/* SPDX-License-Identifier: MIT */
/*
 * virtio-serial: one named port of a multiport virtio console, as a stream to the host.
 *
 * Owns: the device, its receive and transmit buffers, the fact whether the host is connected.
 * Invariant: VC1 bytes that the host sent before it (re)connected are never read after.
 *            VC2 a buffer is either the device's, or holds unread bytes, or is being posted again.
 *            VC3 a message is one chain, so that a host never sees the second part of one alone.
 * Locks: the transmit mutex; receiving has one reader.
 *
 * Read next: dom0-tools/dom0/channel_server.c.
 */
#ifndef DRIVERS_VIRTIO_CONSOLE_H
#define DRIVERS_VIRTIO_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define VIRTIO_CONSOLE_WRITE_MAX 32768u

struct virtio_console;

/* Waits until the device has a port of that name, then opens it. -ENODEV: no such device or no such
 * port within a second; -ENOMEM; or an error of virtio_pci_start(). */
int virtio_console_open(const char *port_name, struct virtio_console **console);

/* Wait for bytes. 0: the host has just (re)connected or gone; what was received before is dropped,
 * and virtio_console_connected() says which. -EINTR: the reading process was cancelled. */
ssize_t virtio_console_read(struct virtio_console *console, void *buffer, size_t count);
bool virtio_console_connected(const struct virtio_console *console);

/* Send a header and a payload, together at most VIRTIO_CONSOLE_WRITE_MAX bytes: whole or, when no
 * host is connected, not at all. Waits for the host to take them, or to go. */
void virtio_console_write(struct virtio_console *console, const void *header, size_t header_length,
                          const void *payload, size_t payload_length);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * net_checksum.h: fills in the checksum that a guest left to its device.
 * Read next: net_ring.h
 */
#ifndef BACKENDS_NET_CHECKSUM_H
#define BACKENDS_NET_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Computes the TCP or UDP checksum of an Ethernet frame with IPv4 or IPv6 inside, in place. False,
 * and nothing changed, when it is no such frame or its lengths do not agree. */
bool net_checksum_fill(uint8_t *frame, size_t length);

#endif

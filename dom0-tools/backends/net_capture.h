/* SPDX-License-Identifier: MIT */
/*
 * net_capture.h: copies of an interface's frames for who watches it, as pcapng, without stopping
 * anything: who reads too slowly misses frames.
 * Owns: the sessions of the service "network", their buffers.
 * Invariant NC1: a watcher never makes a frame wait.
 * Read next: net_backend.c, ../pvctl/cmd_capture.c
 */
#ifndef BACKENDS_NET_CAPTURE_H
#define BACKENDS_NET_CAPTURE_H

#include <stdbool.h>

#include "dom0-tools/backends/net_bridge.h"
#include "dom0-tools/libpv/device_store.h"
#include "dom0-tools/libpv/seam.h"

#define NET_CAPTURE_SESSIONS 4u

/* Opens the service. */
void net_capture_start(void);
/* Adds what the sessions wait for, at most NET_CAPTURE_SESSIONS + 1; returns how many. */
size_t net_capture_waits(struct seam_wait *waits);
/* Accepts, reads requests, writes what waits. */
void net_capture_serve(void);
/* A frame of this interface, seen from its guest. Cheap when nobody watches. */
void net_capture_frame(const struct device_name *name, const struct net_frame *frame, bool is_sent);

#endif

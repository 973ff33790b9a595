/* SPDX-License-Identifier: MIT */
/*
 * block_backend.h: the block back end: watches the store for virtual disks, goes through the
 * handshake with each front end, and starts a thread for every disk that is connected.
 *
 * It serves "block" (seam_service_connect): a client sends `status DOMID NUMBER\n` and gets one line:
 * `ok CONNECTED REQUESTS READS WRITES FLUSHES ERRORS REQ_PROD REQ_CONS RSP_PROD SLOTS MAPPED COPIED
 * SECTORS_READ SECTORS_WRITTEN NOTIFICATIONS RESUMED LAST_ERROR`, decimal numbers; or `none`. `restart` in place of
 * `status` ends this disk's back end where it stands, and begins a new one.
 * Owns: the list of devices; the back end's half of each device's nodes.
 * Invariant BLB1: a state is written only as xenbus_device's table allows.
 * Guest ABI: io/blkif.h. Read next: block_backend.c.
 */
#ifndef BACKENDS_BLOCK_BACKEND_H
#define BACKENDS_BLOCK_BACKEND_H

/* Start its thread; returns at once. */
void block_backend_start(void);

#endif

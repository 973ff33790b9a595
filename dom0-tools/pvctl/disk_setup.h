/* SPDX-License-Identifier: MIT */
/*
 * disk_setup.h: giving a domain a disk and taking it away: the toolstack's part of the handshake.
 * Owns: nothing. Invariant DS1: an attach that failed leaves no nodes behind.
 * Read next: ../libpv/vbd.h, ../backends/block_handshake.c.
 */
#ifndef PVCTL_DISK_SETUP_H
#define PVCTL_DISK_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "dom0-tools/libpv/error.h"
#include "dom0-tools/libpv/store.h"
#include "dom0-tools/pvctl/config.h"

/* Returns when the back end has opened the file and offers the disk. -1 with ERROR_DISK: the file
 * cannot be served, or the domain has a disk of that name. */
int disk_setup_attach(struct store *store, uint16_t domid, const struct config_disk *disk,
                      struct error *error);

/* Ask the guest to let go, wait, remove the nodes. -1 with ERROR_NO_SUCH_DEVICE, or ERROR_TIMEOUT:
 * the guest uses it on; with `force` it is then taken away nevertheless. */
int disk_setup_detach(struct store *store, uint16_t domid, const char *name, bool force,
                      struct error *error);

#endif

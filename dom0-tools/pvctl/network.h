/* SPDX-License-Identifier: MIT */
/*
 * network.h: a network interface of a domain, made in the store; create and network-attach use it.
 * Read next: cmd_network.c.
 */
#ifndef PVCTL_NETWORK_H
#define PVCTL_NETWORK_H

#include <stdint.h>

#include "dom0-tools/libpv/error.h"
#include "dom0-tools/libpv/store.h"
#include "dom0-tools/pvctl/config.h"

/* Makes interface `id` with what `vif` says; a missing MAC address becomes one of 00:16:3e that is
 * the domain's own. -1 with ERROR_STORE. */
int network_attach(struct store *store, uint16_t domid, unsigned int id,
                   const struct config_vif *vif, struct error *error);

#endif

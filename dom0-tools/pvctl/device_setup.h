/* SPDX-License-Identifier: MIT */
/*
 * device_setup.h: devices of any type, made and taken away in the store; create, device-attach and
 * device-detach use it. What the two ends do with their directories is theirs.
 * Owns: nothing. Read next: ../libpv/device_store.h.
 */
#ifndef PVCTL_DEVICE_SETUP_H
#define PVCTL_DEVICE_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "dom0-tools/libpv/device_store.h"
#include "dom0-tools/libpv/error.h"
#include "dom0-tools/pvctl/config.h"

/* Both directories. -1: the back end's domain is not there, the number is taken, or the store refused. */
int device_setup_attach(struct store *store, uint16_t domid, const struct config_device *device,
                        struct error *error);
/* Ask both ends to close, wait until they have, remove both directories; with `force` also when they
 * have not. -1 with ERROR_NO_SUCH_DEVICE, ERROR_TIMEOUT, ERROR_INTERRUPTED. */
int device_setup_detach(struct store *store, struct device_name *name, unsigned long patience_s,
                        bool force, struct error *error);

#endif

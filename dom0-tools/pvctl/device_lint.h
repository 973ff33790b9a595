/* SPDX-License-Identifier: MIT */
/*
 * device_lint.h: what is wrong with a device's nodes in the store: keys that are missing, unknown, or
 * in the wrong directory; states that are none; ends that do not name each other; rights that let a
 * third write. It reads, and changes nothing.
 * Owns: the tables of keys that each type of device has. Read next: docs/drivers/xenbus.md.
 */
#ifndef PVCTL_DEVICE_LINT_H
#define PVCTL_DEVICE_LINT_H

#include <stdint.h>

#include "dom0-tools/libpv/store.h"

/* Prints one line per finding; returns how many. What has no `backend` is no split device. */
unsigned int device_lint(struct store *store, uint16_t domid, const char *type, const char *number);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * fate.h: how a domain ended, as the console back end recorded it.
 */
#ifndef PVCTL_FATE_H
#define PVCTL_FATE_H

#include <stdio.h>

#include "dom0-tools/libpv/error.h"

/*
 * Say on the stream how a domain ended, when that is worth saying. Returns EXIT_OK for a power-off,
 * a reboot or a destroy; -1 with ERROR_GUEST_CRASHED for a crash.
 */
int fate_report(const char *name, FILE *stream, struct error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * keeper.h: remembers from what each domain was made, and makes it again when its configuration says
 * "restart". A thread that serves "keeper": the console back end sends it one line for each domain that
 * ends, "restart UUID" or "forget UUID".
 * Invariant KP1: what is remembered of a domain needs no user: its files are known by absolute paths.
 * Read next: keeper.c, cmd_create.c.
 */
#ifndef PVCTL_KEEPER_H
#define PVCTL_KEEPER_H

#include <stdint.h>

#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/pvctl/config_file.h"

/* `words` are the key=value words of its command line, NULL-terminated. Failing is no error of the
 * create: the domain is then not restarted, which dom0's console says. */
/* What the dom0 before this one remembered. */
void keeper_restore(void);
void keeper_remember(const uint8_t uuid[DOMCTL_UUID_SIZE], const struct config_file *file,
                     char *const *words);

#endif

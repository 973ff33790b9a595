/* SPDX-License-Identifier: MIT */
/*
 * The machine: QEMU's command line, its process, its monitor.
 * Owns: which devices the machine has. Invariant: HM1 QEMU runs with the state directory as its
 * current directory and names everything in it relatively (HS1); HM2 it needs no privileges.
 * Read next: supervisor.h.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <sys/types.h>
#include "settings.h"

/* Starts QEMU in the background with its output in qemu.log. Its process id, or -1 with errno.
 * The logs and links of an earlier run are replaced. */
pid_t machine_start(const struct settings *settings, const char *accelerator);

/* Has the hypervisor printed anything since machine_start? */
bool machine_has_printed(const struct settings *settings);

/* Asks a QEMU through its monitor to end. false when nobody answers there. */
bool machine_quit(const struct settings *settings);

/*
 * The accelerator to use first: what the user asked for; or, for "auto", what an earlier start
 * found out; or "kvm" where it is worth a try. machine_remember keeps what worked.
 */
const char *machine_accelerator(const struct settings *settings, bool *is_trial);
void machine_remember(const struct settings *settings, const char *accelerator);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A dom0 that crashed is built again from the boot modules, under its guests, which wait paused; with dom0-restart on the command line.
 * Invariant: DR1 no device writes to memory once a frame of the old dom0 is free. DR2 at most one of a guest's pauses is of here, so
 * that one unpause lets it run again, however often dom0 crashed meanwhile. Read next: dom0_restart.c, docs/restart.md.
 */
#pragma once

#include "domain.h"

/* The control domain crashed: pauses all others. False, with a line in the log, when it is not to be built again. */
bool dom0_restart_begin(struct domain *dom0);
/* For the idle loop, where no vCPU is loaded: is there a dom0 to replace, and the replacement. */
bool dom0_restart_is_due(void);
void dom0_restart(void);

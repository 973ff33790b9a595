/* SPDX-License-Identifier: MIT */
/*
 * takeover.h: the guests of a dom0 that crashed become those of the one that follows it (docs/restart.md).
 */
#ifndef DOM0_TAKEOVER_H
#define DOM0_TAKEOVER_H

/* When store and back ends are started: lets each guest go on, and ends what was only half made or half destroyed, or what nothing is
 * known of. Nothing in a dom0
 * that is the first. */
void takeover_guests(void);

#endif

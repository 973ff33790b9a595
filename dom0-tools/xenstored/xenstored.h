/* SPDX-License-Identifier: MIT */
/*
 * xenstored: the daemon around the store. It serves local clients over descriptors (service
 * "store") and guests over the ring page that XS_INTRODUCE names.
 */
#ifndef XENSTORED_XENSTORED_H
#define XENSTORED_XENSTORED_H

/* Starts the daemon's thread and the service; returns when clients may connect. 0, or a negative
 * errno (of errno.h). */
int xenstored_start(void);

#endif

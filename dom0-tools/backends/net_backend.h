/* SPDX-License-Identifier: MIT */
/*
 * net_backend.h: the back end of guests' network interfaces (vif) and the bridge that joins them with
 * the machine's network card. Read next: net_backend.c.
 */
#ifndef BACKENDS_NET_BACKEND_H
#define BACKENDS_NET_BACKEND_H

#include <stdbool.h>

/* Starts its thread. Without the machine's network card guests still reach each other. */
void net_backend_start(bool with_card);

#endif

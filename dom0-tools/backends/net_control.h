/* SPDX-License-Identifier: MIT */
/*
 * net_control.h: what the network back end is asked by commands: the service "vif". One request per
 * connection, a line:
 *   status DOMID ID    `ok CONNECTED TX_PRODUCED TX_CONSUMED TX_ANSWERED RX_GIVEN RX_USED RX_ANSWERED
 *                      SENT BYTES REFUSED RECEIVED BYTES DROPPED REFUSED WAITING NOTIFICATIONS MAPPED
 *                      RESUMED`, decimal numbers; or `none`
 *   restart DOMID ID   the same, and then the back end of this vif is begun anew
 * Owns: the listener. Read next: net_backend.c, ../pvctl/vif_status.c
 */
#ifndef BACKENDS_NET_CONTROL_H
#define BACKENDS_NET_CONTROL_H

#include "dom0-tools/backends/net_device.h"

/* Opens the service; a descriptor to wait for. */
int net_control_open(void);
/* Answers one client. */
void net_control_serve(int listener, struct net_switch *net);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * vif_status.h: what the network back end says of one interface (../backends/net_control.h has the
 * conversation).
 * Owns: nothing. Read next: cmd_device.c.
 */
#ifndef PVCTL_VIF_STATUS_H
#define PVCTL_VIF_STATUS_H

#include <stdbool.h>
#include <stdint.h>

struct vif_status {
    bool connected;
    unsigned int tx_produced, tx_consumed, tx_answered, rx_given, rx_used, rx_answered;
    unsigned long long sent, bytes_sent, sent_refused;
    unsigned long long received, bytes_received, dropped, received_refused, waiting;
    unsigned long long notifications, mapped;
    unsigned int resumed;
};

/* verb: "status", or "restart", which gives what was before it. false: the back end does not know it. */
bool vif_status_ask(const char *verb, uint16_t domid, unsigned long id, struct vif_status *status);

#endif

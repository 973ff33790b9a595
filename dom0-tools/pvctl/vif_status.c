/* SPDX-License-Identifier: MIT */
/*
 * vif_status.c: asking the network back end.
 * Read next: ../backends/net_control.c.
 */
#include "dom0-tools/pvctl/vif_status.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/seam.h"

bool vif_status_ask(const char *verb, uint16_t domid, unsigned long id, struct vif_status *status)
{
    int descriptor = seam_service_connect("vif");
    char request[48], answer[400] = "";
    unsigned int connected;
    ssize_t count = 0;

    if (descriptor < 0) {
        return false;
    }
    snprintf(request, sizeof(request), "%s %u %lu\n", verb, (unsigned int)domid, id);
    if (write(descriptor, request, strlen(request)) > 0) {
        count = read(descriptor, answer, sizeof(answer) - 1);
    }
    close(descriptor);
    answer[count > 0 ? count : 0] = '\0';
    if (sscanf(answer,
               "ok %u %u %u %u %u %u %u %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %u",
               &connected, &status->tx_produced, &status->tx_consumed, &status->tx_answered,
               &status->rx_given, &status->rx_used, &status->rx_answered, &status->sent,
               &status->bytes_sent, &status->sent_refused, &status->received,
               &status->bytes_received, &status->dropped, &status->received_refused,
               &status->waiting, &status->notifications, &status->mapped, &status->resumed) != 18) {
        return false;
    }
    status->connected = connected != 0;
    return true;
}

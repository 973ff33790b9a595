/* SPDX-License-Identifier: MIT */
/*
 * block_status.c: asking the block back end.
 * Read next: ../backends/block_backend.c.
 */
#include "dom0-tools/pvctl/block_status.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/seam.h"

bool block_status_ask(const char *verb, uint16_t domid, unsigned long number,
                      struct block_status *status)
{
    int descriptor = seam_service_connect("block");
    char request[48], answer[320] = "";
    unsigned int connected;
    ssize_t count = 0;

    if (descriptor < 0) {
        return false;
    }
    snprintf(request, sizeof(request), "%s %u %lu\n", verb, (unsigned int)domid, number);
    if (write(descriptor, request, strlen(request)) > 0) {
        count = read(descriptor, answer, sizeof(answer) - 1);
    }
    close(descriptor);
    answer[count > 0 ? count : 0] = '\0';
    if (sscanf(answer, "ok %u %llu %llu %llu %llu %llu %u %u %u %u %llu %llu %llu %llu %llu %u %d",
               &connected, &status->requests, &status->reads, &status->writes, &status->flushes,
               &status->errors, &status->produced, &status->consumed, &status->answered,
               &status->slots, &status->mapped, &status->copied, &status->sectors_read,
               &status->sectors_written, &status->notifications, &status->resumed,
               &status->last_error) != 17) {
        return false;
    }
    status->connected = connected != 0;
    return true;
}

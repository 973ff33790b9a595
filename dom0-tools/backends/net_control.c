/* SPDX-License-Identifier: MIT */
/*
 * net_control.c: see net_control.h.
 * Read next: net_backend.c
 */
#include "dom0-tools/backends/net_control.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/seam.h"

#define REQUEST_MS 1000

int net_control_open(void)
{
    return seam_service_listen("vif");
}

static void describe(const struct net_device *device, char *answer, size_t size)
{
    const struct net_ring *ring = &device->ring;
    const struct net_count *sent = &ring->from_guest, *received = &ring->to_guest;
    const bool connected = device->connected;

    snprintf(answer, size,
             "ok %u %u %u %u %u %u %u %llu %llu %llu %llu %llu %llu %llu %zu %llu %llu %u\n",
             connected, connected ? (unsigned int)ring->tx.sring->req_prod : 0u,
             (unsigned int)ring->tx.req_cons, (unsigned int)ring->tx.rsp_prod_pvt,
             connected ? (unsigned int)ring->rx.sring->req_prod : 0u,
             (unsigned int)ring->rx.req_cons, (unsigned int)ring->rx.rsp_prod_pvt,
             (unsigned long long)sent->frames, (unsigned long long)sent->bytes,
             (unsigned long long)sent->errors, (unsigned long long)received->frames,
             (unsigned long long)received->bytes, (unsigned long long)received->dropped,
             (unsigned long long)received->errors, ring->nr_backlog,
             (unsigned long long)ring->notifications, (unsigned long long)ring->nr_mapped,
             device->nr_resumed);
}

static void answer_request(struct net_switch *net, const char *request, char *answer, size_t size)
{
    struct net_device *device = NULL;
    unsigned int domid, id;
    char verb[8];

    if (sscanf(request, "%7s %u %u", verb, &domid, &id) == 3) {
        device = net_device_find(net, domid, id);
    }
    if (device == NULL || (strcmp(verb, "status") != 0 && strcmp(verb, "restart") != 0)) {
        snprintf(answer, size, "none\n");
        return;
    }
    describe(device, answer, size);
    if (strcmp(verb, "restart") == 0 && net->store != NULL) {
        net_device_abandon(net, device);
        (void)net_device_step(net, device);
    }
}

void net_control_serve(int listener, struct net_switch *net)
{
    char request[64], answer[400];
    int descriptor = seam_service_accept(listener);
    struct seam_wait wait = {descriptor, SEAM_READ, 0};
    ssize_t count = 0;

    if (descriptor < 0) {
        return;
    }
    if (seam_wait_any(&wait, 1, REQUEST_MS) > 0) {
        count = read(descriptor, request, sizeof(request) - 1);
    }
    if (count > 0) {
        request[count] = '\0';
        answer_request(net, request, answer, sizeof(answer));
        (void)write(descriptor, answer, strlen(answer));
    }
    close(descriptor);
}

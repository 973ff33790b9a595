/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces by Mini-OS's names. Owns: nothing that the kernel's netfront does not.
 * Read next: ../include/pvk/netfront.h
 */
#include <mini-os/netfront.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/netfront.h>

#include "port.h"

struct netfront_dev {
    struct netfront *front;
    void (*receive)(unsigned char *data, int length, void *argument);
    void *argument;
};

static void frame_came(void *data, const void *bytes, size_t length)
{
    struct netfront_dev *device = data;
    unsigned char *copy;

    if (device->receive == NULL) {
        return;
    }
    copy = malloc(length); /* the other end can write into its page still */
    if (copy != NULL) {
        memcpy(copy, bytes, length);
        device->receive(copy, (int)length, device->argument);
        free(copy);
    }
}

static char *address_of(unsigned int id)
{
    char path[96], *back, *ip = NULL;

    snprintf(path, sizeof(path), "device/vif/%u/backend", id);
    if (port_store_read(0, path, &back) == 0) {
        snprintf(path, sizeof(path), "%.88s/ip", back);
        if (port_store_read(0, path, &ip) != 0) {
            ip = NULL;
        }
        free(back);
    }
    return ip;
}

struct netfront_dev *
init_netfront(char *nodename, void (*netif_rx)(unsigned char *data, int length, void *argument),
              unsigned char mac[6], char **ip)
{
    static const struct netfront_handlers handlers = {frame_came, NULL};
    struct netfront_dev *device = calloc(1, sizeof(*device));
    unsigned int id = 0;

    if (device == NULL || (nodename != NULL && sscanf(nodename, "device/vif/%u", &id) != 1) ||
        netfront_open(id, &handlers, device, &device->front) != 0) {
        free(device);
        return NULL;
    }
    device->receive = netif_rx;
    (void)netfront_wait(device->front, UINT64_MAX);
    if (mac != NULL) {
        memcpy(mac, netfront_mac(device->front), 6);
    }
    if (ip != NULL) {
        *ip = address_of(id);
    }
    return device;
}

void netfront_set_rx_handler(struct netfront_dev *device,
                             void (*netif_rx)(unsigned char *data, int length, void *argument),
                             void *argument)
{
    device->receive = netif_rx;
    device->argument = argument;
}

void netfront_xmit(struct netfront_dev *device, unsigned char *data, int length)
{
    struct netfront_piece piece = {data, (size_t)length};

    (void)netfront_send(device->front, &piece, 1, UINT64_MAX);
}

void shutdown_netfront(struct netfront_dev *device)
{
    device->receive = NULL;
}

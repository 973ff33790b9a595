/* SPDX-License-Identifier: MIT */
/*
 * net_device.h: one guest interface in the back end: its place in the store, its handshake, its
 * rings while they are connected.
 * Owns: the mapped ring pages and the ports of connected devices.
 * Invariant ND1: pages are mapped and ports bound exactly while `connected`. ND2: a device whose
 * rings broke is closed and stays so until its front end begins again. ND3: all that a back end needs
 * to go on with rings that an earlier one served is in the store and in the rings: what was not
 * answered is taken again, what was answered is not.
 * Locks: none; one thread. Read next: net_device.c for the handshake, net_backend.c for the loop.
 */
#ifndef BACKENDS_NET_DEVICE_H
#define BACKENDS_NET_DEVICE_H

#include <stdbool.h>

#include "dom0-tools/backends/net_bridge.h"
#include "dom0-tools/backends/net_ring.h"
#include "dom0-tools/libpv/device_store.h"
#include "dom0-tools/libpv/store.h"

struct net_device {
    struct net_port port; /* first: the bridge's pointer is ours */
    struct net_device *next;
    struct device_name name;
    char back[STORE_PATH_MAX], front[STORE_PATH_MAX];
    uint32_t address; /* the guest's IPv4, as last seen in what it sent; 0: none yet */
    bool address_is_new;
    unsigned int nr_resumed; /* times that rings were taken over as they were */

    bool connected;
    void *tx_page, *rx_page;
    uint32_t tx_handle, rx_handle;
    int tx_port, rx_port; /* equal when the front end uses one for both */
    struct net_ring ring;
    bool active; /* has work that a full pass did not end */
};

struct net_switch {
    int events;
    struct store *store;
    struct net_bridge bridge;
    struct net_device *devices;
};

/* NULL: it is not known. */
struct net_device *net_device_find(const struct net_switch *net, unsigned long domid,
                                   unsigned long id);
/* A device found in the store; NULL: out of memory. */
struct net_device *net_device_create(struct net_switch *net, uint16_t domid, unsigned int id);
/* One look at both ends' states, and the step that the table says. True: the device is gone, and
 * was freed. */
bool net_device_step(struct net_switch *net, struct net_device *device);
/* Rings that proved broken: closes the device, says why in the store. */
void net_device_fail(struct net_switch *net, struct net_device *device, const char *why);
/* Lets go of the rings as they are, as if the back end had crashed; the next step takes them up. */
void net_device_abandon(struct net_switch *net, struct net_device *device);
/* Tells the front end what it asked to be told. */
void net_device_notify(struct net_switch *net, struct net_device *device);
/* Leaves the guest's address in the back end's directory, where `pvctl network-list` looks. */
void net_device_publish_address(struct net_switch *net, struct net_device *device);

#endif

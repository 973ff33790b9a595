/* SPDX-License-Identifier: MIT */
/*
 * net_bridge.c: see net_bridge.h. The table is an open hash: an address lives in one of PROBES
 * places behind its hash.
 * Invariants NB1, NB2. Read next: net_backend.c.
 */
#include "dom0-tools/backends/net_bridge.h"

#include <string.h>

#define PROBES 8u

static bool is_group(const uint8_t *address)
{
    return (address[0] & 1u) != 0;
}

static struct net_bridge_entry *place(struct net_bridge *bridge, const uint8_t *address,
                                      unsigned int probe)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < NET_ADDRESS_BYTES; i++) {
        hash = (hash ^ address[i]) * 16777619u;
    }
    return &bridge->entries[(hash + probe) % NET_BRIDGE_ENTRIES];
}

static struct net_bridge_entry *find(struct net_bridge *bridge, const uint8_t *address)
{
    for (unsigned int probe = 0; probe < PROBES; probe++) {
        struct net_bridge_entry *entry = place(bridge, address, probe);

        if (entry->port != NULL && memcmp(entry->address, address, NET_ADDRESS_BYTES) == 0) {
            return entry;
        }
    }
    return NULL;
}

void net_bridge_learn(struct net_bridge *bridge, const uint8_t *address, struct net_port *port)
{
    struct net_bridge_entry *entry = is_group(address) ? NULL : find(bridge, address);

    if (is_group(address)) {
        return;
    }
    if (entry == NULL) {
        entry = place(bridge, address, 0);
        for (unsigned int probe = 1; probe < PROBES && entry->port != NULL; probe++) {
            struct net_bridge_entry *other = place(bridge, address, probe);

            if (other->port == NULL || other->used < entry->used) {
                entry = other;
            }
        }
        memcpy(entry->address, address, NET_ADDRESS_BYTES);
    }
    entry->port = port;
    entry->used = ++bridge->clock;
}

int net_bridge_add(struct net_bridge *bridge, struct net_port *port)
{
    if (bridge->nr_ports == NET_BRIDGE_PORTS) {
        return -1;
    }
    bridge->ports[bridge->nr_ports++] = port;
    return 0;
}

void net_bridge_remove(struct net_bridge *bridge, struct net_port *port)
{
    for (size_t i = 0; i < NET_BRIDGE_ENTRIES; i++) {
        if (bridge->entries[i].port == port) {
            bridge->entries[i].port = NULL;
        }
    }
    for (size_t i = 0; i < bridge->nr_ports; i++) {
        if (bridge->ports[i] == port) {
            bridge->ports[i] = bridge->ports[--bridge->nr_ports];
        }
    }
}

void net_bridge_forward(struct net_bridge *bridge, struct net_port *from, struct net_frame *frame)
{
    const struct net_bridge_entry *known;

    if (frame->length < NET_HEADER_BYTES) {
        return;
    }
    net_bridge_learn(bridge, frame->bytes + NET_ADDRESS_BYTES, from);
    known = is_group(frame->bytes) ? NULL : find(bridge, frame->bytes);
    if (known != NULL) {
        if (known->port != from) {
            known->port->deliver(known->port, frame);
        }
        return;
    }
    for (size_t i = 0; i < bridge->nr_ports; i++) {
        if (bridge->ports[i] != from) {
            bridge->ports[i]->deliver(bridge->ports[i], frame);
        }
    }
}

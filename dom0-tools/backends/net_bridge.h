/* SPDX-License-Identifier: MIT */
/*
 * net_bridge.h: a learning bridge: which port a frame goes to, by the addresses seen before.
 * Owns: the table of addresses; ports belong to whoever added them.
 * Invariant NB1: a frame never goes back to the port it came from.
 * NB2: an address that one port uses without end costs at most a fixed table: the oldest entry of
 * its bucket is replaced.
 * Read next: net_backend.h for the ports.
 */
#ifndef BACKENDS_NET_BRIDGE_H
#define BACKENDS_NET_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_ADDRESS_BYTES  6u
#define NET_HEADER_BYTES   14u
#define NET_BRIDGE_PORTS   64u
#define NET_BRIDGE_ENTRIES 256u /* a power of two */

/* A whole Ethernet frame without its check sequence, in consecutive memory. */
struct net_frame {
    uint8_t *bytes; /* page-aligned when the frame is to be copied into a guest */
    size_t length;
    bool checksum_blank; /* the TCP or UDP checksum has yet to be filled in */
    bool validated;      /* the payload is known to be good */
};

struct net_port {
    void (*deliver)(struct net_port *port, struct net_frame *frame);
};

struct net_bridge_entry {
    uint8_t address[NET_ADDRESS_BYTES];
    struct net_port *port; /* NULL: free */
    uint64_t used;         /* larger is newer */
};

struct net_bridge {
    struct net_port *ports[NET_BRIDGE_PORTS];
    size_t nr_ports;
    struct net_bridge_entry entries[NET_BRIDGE_ENTRIES];
    uint64_t clock;
};

/* -1: there are NET_BRIDGE_PORTS already. */
int net_bridge_add(struct net_bridge *bridge, struct net_port *port);
/* Says that the address is there before it has sent anything: what is known is not flooded. A flooded
 * frame also reaches QEMU's network, which takes any TCP segment to be its own, and resets what it
 * does not know. */
void net_bridge_learn(struct net_bridge *bridge, const uint8_t *address, struct net_port *port);
/* Also forgets every address learned there. */
void net_bridge_remove(struct net_bridge *bridge, struct net_port *port);
/* Learns the sender and delivers: to the port of the destination, or to all others when that is a
 * group address or unknown. Frames shorter than a header are dropped. */
void net_bridge_forward(struct net_bridge *bridge, struct net_port *from, struct net_frame *frame);

#endif

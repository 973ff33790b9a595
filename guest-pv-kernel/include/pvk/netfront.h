/* SPDX-License-Identifier: MIT */
/*
 * A split network interface, guest side: sends and receives Ethernet frames. Applications use
 * sockets instead: network.h.
 * Owns: the ring pages, the buffers and their grants, the port(s).
 * Invariant NF1: what the back end writes is copied once and checked before it is believed; an index
 * or an id that cannot be ends the connection, nothing else. NF2: a page that the back end still
 * maps when the connection ends is never used again. NF3: a connection that ended so is closed in the
 * store, with the reason in `error`.
 * Guest ABI: io/netif.h. Read next: ../../drivers/netfront.c
 */
#ifndef PVK_NETFRONT_H
#define PVK_NETFRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NETFRONT_FRAME_MAX 65535u

struct netfront;

struct netfront_handlers {
    /* In event context (EV1). The bytes may lie in a page that the other end can still write: copy
     * them once, then look at them. */
    void (*receive)(void *data, const void *bytes, size_t length);
    /* In the store's thread: the interface can carry frames, or cannot any more. NULL: not needed. */
    void (*link)(void *data, bool is_up);
};

struct netfront_counters {
    uint64_t frames_sent, bytes_sent, frames_received, bytes_received, errors, notifications;
};

/* Takes up interface `id` (device/vif/ID) and begins its handshake; it comes up when the back end is
 * there. -ENODEV: no store, or no such interface; -ENOMEM. */
int netfront_open(unsigned int id, const struct netfront_handlers *handlers, void *data,
                  struct netfront **front);
/* Waits until the link is up: 0, or -ETIMEDOUT at the deadline. */
int netfront_wait(struct netfront *front, uint64_t deadline_ns);

const uint8_t *netfront_mac(const struct netfront *front);
/* From the toolstack; 1500 when it said nothing. */
unsigned int netfront_mtu(const struct netfront *front);
const struct netfront_counters *netfront_counters(const struct netfront *front);

struct netfront_piece {
    const void *bytes;
    size_t length;
};
/* Sends the pieces, one behind the other, as one frame. Waits for room until the deadline.
 * -ENETDOWN: no link; -EMSGSIZE: longer than one page and the back end takes no more, or longer than
 * NETFRONT_FRAME_MAX; -ETIMEDOUT. */
int netfront_send(struct netfront *front, const struct netfront_piece *pieces, size_t count,
                  uint64_t deadline_ns);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * net_fault.h: a network back end that misbehaves on purpose, for whoever tests a front end. The node
 * `fault` in the back end's directory, read when the vif connects, holds words, each with a number:
 *   slow=MS     so long goes by before each batch of packets is taken
 *   reorder=N   sent packets are answered N at a time, the last one first
 *   error=N     every N-th answer, of either ring, says that it failed
 *   short=N     every N-th received piece has half its bytes
 *   duplicate=N every N-th answer comes twice
 *   wrong-id=N  every N-th answer is to a request that was not made
 *   beyond=N    every N-th received piece begins in its page and ends behind it
 *   overrun=N   after N answers, more are announced than there can be
 *   hang=N      after N answers nothing is done any more
 *   reset=N     after N answers the back end closes the interface
 * Owns: struct net_fault. Invariant NFT1: without the node none of this costs more than a comparison.
 * Read next: net_ring.c
 */
#ifndef BACKENDS_NET_FAULT_H
#define BACKENDS_NET_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/io/netif.h>

#define NET_FAULT_HELD 32u

struct net_fault {
    unsigned int slow, reorder, error, short_piece, duplicate, wrong_id, beyond, overrun, hang,
        reset;
    unsigned int nr_answers;
    struct netif_tx_response held[NET_FAULT_HELD]; /* for `reorder` */
    size_t nr_held;
};

/* NULL: `text` is NULL, or says nothing that is understood. The caller frees it. */
struct net_fault *net_fault_read(const char *text);

/* How often an answer is to be put into the ring: 0, 1 or 2; it may have been changed. */
unsigned int net_fault_sent(struct net_fault *fault, struct netif_tx_response *response);
unsigned int net_fault_received(struct net_fault *fault, struct netif_rx_response *response);
/* The newest answer that is held back; all are asked for when nr_held is `reorder`, and at the end of
 * a batch. */
bool net_fault_release(struct net_fault *fault, struct netif_tx_response *response);
/* Whether the interface does nothing any more, is to be closed, announces too much: each time from then on, since
 * the next announcement would hide a single one from a front end that looks late. */
bool net_fault_hangs(const struct net_fault *fault);
bool net_fault_resets(const struct net_fault *fault);
bool net_fault_overruns(const struct net_fault *fault);

#endif

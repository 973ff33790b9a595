/* SPDX-License-Identifier: MIT */
/*
 * The split network device: two rings, one per direction, seen from the guest.
 *
 * tx: the front end puts one request per piece of a packet; pieces but the last say
 * NETTXF_more_data; the first one's `size` is that of the whole packet, the others' their own. Each
 * is answered with its id. A first request with NETTXF_extra_info is followed by netif_extra_info
 * slots, answered with NETIF_RSP_NULL.
 * rx: the front end puts empty pages; the back end copies a packet into as many as it needs
 * (request-rx-copy) and answers each with the number of bytes in it, or a negative NETIF_RSP_*.
 *
 * Store, back end's directory: feature-rx-copy, feature-sg, feature-split-event-channels,
 * feature-rx-notify ... = 1. Front end's: tx-ring-ref, rx-ring-ref, event-channel (or
 * event-channel-tx and -rx), request-rx-copy, feature-sg, feature-no-csum-offload, mac.
 * Read next: ring.h, xenbus.h
 */
#ifndef __XEN_PUBLIC_IO_NETIF_H__
#define __XEN_PUBLIC_IO_NETIF_H__

#include "ring.h"
#include "../grant_table.h"

/* netif_tx_request.flags */
#define _NETTXF_csum_blank     0 /* the checksum field holds only the pseudo header's part */
#define NETTXF_csum_blank      (1U << _NETTXF_csum_blank)
#define _NETTXF_data_validated 1 /* the payload is known to be good */
#define NETTXF_data_validated  (1U << _NETTXF_data_validated)
#define _NETTXF_more_data      2 /* the packet goes on in the next request */
#define NETTXF_more_data       (1U << _NETTXF_more_data)
#define _NETTXF_extra_info     3 /* netif_extra_info slots follow */
#define NETTXF_extra_info      (1U << _NETTXF_extra_info)

#define XEN_NETIF_MAX_TX_SIZE     0xFFFF
#define XEN_NETIF_NR_SLOTS_MIN    18 /* pieces of one packet that every back end takes */

struct netif_tx_request {
    grant_ref_t gref; /* the page that holds the piece */
    uint16_t offset;  /* in the page */
    uint16_t flags;   /* NETTXF_* */
    uint16_t id;
    uint16_t size;
};
typedef struct netif_tx_request netif_tx_request_t;

/* netif_extra_info.type and .flags */
#define XEN_NETIF_EXTRA_TYPE_NONE      0
#define XEN_NETIF_EXTRA_TYPE_GSO       1
#define XEN_NETIF_EXTRA_TYPE_MCAST_ADD 2
#define XEN_NETIF_EXTRA_TYPE_MCAST_DEL 3
#define XEN_NETIF_EXTRA_TYPE_HASH      4
#define XEN_NETIF_EXTRA_TYPE_MAX       5
#define _XEN_NETIF_EXTRA_FLAG_MORE     0
#define XEN_NETIF_EXTRA_FLAG_MORE      (1U << _XEN_NETIF_EXTRA_FLAG_MORE)

#define XEN_NETIF_GSO_TYPE_NONE  0
#define XEN_NETIF_GSO_TYPE_TCPV4 1
#define XEN_NETIF_GSO_TYPE_TCPV6 2

/* As long as the shorter of the request and the response it stands in place of. */
struct netif_extra_info {
    uint8_t type;
    uint8_t flags;
    union {
        struct {
            uint16_t size; /* of a segment's payload */
            uint8_t type;  /* XEN_NETIF_GSO_TYPE_* */
            uint8_t pad;
            uint16_t features;
        } gso;
        struct {
            uint8_t addr[6];
        } mcast;
        struct {
            uint8_t type;
            uint8_t algorithm;
            uint8_t value[4];
        } hash;
        uint16_t pad[3];
    } u;
};
typedef struct netif_extra_info netif_extra_info_t;

struct netif_tx_response {
    uint16_t id;
    int16_t status; /* NETIF_RSP_* */
};
typedef struct netif_tx_response netif_tx_response_t;

struct netif_rx_request {
    uint16_t id;
    uint16_t pad;
    grant_ref_t gref; /* a page that the back end may write */
};
typedef struct netif_rx_request netif_rx_request_t;

/* netif_rx_response.flags */
#define _NETRXF_data_validated 0
#define NETRXF_data_validated  (1U << _NETRXF_data_validated)
#define _NETRXF_csum_blank     1
#define NETRXF_csum_blank      (1U << _NETRXF_csum_blank)
#define _NETRXF_more_data      2
#define NETRXF_more_data       (1U << _NETRXF_more_data)
#define _NETRXF_extra_info     3
#define NETRXF_extra_info      (1U << _NETRXF_extra_info)
#define _NETRXF_gso_prefix     4
#define NETRXF_gso_prefix      (1U << _NETRXF_gso_prefix)

struct netif_rx_response {
    uint16_t id;
    uint16_t offset; /* of the data in its page */
    uint16_t flags;  /* NETRXF_* */
    int16_t status;  /* bytes, or negative: NETIF_RSP_* */
};
typedef struct netif_rx_response netif_rx_response_t;

DEFINE_RING_TYPES(netif_tx, struct netif_tx_request, struct netif_tx_response);
DEFINE_RING_TYPES(netif_rx, struct netif_rx_request, struct netif_rx_response);

#define NETIF_RSP_DROPPED (-2)
#define NETIF_RSP_ERROR   (-1)
#define NETIF_RSP_OKAY    0
#define NETIF_RSP_NULL    1

#endif

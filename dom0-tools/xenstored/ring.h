/* SPDX-License-Identifier: MIT */
/*
 * The shared page of a guest and the daemon as a stream of bytes. The guest writes req_prod and
 * rsp_cons at any time, to any value: each is read once, and a ring with more in it than it can
 * hold is broken for good.
 */
#ifndef XENSTORED_RING_H
#define XENSTORED_RING_H

#include <public/io/xs_wire.h>

#include "store.h"

/* Moves bytes both ways between ring and connection. Returns true when an index moved, so that the
 * guest must be notified. A broken ring sets connection->failed and the page's error field. */
/* At most RING_ROUNDS times round, so that a guest which refills its ring as fast as it is emptied cannot keep the daemon: *more says
 * that there was still something to do. */
#define RING_ROUNDS 8
bool ring_exchange(struct xenstore_domain_interface *page, struct store_connection *connection,
                   bool *more);

#endif

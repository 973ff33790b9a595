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
bool ring_exchange(struct xenstore_domain_interface *page, struct store_connection *connection);

#endif

/* SPDX-License-Identifier: MIT */
/* See ring.h. */
#include "ring.h"

#include <string.h>

static uint32_t load(const uint32_t *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void store_index(uint32_t *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

static void break_ring(struct xenstore_domain_interface *page, struct store_connection *connection,
                       uint32_t error)
{
    connection->failed = true;
    page->error = error;
}

static bool take_requests(struct xenstore_domain_interface *page,
                          struct store_connection *connection)
{
    char bytes[XENSTORE_RING_SIZE];
    uint32_t consumed = load(&page->req_cons), produced = load(&page->req_prod);
    uint32_t available = produced - consumed;
    size_t taken;
    if (available > XENSTORE_RING_SIZE) {
        break_ring(page, connection, XENSTORE_ERROR_RINGIDX);
        return true;
    }
    for (uint32_t i = 0; i < available; i++) {
        bytes[i] = page->req[MASK_XENSTORE_IDX(consumed + i)];
    }
    taken = connection_receive(connection, bytes, available);
    if (connection->failed) {
        break_ring(page, connection, XENSTORE_ERROR_PROTO);
        return true;
    }
    store_index(&page->req_cons, consumed + (uint32_t)taken);
    return taken != 0;
}

static bool give_replies(struct xenstore_domain_interface *page,
                         struct store_connection *connection)
{
    char bytes[XENSTORE_RING_SIZE];
    uint32_t consumed = load(&page->rsp_cons), produced = load(&page->rsp_prod);
    uint32_t used = produced - consumed;
    size_t count;
    if (used > XENSTORE_RING_SIZE) {
        break_ring(page, connection, XENSTORE_ERROR_RINGIDX);
        return true;
    }
    count = connection_pending(connection, bytes, XENSTORE_RING_SIZE - used);
    for (uint32_t i = 0; i < count; i++) {
        page->rsp[MASK_XENSTORE_IDX(produced + i)] = bytes[i];
    }
    store_index(&page->rsp_prod, produced + (uint32_t)count);
    connection_sent(connection, count);
    return count != 0;
}

bool ring_exchange(struct xenstore_domain_interface *page, struct store_connection *connection,
                   bool *more)
{
    bool moved = false;

    *more = true;
    for (int round = 0; round < RING_ROUNDS && *more && !connection->failed; round++) {
        *more = take_requests(page, connection);
        if (!connection->failed) {
            *more |= give_replies(page, connection);
        }
        moved |= *more;
    }
    *more = *more && !connection->failed;
    return moved;
}

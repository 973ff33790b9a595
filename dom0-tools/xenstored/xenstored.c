/* SPDX-License-Identifier: MIT */
/*
 * The daemon's loop: one thread waits for local clients, for the guests' event channels and for
 * news of domains' deaths.
 *
 * Owns: the clients. Invariant XD1: it never waits for one client: descriptors do not block, rings
 * are bounded. Read next: store.h; ring.c for a guest's side.
 */
#include "xenstored.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <public/grant_table.h>
#include <public/xen.h>

#include "../libpv/domctl.h"
#include "../libpv/keep.h"
#include "../libpv/seam.h"
#include "journal.h"
#include "ring.h"

#define MAX_LOCAL_CLIENTS 60
#define PRIVILEGED_DOMID  0

struct local_client {
    struct local_client *next;
    int descriptor;
    struct store_connection *connection;
};

struct guest_client {
    struct guest_client *next;
    uint16_t domid;
    bool shutdown_seen;
    bool by_grant;
    uint32_t grant_handle;
    int port;
    struct xenstore_domain_interface *page;
    struct store_connection *connection;
};

struct daemon_state {
    struct store *store;
    struct local_client *locals;
    struct guest_client *guests;
    int listener;
    int events;
    int exception_port;
    bool unfinished; /* some ring had more than its turn: come back without an event */
};

static struct daemon_state state;

/* --- guests ---------------------------------------------------------------------------------- */

static struct guest_client *guest_find(uint16_t domid)
{
    struct guest_client *guest = state.guests;
    while (guest != NULL && guest->domid != domid) {
        guest = guest->next;
    }
    return guest;
}

static void guest_exchange(struct guest_client *guest)
{
    bool more = false;

    if (!guest->connection->failed && ring_exchange(guest->page, guest->connection, &more)) {
        journal_rest(guest->connection);
        journal_commit(state.store);
        (void)seam_event_notify(state.events, (uint32_t)guest->port);
    }
    state.unfinished |= more;
}

static void guest_unmap(struct guest_client *guest)
{
    if (guest->by_grant) {
        seam_unmap_grant(guest->page, guest->grant_handle);
    } else {
        seam_unmap_foreign(guest->page, 1);
    }
}

static void guest_drop(struct guest_client *guest)
{
    struct guest_client **place = &state.guests;
    uint16_t domid = guest->domid;
    while (*place != guest) {
        place = &(*place)->next;
    }
    *place = guest->next;
    (void)seam_event_close(state.events, (uint32_t)guest->port);
    guest_unmap(guest);
    journal_release(state.store, domid);
    connection_destroy(guest->connection);
    free(guest);
    store_forget_domain(state.store, domid);
    journal_commit(state.store);
}

static int guest_map(struct guest_client *guest, uint64_t mfn)
{
    void *page;
    if (seam_map_grant(guest->domid, GNTTAB_RESERVED_XENSTORE, SEAM_READ | SEAM_WRITE, &page,
                       &guest->grant_handle) == 0) {
        guest->by_grant = true;
    } else if (seam_map_foreign(guest->domid, &mfn, 1, SEAM_READ | SEAM_WRITE, &page) != 0) {
        return -EIO;
    }
    guest->page = page;
    return 0;
}

static void guest_free(struct guest_client *guest)
{
    if (guest->port > 0) {
        (void)seam_event_close(state.events, (uint32_t)guest->port);
    }
    if (guest->page != NULL) {
        guest_unmap(guest);
    }
    free(guest);
}

/* Its ring as the connection says, which becomes the guest's. */
static int guest_connect(struct store_connection *connection)
{
    struct guest_client *guest = calloc(1, sizeof(*guest));

    if (guest == NULL) {
        return -ENOMEM;
    }
    guest->domid = connection->domid;
    guest->connection = connection;
    if (guest_map(guest, connection->ring_mfn) == 0) {
        guest->port =
            seam_event_bind_interdomain(state.events, guest->domid, connection->ring_port);
    }
    if (guest->port <= 0) {
        guest_free(guest);
        return -EINVAL;
    }
    guest->page->server_features = XENSTORE_SERVER_FEATURE_ERROR;
    guest->page->connection = XENSTORE_CONNECTED;
    guest->next = state.guests;
    state.guests = guest;
    return 0;
}

static int guest_introduce(void *data, uint16_t domid, uint64_t mfn, uint32_t port)
{
    struct store_connection *connection;
    int error;
    (void)data;
    if (guest_find(domid) != NULL) {
        return 0;
    }
    connection = connection_create(state.store, domid);
    if (connection == NULL) {
        return -ENOMEM;
    }
    connection->ring_mfn = mfn;
    connection->ring_port = port;
    error = guest_connect(connection);
    if (error != 0) {
        connection_destroy(connection);
        return error;
    }
    journal_introduce(state.store, connection);
    return 0;
}

/* A guest whose domain is gone, or whose ring is, is as one that ended. */
static void guests_take_back(void)
{
    for (struct store_connection *connection = state.store->connections, *next; connection != NULL;
         connection = next) {
        next = connection->next;
        if (connection->domid != 0 && guest_connect(connection) != 0) {
            uint16_t domid = connection->domid;

            journal_release(state.store, domid);
            connection_destroy(connection);
            store_forget_domain(state.store, domid);
        }
    }
    state.unfinished = true; /* a request may wait in a ring, whose event the last dom0 had */
}

/* The journal goes on where the last dom0 left it. */
static void open_journal(void)
{
    bool is_old;
    void *memory = keep_take("store", JOURNAL_BYTES, &is_old);
    int error = memory != NULL ? journal_open(state.store, memory) : 0;

    if (error != 0) {
        fprintf(stderr, "xenstored: the last dom0's store is lost (%s)\n", strerror(-error));
    }
    guests_take_back();
    journal_commit(state.store);
}

static int guest_release(void *data, uint16_t domid)
{
    struct guest_client *guest = guest_find(domid);
    (void)data;
    if (guest == NULL) {
        return -ENOENT;
    }
    guest_drop(guest);
    return 0;
}

static bool guest_is_introduced(void *data, uint16_t domid)
{
    (void)data;
    return domid == PRIVILEGED_DOMID || guest_find(domid) != NULL;
}

/* VIRQ_DOM_EXC says that some domain shut down or died; who watches @releaseDomain looks for
 * itself. */
static void guests_check(void)
{
    for (struct guest_client *guest = state.guests, *next; guest != NULL; guest = next) {
        struct domain_info info;
        next = guest->next;
        if (domctl_info(guest->domid, &info) != 0 || info.dying) {
            guest_drop(guest);
        }
    }
    watch_fire_special(state.store, "@releaseDomain");
}

/* --- local clients ---------------------------------------------------------------------------- */

static void local_drop(struct local_client *local)
{
    struct local_client **place = &state.locals;
    while (*place != local) {
        place = &(*place)->next;
    }
    *place = local->next;
    close(local->descriptor);
    connection_destroy(local->connection);
    free(local);
}

static void local_accept(void)
{
    int descriptor = seam_service_accept(state.listener);
    struct local_client *local;
    if (descriptor < 0) {
        return;
    }
    local = calloc(1, sizeof(*local));
    if (local != NULL) {
        local->connection = connection_create(state.store, PRIVILEGED_DOMID);
    }
    if (local == NULL || local->connection == NULL) {
        free(local);
        close(descriptor);
        return;
    }
    local->descriptor = descriptor;
    local->next = state.locals;
    state.locals = local;
}

static bool would_block(ssize_t result)
{
    return result < 0 && (errno == EAGAIN || errno == EINTR);
}

static void local_send(struct local_client *local)
{
    char bytes[XENSTORE_RING_SIZE];
    while (local->connection->queued != 0) {
        size_t count = connection_pending(local->connection, bytes, sizeof(bytes));
        ssize_t sent = write(local->descriptor, bytes, count);
        if (would_block(sent)) {
            return;
        }
        if (sent <= 0) {
            local->connection->failed = true;
            return;
        }
        connection_sent(local->connection, (size_t)sent);
    }
}

static void local_receive(struct local_client *local)
{
    char bytes[XENSTORE_RING_SIZE];
    ssize_t count = read(local->descriptor, bytes, sizeof(bytes));
    if (would_block(count)) {
        return;
    }
    /* Domain 0's connections are never made to wait, so all is taken or the protocol was broken. */
    if (count <= 0 ||
        connection_receive(local->connection, bytes, (size_t)count) != (size_t)count) {
        local->connection->failed = true;
    }
}

/* --- the loop --------------------------------------------------------------------------------- */

static void events_take(void)
{
    uint32_t ports[16];
    ssize_t size = read(state.events, ports, sizeof(ports));
    for (size_t i = 0; size > 0 && i < (size_t)size / sizeof(ports[0]); i++) {
        (void)seam_event_unmask(state.events, ports[i]);
        if ((int)ports[i] == state.exception_port) {
            guests_check();
        }
    }
}

/* Requests and replies of everybody: one client's change is another's watch event. */
static void exchange_all(void)
{
    state.unfinished = false;
    for (struct guest_client *guest = state.guests; guest != NULL; guest = guest->next) {
        guest_exchange(guest);
    }
    for (struct guest_client *guest = state.guests; guest != NULL; guest = guest->next) {
        if (guest->connection->queued != 0) {
            guest_exchange(guest);
        }
    }
    for (struct local_client *local = state.locals, *next; local != NULL; local = next) {
        next = local->next;
        local_send(local);
        if (local->connection->failed) {
            local_drop(local);
        }
    }
}

static size_t collect_waits(struct seam_wait *waits)
{
    size_t count = 2;
    waits[0] = (struct seam_wait){state.listener, SEAM_READ, 0};
    waits[1] = (struct seam_wait){state.events, SEAM_READ, 0};
    for (struct local_client *local = state.locals; local != NULL; local = local->next) {
        uint8_t want = SEAM_READ;
        if (local->connection->queued != 0) {
            want |= SEAM_WRITE;
        }
        waits[count++] = (struct seam_wait){local->descriptor, want, 0};
        if (count == MAX_LOCAL_CLIENTS + 2) {
            break;
        }
    }
    return count;
}

static void serve(void *unused)
{
    static struct seam_wait waits[MAX_LOCAL_CLIENTS + 2];
    (void)unused;
    for (;;) {
        size_t count = collect_waits(waits);
        /* A millisecond, not none: the other threads of dom0 want their turn, too. */
        if (seam_wait_any(waits, count, state.unfinished ? 1 : -1) < 0) {
            continue;
        }
        for (size_t i = 2; i < count; i++) {
            struct local_client *local = state.locals;
            while (local != NULL && local->descriptor != waits[i].descriptor) {
                local = local->next;
            }
            if (local != NULL && (waits[i].ready & SEAM_READ) != 0) {
                local_receive(local);
            }
        }
        if (waits[1].ready != 0) {
            events_take();
        }
        if (waits[0].ready != 0) {
            local_accept();
        }
        exchange_all();
    }
}

static void announce_domain0(void)
{
    size_t created;
    (void)tree_make(&state.store->root, "/local/domain/0/domid", 0, &created);
    (void)tree_set_value(&state.store->root, "/local/domain/0/domid", "0", 1);
    (void)tree_make(&state.store->root, "/local/domain/0/name", 0, &created);
    (void)tree_set_value(&state.store->root, "/local/domain/0/name", "Domain-0", 8);
}

/* Runs in the daemon's own process, so that its descriptors are its own. */
static void start_and_serve(void *result)
{
    static const struct store_hooks hooks = {guest_introduce, guest_release, guest_is_introduced,
                                             NULL};
    int *ready = result;
    state.store = store_create(&hooks);
    state.listener = seam_service_listen("store");
    state.events = seam_event_open();
    if (state.store == NULL || state.listener < 0 || state.events < 0) {
        *ready = -ENOMEM;
        return;
    }
    announce_domain0();
    open_journal();
    state.exception_port = seam_event_bind_virq(state.events, VIRQ_DOM_EXC);
    if (state.exception_port < 0) {
        fprintf(stderr,
                "xenstored: VIRQ_DOM_EXC cannot be bound (%d): deaths of domains go unnoticed\n",
                state.exception_port);
    }
    *ready = 1;
    serve(NULL);
}

int xenstored_start(void)
{
    static int ready;
    int error = seam_thread_start("xenstored", start_and_serve, &ready);
    while (error == 0 && ready == 0) {
        (void)seam_wait_any(NULL, 0, 1);
    }
    return error != 0 ? error : ready < 0 ? ready : 0;
}

/* SPDX-License-Identifier: MIT */
/* The journal: a store that is dropped without a word comes back from the same memory. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/xenstored/journal_format.h"
#include "xenstored_client.h"

#define EXPECT(text, call)                                   \
    do {                                                     \
        const char *got_ = (call);                           \
        cr_expect_str_eq(got_, text, "%s: %s", #call, got_); \
    } while (0)

static struct store *store;
static struct store_connection *root, *guest;
static void *memory;

static struct store_connection *find(uint16_t domid)
{
    struct store_connection *connection = store->connections;

    while (connection != NULL && connection->domid != domid) {
        connection = connection->next;
    }
    return connection;
}

static void introduce(uint16_t domid)
{
    struct store_connection *connection = connection_create(store, domid);

    connection->ring_mfn = 0x1000u + domid;
    connection->ring_port = domid;
    journal_introduce(store, connection);
    journal_commit(store);
}

/* dom0 crashes: nobody closes anything. Then the next one's store. */
static int crash(void)
{
    int result;

    if (store != NULL) {
        journal_close(store); /* what follows is not written */
        store_destroy(store);
    }
    store = client_store();
    result = journal_open(store, memory);
    root = connection_create(store, 0);
    guest = find(7);
    return result;
}

static void set_up(void)
{
    memory = calloc(1, JOURNAL_BYTES);
    cr_assert_eq(crash(), 0);
    client_ask(root, XS_MKDIR, 0, 1, "/local/domain/7");
    client_ask(root, XS_SET_PERMS, 0, 2, "/local/domain/7", "n7");
    introduce(7);
    guest = find(7);
}

static void tear_down(void)
{
    store_destroy(store);
    free(memory);
}

TestSuite(xenstored_journal, .init = set_up, .fini = tear_down);

Test(xenstored_journal, nodes_rights_and_rings_come_back)
{
    EXPECT("OK", client_write(guest, 0, "data/a", "1"));
    EXPECT("OK", client_write(root, 0, "/tool/x", "two"));
    client_ask(root, XS_SET_PERMS, 0, 3, "/tool/x", "n0", "r7");
    EXPECT("OK", client_write(guest, 0, "gone", "1"));
    client_ask(guest, XS_RM, 0, 1, "gone");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(crash(), 0);
        EXPECT("1", client_ask(root, XS_READ, 0, 1, "/local/domain/7/data/a"));
        EXPECT("n7", client_ask(root, XS_GET_PERMS, 0, 1, "/local/domain/7/data/a"));
        EXPECT("two", client_ask(guest, XS_READ, 0, 1, "/tool/x"));
        EXPECT("E:ENOENT", client_ask(root, XS_READ, 0, 1, "/local/domain/7/gone"));
        cr_expect_eq(guest->ring_mfn, 0x1007);
        cr_expect_eq(guest->ring_port, 7);
        cr_expect_eq(guest->domain->nr_nodes, 3, "XS3: %zu", guest->domain->nr_nodes);
    }
}

Test(xenstored_journal, a_domain_that_was_released_does_not_come_back)
{
    introduce(9);
    journal_release(store, 9);
    connection_destroy(find(9));
    store_forget_domain(store, 9);
    journal_commit(store);
    cr_assert_eq(crash(), 0);
    cr_expect_null(find(9));
    cr_expect_not_null(guest);
}

Test(xenstored_journal, watches_come_back_and_fire_once)
{
    client_ask(guest, XS_WATCH, 0, 2, "data", "token");
    client_ask(guest, XS_WATCH, 0, 2, "other", "t2");
    client_ask(guest, XS_UNWATCH, 0, 2, "other", "t2");
    cr_assert_eq(crash(), 0);
    EXPECT("data token", client_event(guest));
    EXPECT("", client_event(guest));
    client_write(root, 0, "/local/domain/7/data/b", "x");
    EXPECT("data/b token", client_event(guest));
}

Test(xenstored_journal, an_open_transaction_ends_with_EAGAIN)
{
    uint32_t id = (uint32_t)atoi(client_ask(guest, XS_TRANSACTION_START, 0, 1, ""));

    EXPECT("OK", client_write(guest, id, "data/in", "1"));
    cr_assert_eq(crash(), 0);
    EXPECT("E:ENOENT", client_ask(root, XS_READ, 0, 1, "/local/domain/7/data/in"));
    EXPECT("OK", client_write(guest, id, "data/in", "2"));
    EXPECT("E:EAGAIN", client_ask(guest, XS_TRANSACTION_END, id, 1, "T"));
    EXPECT("E:ENOENT", client_ask(root, XS_READ, 0, 1, "/local/domain/7/data/in"));
    EXPECT("E:ENOENT", client_ask(guest, XS_TRANSACTION_END, id, 1, "T"));
}

Test(xenstored_journal, XJ1_a_transactions_changes_come_together_or_not_at_all)
{
    uint32_t id = (uint32_t)atoi(client_ask(root, XS_TRANSACTION_START, 0, 1, ""));
    struct journal_header *header = memory;

    client_write(root, id, "/tool/a", "1");
    client_write(root, id, "/tool/b", "1");
    uint32_t before = header->end[header->active];
    EXPECT("OK", client_ask(root, XS_TRANSACTION_END, id, 1, "T"));
    header->end[header->active] = before; /* the crash came before it was published */
    cr_assert_eq(crash(), 0);
    EXPECT("E:ENOENT", client_ask(root, XS_READ, 0, 1, "/tool/a"));
    EXPECT("E:ENOENT", client_ask(root, XS_READ, 0, 1, "/tool/b"));
}

Test(xenstored_journal, half_a_request_and_half_a_reply_come_back)
{
    struct xsd_sockmsg header = {XS_READ, 5, 0, 5};
    unsigned char bytes[64];
    struct client_message message;

    client_write(root, 0, "/local/domain/7/name", "sevenseven");
    client_send(guest, XS_READ, 0, "name", 5);
    connection_sent(guest, 20); /* the header and four bytes went into the ring */
    connection_receive(guest, &header, sizeof(header));
    journal_rest(guest);
    journal_commit(store);
    cr_assert_eq(crash(), 0);
    cr_expect_eq(connection_pending(guest, bytes, sizeof(bytes)), 6);
    cr_expect_eq(memcmp(bytes, "nseven", 6), 0);
    connection_sent(guest, 6);
    connection_receive(guest, "name", 5);
    cr_assert(client_take(guest, &message));
    cr_expect_eq(message.header.req_id, 5);
    cr_expect_str_eq(message.payload, "sevenseven");
}

Test(xenstored_journal, XJ2_a_torn_or_damaged_record_ends_the_journal)
{
    struct journal_header *header = memory;
    uint32_t before;

    client_write(root, 0, "/tool/a", "1");
    before = header->end[header->active];
    client_write(root, 0, "/tool/b", "1");
    struct store_journal view = {.header = header};
    journal_half(&view, header->active)[before + sizeof(struct record) + 3] ^= 1;
    cr_assert_eq(crash(), 0);
    EXPECT("1", client_ask(root, XS_READ, 0, 1, "/tool/a"));
    EXPECT("E:ENOENT", client_ask(root, XS_READ, 0, 1, "/tool/b"));
}

Test(xenstored_journal, damage_anywhere_is_survived)
{
    unsigned char *bytes = memory;
    uint32_t seed = 1;

    for (int i = 0; i < 40; i++) {
        char path[32];

        snprintf(path, sizeof(path), "/tool/n%d", i);
        client_write(root, 0, path, "value");
    }
    for (int round = 0; round < 300; round++) {
        struct journal_header *header = memory;
        size_t span = sizeof(*header) + JOURNAL_HALF + header->end[header->active & 1] % 8192;

        for (int i = 0; i < 3; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[(seed >> 4) % span % JOURNAL_BYTES] ^= (unsigned char)(1u << (seed & 7));
        }
        (void)crash();
        EXPECT("OK", client_write(root, 0, "/tool/after", "1"));
    }
}

Test(xenstored_journal, it_is_written_anew_when_full)
{
    char value[1024];

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (int i = 0; i < 6000; i++) {
        value[0] = (char)('a' + i % 26);
        EXPECT("OK", client_write(root, 0, i % 2 != 0 ? "/tool/one" : "/tool/two", value));
    }
    cr_assert_eq(crash(), 0);
    EXPECT(value, client_ask(root, XS_READ, 0, 1, "/tool/one"));
    cr_expect_not_null(guest);
}

Test(xenstored_journal, XJ3_a_guest_with_a_large_store_loses_its_own_nodes_only)
{
    char value[2048], path[32];

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 800; i++) {
            snprintf(path, sizeof(path), "data/n%d", i);
            EXPECT("OK", client_write(guest, 0, path, value));
        }
    }
    client_write(root, 0, "/tool/kept", "1");
    cr_assert_eq(crash(), 0);
    EXPECT("1", client_ask(root, XS_READ, 0, 1, "/tool/kept"));
    EXPECT("n7", client_ask(root, XS_GET_PERMS, 0, 1, "/local/domain/7"));
    cr_expect_not_null(guest);
}

Test(xenstored_journal, a_store_that_is_too_large_is_said_to_be_lost_until_it_fits)
{
    char value[4000], path[32];

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (int i = 0; i < 400; i++) {
        snprintf(path, sizeof(path), "/tool/n%d", i);
        EXPECT("OK", client_write(root, 0, path, value));
    }
    cr_assert_eq(((struct journal_header *)memory)->lost, 1);
    for (int i = 0; i < 5000; i++) {
        snprintf(path, sizeof(path), "/tool/n%d", i % 400);
        EXPECT("OK", client_write(root, 0, path, ""));
    }
    cr_assert_eq(((struct journal_header *)memory)->lost, 0);
    cr_assert_eq(crash(), 0);
    cr_expect_not_null(guest);
    for (int i = 0; i < 400; i++) {
        snprintf(path, sizeof(path), "/tool/n%d", i);
        EXPECT("OK", client_write(root, 0, path, value));
    }
    cr_assert_lt(crash(), 0);
}

/* SPDX-License-Identifier: MIT */
/* The store as clients see it: each request, its errors, rights, watches, transactions, quotas,
 * hostile bytes. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "dom0-tools/xenstored/ring.h"
#include "xenstored_client.h"

#define EXPECT(text, call)                                   \
    do {                                                     \
        const char *got_ = (call);                           \
        cr_expect_str_eq(got_, text, "%s: %s", #call, got_); \
    } while (0)

static struct store *store;
static struct store_connection *root, *guest, *other;

static void set_up(void)
{
    store = client_store();
    root = connection_create(store, 0);
    guest = connection_create(store, 7);
    other = connection_create(store, 8);
    client_ask(root, XS_MKDIR, 0, 1, "/local/domain/7");
    client_ask(root, XS_SET_PERMS, 0, 2, "/local/domain/7", "n7");
    client_ask(root, XS_MKDIR, 0, 1, "/local/domain/8");
    client_ask(root, XS_SET_PERMS, 0, 2, "/local/domain/8", "n8");
}

static void tear_down(void)
{
    store_destroy(store);
}

TestSuite(xenstored, .init = set_up, .fini = tear_down);

Test(xenstored, relative_paths_mean_the_domains_own_directory)
{
    EXPECT("OK", client_write(guest, 0, "name", "x"));
    EXPECT("x", client_ask(root, XS_READ, 0, 1, "/local/domain/7/name"));
    EXPECT("x", client_ask(guest, XS_READ, 0, 1, "/local/domain/7/name"));
}

Test(xenstored, a_new_node_belongs_to_its_maker_with_the_parents_other_rights)
{
    EXPECT("OK", client_write(guest, 0, "a/b", "x"));
    EXPECT("n7", client_ask(root, XS_GET_PERMS, 0, 1, "/local/domain/7/a/b"));
}

Test(xenstored, bad_paths_are_EINVAL)
{
    static const char *const bad[] = {"", "/", "//a", "/a/", "/a b", "@other", "/a//b", "a\x80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *got = client_write(root, 0, bad[i], "x");
        cr_expect_str_eq(got, i == 1 ? "OK" : "E:EINVAL", "'%s': %s", bad[i], got);
    }
    char deep[300] = "";
    for (int i = 0; i < 65; i++) {
        strcat(deep, "/a");
    }
    EXPECT("E:EINVAL", client_write(root, 0, deep, "x"));
}

Test(xenstored, reading_what_is_not_there_is_ENOENT_and_what_is_not_ones_own_EACCES)
{
    EXPECT("E:ENOENT", client_ask(guest, XS_READ, 0, 1, "nothing"));
    EXPECT("E:EACCES", client_ask(guest, XS_READ, 0, 1, "/local/domain/8/nothing"));
    client_write(other, 0, "secret", "s");
    EXPECT("E:EACCES", client_ask(guest, XS_READ, 0, 1, "/local/domain/8/secret"));
    EXPECT("E:EACCES", client_write(guest, 0, "/local/domain/8/secret", "x"));
    EXPECT("E:EACCES", client_ask(guest, XS_RM, 0, 1, "/local/domain/8/secret"));
    EXPECT("E:EACCES", client_ask(guest, XS_MKDIR, 0, 1, "/elsewhere"));
    EXPECT("E:EACCES", client_ask(guest, XS_SET_PERMS, 0, 2, "/local/domain/8/secret", "n7"));
}

Test(xenstored, a_node_may_be_shared_but_not_given_away)
{
    client_write(guest, 0, "data", "v");
    EXPECT("OK", client_ask(guest, XS_SET_PERMS, 0, 3, "data", "n7", "r8"));
    EXPECT("v", client_ask(other, XS_READ, 0, 1, "/local/domain/7/data"));
    EXPECT("E:EACCES", client_write(other, 0, "/local/domain/7/data", "x"));
    EXPECT("E:EPERM", client_ask(guest, XS_SET_PERMS, 0, 2, "data", "n8"));
    EXPECT("E:EINVAL", client_ask(guest, XS_SET_PERMS, 0, 2, "data", "x7"));
    EXPECT("E:EINVAL", client_ask(guest, XS_SET_PERMS, 0, 1, "data"));
}

Test(xenstored, directories_list_their_children)
{
    client_write(guest, 0, "d/b", "");
    client_write(guest, 0, "d/a", "");
    EXPECT("a", client_ask(guest, XS_DIRECTORY, 0, 1, "d"));
    EXPECT("", client_ask(guest, XS_DIRECTORY, 0, 1, "d/a"));
    EXPECT("E:ENOENT", client_ask(guest, XS_DIRECTORY, 0, 1, "e"));
}

Test(xenstored, a_long_directory_comes_in_parts)
{
    char path[64];
    size_t names = 0, offset = 0;
    struct client_message message;
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), "/many/node-%04d", i);
        client_write(root, 0, path, "");
    }
    EXPECT("E:E2BIG", client_ask(root, XS_DIRECTORY, 0, 1, "/many"));
    for (bool ended = false; !ended;) {
        char payload[64];
        int length = snprintf(payload, sizeof(payload), "/many%c%zu", '\0', offset) + 1;
        client_send(root, XS_DIRECTORY_PART, 0, payload, (size_t)length);
        cr_assert(client_take(root, &message));
        cr_assert_eq(message.header.type, XS_DIRECTORY_PART);
        size_t at = strlen(message.payload) + 1;
        while (at < message.header.len) {
            size_t size = strlen(message.payload + at) + 1;
            ended = size == 1;
            names += size > 1;
            offset += size;
            at += size;
        }
    }
    cr_expect_eq(names, 500);
}

Test(xenstored, removing_takes_all_below_and_an_absent_node_is_fine)
{
    client_write(guest, 0, "a/b/c", "x");
    EXPECT("OK", client_ask(guest, XS_RM, 0, 1, "a"));
    EXPECT("E:ENOENT", client_ask(guest, XS_READ, 0, 1, "a/b/c"));
    EXPECT("OK", client_ask(guest, XS_RM, 0, 1, "a"));
    EXPECT("E:ENOENT", client_ask(guest, XS_RM, 0, 1, "x/y/z"));
}

Test(xenstored, a_watch_fires_at_once_and_then_on_every_change_below)
{
    EXPECT("OK", client_ask(guest, XS_WATCH, 0, 2, "device", "t1"));
    EXPECT("device t1", client_event(guest));
    client_write(root, 0, "/local/domain/7/device/vbd/0/state", "1");
    EXPECT("device/vbd/0/state t1", client_event(guest));
    client_write(root, 0, "/local/domain/7/other", "1");
    EXPECT("", client_event(guest));
    EXPECT("E:EEXIST", client_ask(guest, XS_WATCH, 0, 2, "device", "t1"));
    EXPECT("OK", client_ask(guest, XS_UNWATCH, 0, 2, "device", "t1"));
    EXPECT("E:ENOENT", client_ask(guest, XS_UNWATCH, 0, 2, "device", "t1"));
    client_write(root, 0, "/local/domain/7/device/x", "1");
    EXPECT("", client_event(guest));
}

Test(xenstored, removing_a_tree_fires_the_watches_inside_it)
{
    client_write(guest, 0, "a/b/c", "x");
    client_ask(guest, XS_WATCH, 0, 2, "a/b/c", "deep");
    client_event(guest);
    client_ask(root, XS_RM, 0, 1, "/local/domain/7/a");
    EXPECT("a/b/c deep", client_event(guest));
}

Test(xenstored, XS5_nobody_hears_of_a_node_he_may_not_read)
{
    client_ask(guest, XS_WATCH, 0, 2, "/local/domain/8/secret", "spy");
    client_event(guest);
    client_write(other, 0, "secret", "s");
    EXPECT("", client_event(guest));
    client_ask(other, XS_RM, 0, 1, "secret");
    EXPECT("", client_event(guest));
    EXPECT("E:EACCES", client_ask(guest, XS_WATCH, 0, 2, "@releaseDomain", "spy"));
}

Test(xenstored, introduction_and_release_are_domain_0s_and_fire)
{
    EXPECT("OK", client_ask(root, XS_WATCH, 0, 2, "@introduceDomain", "i"));
    EXPECT("@introduceDomain i", client_event(root));
    EXPECT("OK", client_ask(root, XS_INTRODUCE, 0, 3, "9", "1234", "5"));
    EXPECT("@introduceDomain i", client_event(root));
    EXPECT("E:EINVAL", client_ask(root, XS_INTRODUCE, 0, 3, "9", "0", "5"));
    EXPECT("E:EINVAL", client_ask(root, XS_INTRODUCE, 0, 2, "9", "1"));
    EXPECT("E:EINVAL", client_ask(root, XS_INTRODUCE, 0, 3, "99999", "1", "5"));
    EXPECT("E:EACCES", client_ask(guest, XS_INTRODUCE, 0, 3, "9", "1234", "5"));
    EXPECT("E:EACCES", client_ask(guest, XS_RELEASE, 0, 1, "8"));
    EXPECT("E:ENOENT", client_ask(root, XS_RELEASE, 0, 1, "99"));
    EXPECT("T", client_ask(root, XS_IS_DOMAIN_INTRODUCED, 0, 1, "7"));
    EXPECT("F", client_ask(root, XS_IS_DOMAIN_INTRODUCED, 0, 1, "10"));
    EXPECT("/local/domain/12", client_ask(guest, XS_GET_DOMAIN_PATH, 0, 1, "12"));
    EXPECT("E:EACCES", client_ask(guest, XS_CONTROL, 0, 2, "age", "/"));
    EXPECT("E:EINVAL", client_ask(root, XS_CONTROL, 0, 1, "age"));
    EXPECT("E:EINVAL", client_ask(root, XS_CONTROL, 0, 2, "check", "/"));
    EXPECT("E:ENOENT", client_ask(root, XS_CONTROL, 0, 2, "age", "/none"));
}

static uint32_t begin(struct store_connection *connection)
{
    uint32_t id = 0;
    sscanf(client_ask(connection, XS_TRANSACTION_START, 0, 1, ""), "%u", &id);
    cr_assert_neq(id, 0);
    return id;
}

Test(xenstored, a_transaction_is_seen_by_nobody_until_it_commits)
{
    uint32_t t = begin(guest);
    EXPECT("OK", client_write(guest, t, "a", "1"));
    EXPECT("1", client_ask(guest, XS_READ, t, 1, "a"));
    EXPECT("E:ENOENT", client_ask(guest, XS_READ, 0, 1, "a"));
    EXPECT("OK", client_ask(guest, XS_TRANSACTION_END, t, 1, "T"));
    EXPECT("1", client_ask(guest, XS_READ, 0, 1, "a"));
    EXPECT("E:ENOENT", client_ask(guest, XS_TRANSACTION_END, t, 1, "T"));
}

Test(xenstored, an_aborted_transaction_leaves_nothing)
{
    uint32_t t = begin(guest);
    client_write(guest, t, "a", "1");
    EXPECT("OK", client_ask(guest, XS_TRANSACTION_END, t, 1, "F"));
    EXPECT("E:ENOENT", client_ask(guest, XS_READ, 0, 1, "a"));
    cr_expect_eq(store_domain_find(store, 7)->nr_nodes, 1);
}

Test(xenstored, whoever_read_what_another_changed_gets_EAGAIN)
{
    client_write(guest, 0, "a", "1");
    uint32_t t = begin(guest);
    client_ask(guest, XS_READ, t, 1, "a");
    client_write(guest, t, "b", "2");
    client_write(root, 0, "/local/domain/7/a", "changed");
    EXPECT("E:EAGAIN", client_ask(guest, XS_TRANSACTION_END, t, 1, "T"));
    EXPECT("E:ENOENT", client_ask(guest, XS_READ, 0, 1, "b"));
}

Test(xenstored, transactions_on_different_nodes_do_not_conflict)
{
    uint32_t t = begin(guest);
    client_write(guest, t, "a", "1");
    client_write(other, 0, "x", "1");
    client_write(guest, 0, "unrelated", "1");
    EXPECT("OK", client_ask(guest, XS_TRANSACTION_END, t, 1, "T"));
}

Test(xenstored, watches_fire_when_a_transaction_commits_not_before)
{
    client_ask(root, XS_WATCH, 0, 2, "/local/domain/7/a", "w");
    client_event(root);
    uint32_t t = begin(guest);
    client_write(guest, t, "a", "1");
    EXPECT("", client_event(root));
    client_ask(guest, XS_TRANSACTION_END, t, 1, "T");
    EXPECT("/local/domain/7/a w", client_event(root));
}

Test(xenstored, XS3_nodes_are_counted_and_bounded)
{
    char path[32];
    int made = 0;
    for (int i = 0; i < 1100; i++) {
        snprintf(path, sizeof(path), "n/%d", i);
        made += strcmp(client_write(guest, 0, path, ""), "OK") == 0;
    }
    cr_expect_eq(made, 998, "%d", made); /* its home and n/ count too */
    EXPECT("E:ENOSPC", client_write(guest, 0, "one-more", ""));
    EXPECT("OK", client_ask(guest, XS_RM, 0, 1, "n"));
    cr_expect_eq(store_domain_find(store, 7)->nr_nodes, 1);
    EXPECT("OK", client_write(guest, 0, "one-more", ""));
}

Test(xenstored, XS3_the_bound_holds_inside_a_transaction_too)
{
    char path[32];
    uint32_t t = begin(guest);
    int made = 0;
    for (int i = 0; i < 1100; i++) {
        snprintf(path, sizeof(path), "n/%d", i);
        made += strcmp(client_write(guest, t, path, ""), "OK") == 0;
    }
    cr_expect_eq(made, 998, "%d", made);
    EXPECT("OK", client_ask(guest, XS_TRANSACTION_END, t, 1, "T"));
    cr_expect_eq(store_domain_find(store, 7)->nr_nodes, 1000);
}

Test(xenstored, watches_transactions_and_values_are_bounded)
{
    char token[16], value[2050];
    int set = 0, begun = 0;
    for (int i = 0; i < 140; i++) {
        snprintf(token, sizeof(token), "%d", i);
        set += strcmp(client_ask(guest, XS_WATCH, 0, 2, "x", token), "OK") == 0;
        while (client_event(guest)[0] != '\0') {
        }
    }
    cr_expect_eq(set, 128);
    for (int i = 0; i < 12; i++) {
        begun += client_ask(guest, XS_TRANSACTION_START, 0, 1, "")[0] != 'E';
    }
    cr_expect_eq(begun, 10);
    memset(value, 'v', sizeof(value));
    value[2048] = '\0';
    EXPECT("OK", client_write(guest, 0, "v", value));
    value[2048] = 'v';
    value[2049] = '\0';
    EXPECT("E:ENOSPC", client_write(guest, 0, "v", value));
    EXPECT("OK", client_ask(guest, XS_RESET_WATCHES, 0, 1, ""));
    cr_expect_eq(store_domain_find(store, 7)->nr_watches, 0);
    cr_expect_eq(store_domain_find(store, 7)->nr_transactions, 0);
}

Test(xenstored, XS6_who_never_reads_replies_is_made_to_wait)
{
    struct xsd_sockmsg header = {XS_READ, 1, 0, 4};
    unsigned char request[sizeof(header) + 4];
    size_t taken = 0;
    memcpy(request, &header, sizeof(header));
    memcpy(request + sizeof(header), "abc", 4);
    for (int i = 0; i < 10000; i++) {
        taken += connection_receive(guest, request, sizeof(request));
    }
    cr_expect_lt(guest->queued, 20000);
    cr_expect_lt(taken, 10000 * sizeof(request));
    cr_expect_not(guest->failed);
}

Test(xenstored, XS6_the_same_event_is_queued_once)
{
    client_ask(guest, XS_WATCH, 0, 2, "a", "t");
    client_event(guest);
    for (int i = 0; i < 1000; i++) {
        client_write(root, 0, "/local/domain/7/a", "x");
    }
    EXPECT("a t", client_event(guest));
    EXPECT("", client_event(guest));
}

Test(xenstored, garbage_is_refused_and_a_long_header_ends_the_connection)
{
    struct xsd_sockmsg header = {XS_READ, 1, 0, 4097};
    EXPECT("E:ENOSYS", client_ask(guest, 255, 0, 1, "x"));
    EXPECT("E:EACCES", client_ask(guest, XS_CONTROL, 0, 1, "x"));
    EXPECT("E:ENOENT", client_ask(guest, XS_READ, 77, 1, "x"));
    client_send(guest, XS_READ, 0, "abc", 3);
    EXPECT("", client_event(guest)); /* the error reply, which is no event */
    client_send(guest, XS_WATCH, 0, "abc", 4);
    EXPECT("", client_event(guest));
    connection_receive(guest, &header, sizeof(header));
    cr_expect(guest->failed);
}

/* A guest on a processor of its own: its request ring, full of the same whole requests, is always full again, its replies are always read. */
static struct xenstore_domain_interface endless;
static bool endless_runs, endless_stop;

static void *refill(void *unused)
{
    (void)unused;
    __atomic_store_n(&endless_runs, true, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&endless_stop, __ATOMIC_ACQUIRE)) {
        uint32_t taken = __atomic_load_n(&endless.req_cons, __ATOMIC_ACQUIRE);
        uint32_t answered = __atomic_load_n(&endless.rsp_prod, __ATOMIC_ACQUIRE);
        __atomic_store_n(&endless.req_prod, taken + XENSTORE_RING_SIZE, __ATOMIC_RELEASE);
        __atomic_store_n(&endless.rsp_cons, answered, __ATOMIC_RELEASE);
    }
    return NULL;
}

Test(xenstored, a_guest_that_never_lets_its_ring_run_dry_gets_a_turn_not_the_daemon, .timeout = 20)
{
    struct xsd_sockmsg header = {XS_READ, 1, 0, 16};
    bool more = false;
    pthread_t writer;

    for (size_t at = 0; at < XENSTORE_RING_SIZE; at += 32) {
        memcpy(endless.req + at, &header, sizeof(header));
        memcpy(endless.req + at + sizeof(header), "aaaaaaaaaaaaaaa", 16);
    }
    endless.req_prod = XENSTORE_RING_SIZE;
    cr_assert_eq(pthread_create(&writer, NULL, refill, NULL), 0);
    while (!__atomic_load_n(&endless_runs, __ATOMIC_ACQUIRE)) {
    }
    for (int turn = 0; turn < 200; turn++) {
        uint32_t before = endless.req_cons;
        ring_exchange(&endless, guest, &more);
        cr_expect_leq(endless.req_cons - before, RING_ROUNDS * XENSTORE_RING_SIZE);
        cr_expect_not(guest->failed);
    }
    __atomic_store_n(&endless_stop, true, __ATOMIC_RELEASE);
    pthread_join(writer, NULL);
}

Test(xenstored, an_index_beyond_the_ring_breaks_it)
{
    static struct xenstore_domain_interface page = {.req_prod = XENSTORE_RING_SIZE + 1};
    bool more = false;

    cr_expect(ring_exchange(&page, guest, &more));
    cr_expect(guest->failed);
    cr_expect_not(more);
    cr_expect_eq(page.error, XENSTORE_ERROR_RINGIDX);
}

Test(xenstored, a_dead_domains_nodes_are_domain_0s_when_its_id_comes_back)
{
    client_write(guest, 0, "secret", "old");
    connection_destroy(guest);
    store_forget_domain(store, 7);
    guest = connection_create(store, 7);
    EXPECT("E:EACCES", client_ask(guest, XS_READ, 0, 1, "/local/domain/7/secret"));
    EXPECT("old", client_ask(root, XS_READ, 0, 1, "/local/domain/7/secret"));
}

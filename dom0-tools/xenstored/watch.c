/* SPDX-License-Identifier: MIT */
/*
 * Watches. They hang in a hash by their path; a change looks up its own path and each one above it,
 * so that a change costs what its path is long, however many watches there are. Invariant XS5
 * (store.h): who may not read a node is not told that it changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"

static unsigned int bucket_of(const char *path, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)path[i]) * 16777619u;
    }
    return hash % WATCH_BUCKETS;
}

/* One event for the same watch and path is enough while the client has not read it. */
static bool is_queued(const struct store_connection *connection, const char *payload, size_t length)
{
    for (const struct store_message *m = connection->output; m != NULL; m = m->next) {
        struct xsd_sockmsg header;
        memcpy(&header, m->bytes, sizeof(header));
        if (m->sent == 0 && header.type == XS_WATCH_EVENT && header.len == length &&
            memcmp(m->bytes + sizeof(header), payload, length) == 0) {
            return true;
        }
    }
    return false;
}

static void queue_event(struct store_watch *watch, const char *path)
{
    struct xsd_sockmsg header = {XS_WATCH_EVENT, 0, 0, 0};
    char payload[XENSTORE_PAYLOAD_MAX];
    const char *shown = path + watch->strip;
    size_t path_size = strlen(shown) + 1, token_size = strlen(watch->token) + 1;
    if (path_size + token_size > sizeof(payload)) {
        return;
    }
    memcpy(payload, shown, path_size);
    memcpy(payload + path_size, watch->token, token_size);
    if (!is_queued(watch->connection, payload, path_size + token_size) &&
        connection_queue(watch->connection, &header, payload, path_size + token_size) != 0) {
        watch->connection->failed = true;
    }
}

static bool may_know(const struct store_watch *watch, struct store_node *root, const char *path)
{
    return tree_may(tree_find_nearest(root, path), watch->connection->domid, STORE_ACCESS_READ);
}

/* Fires the watches set on exactly the first `length` bytes of path; they report `path`. */
static void fire_at(struct store *store, struct store_node *root, const char *path, size_t length)
{
    struct store_watch *watch = store->watch_buckets[bucket_of(path, length)];
    for (; watch != NULL; watch = watch->next_in_bucket) {
        if (strncmp(watch->path, path, length) == 0 && watch->path[length] == '\0' &&
            may_know(watch, root, path)) {
            queue_event(watch, path);
        }
    }
}

void watch_fire(struct store *store, struct store_node *root, const char *path)
{
    size_t length = strlen(path);
    for (size_t i = length; i > 0; i--) {
        if (i == length || path[i] == '/') {
            fire_at(store, root, path, i);
        }
    }
    if (length > 1) {
        fire_at(store, root, "/", 1);
    }
}

struct removal {
    struct store *store;
    struct store_node *root;
    const char *top;
};

static void fire_below(const struct store_node *node, const char *path, void *data)
{
    const struct removal *removal = data;
    (void)node;
    if (strcmp(path, removal->top) != 0) {
        fire_at(removal->store, removal->root, path, strlen(path));
    }
}

void watch_fire_removal(struct store *store, struct store_node *root, const char *path)
{
    struct removal removal = {store, root, path};
    struct store_node *node = tree_find(root, path);
    watch_fire(store, root, path);
    if (node != NULL) {
        tree_walk(node, path, fire_below, &removal);
    }
}

void watch_fire_special(struct store *store, const char *name)
{
    size_t length = strlen(name);
    struct store_watch *watch = store->watch_buckets[bucket_of(name, length)];
    for (; watch != NULL; watch = watch->next_in_bucket) {
        if (strcmp(watch->path, name) == 0) {
            queue_event(watch, name);
        }
    }
}

static struct store_watch **find_of_connection(struct store_connection *connection,
                                               const char *path, const char *token)
{
    struct store_watch **place = &connection->watches;
    while (*place != NULL &&
           (strcmp((*place)->path, path) != 0 || strcmp((*place)->token, token) != 0)) {
        place = &(*place)->next_of_connection;
    }
    return place;
}

static void unhook_and_free(struct store_connection *connection, struct store_watch **place)
{
    struct store_watch *watch = *place;
    struct store_watch **bucket =
        &connection->store->watch_buckets[bucket_of(watch->path, strlen(watch->path))];
    while (*bucket != watch) {
        bucket = &(*bucket)->next_in_bucket;
    }
    *bucket = watch->next_in_bucket;
    *place = watch->next_of_connection;
    journal_watch(watch, false);
    connection->domain->nr_watches--;
    free(watch->path);
    free(watch->token);
    free(watch);
}

int watch_add(struct store_connection *connection, const char *path, size_t strip,
              const char *token)
{
    struct store_watch *watch;
    unsigned int bucket = bucket_of(path, strlen(path));
    if (*find_of_connection(connection, path, token) != NULL) {
        return -EEXIST;
    }
    if (connection->domid != 0 && path[0] == '@') {
        return -EACCES;
    }
    if (connection->domid != 0 && connection->domain->nr_watches >= QUOTA_WATCHES) {
        return -ENOSPC;
    }
    watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return -ENOMEM;
    }
    watch->path = strdup(path);
    watch->token = strdup(token);
    if (watch->path == NULL || watch->token == NULL) {
        free(watch->path);
        free(watch->token);
        free(watch);
        return -ENOMEM;
    }
    watch->strip = strip;
    watch->connection = connection;
    watch->next_of_connection = connection->watches;
    connection->watches = watch;
    watch->next_in_bucket = connection->store->watch_buckets[bucket];
    connection->store->watch_buckets[bucket] = watch;
    connection->domain->nr_watches++;
    journal_watch(watch, true);
    return 0;
}

void watch_fire_first(struct store_connection *connection)
{
    queue_event(connection->watches, connection->watches->path);
}

void watch_fire_own(struct store_connection *connection)
{
    for (struct store_watch *watch = connection->watches; watch != NULL;
         watch = watch->next_of_connection) {
        queue_event(watch, watch->path);
    }
}

int watch_remove(struct store_connection *connection, const char *path, const char *token)
{
    struct store_watch **place = find_of_connection(connection, path, token);
    if (*place == NULL) {
        return -ENOENT;
    }
    unhook_and_free(connection, place);
    return 0;
}

void watch_remove_all(struct store_connection *connection)
{
    while (connection->watches != NULL) {
        unhook_and_free(connection, &connection->watches);
    }
}

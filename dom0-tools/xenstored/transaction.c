/* SPDX-License-Identifier: MIT */
/*
 * Transactions, and changes outside them.
 *
 * A transaction works on its own snapshot and remembers which nodes it looked at and what it
 * changed. At its end every such node must still be as the transaction first saw it, else -EAGAIN;
 * then its changes are made again on the committed tree, all or none. A change outside a
 * transaction is made at once. Invariant XS3 (store.h): only apply() touches the committed tree's
 * count of nodes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"

struct store_transaction *transaction_find(struct store_connection *connection, uint32_t id)
{
    struct store_transaction *transaction = connection->transactions;
    while (transaction != NULL && transaction->id != id) {
        transaction = transaction->next;
    }
    return transaction;
}

int transaction_start(struct store_connection *connection, uint32_t *id)
{
    struct store_transaction *transaction;
    if (connection->domid != 0 && connection->domain->nr_transactions >= QUOTA_TRANSACTIONS) {
        return -ENOSPC;
    }
    transaction = calloc(1, sizeof(*transaction));
    if (transaction == NULL) {
        return -ENOMEM;
    }
    do {
        transaction->id = connection->next_transaction++;
    } while (transaction->id == 0 || transaction_find(connection, transaction->id) != NULL);
    transaction->start = tree_snapshot(connection->store->root);
    transaction->root = tree_snapshot(connection->store->root);
    transaction->last_change = &transaction->changes;
    transaction->next = connection->transactions;
    connection->transactions = transaction;
    connection->domain->nr_transactions++;
    *id = transaction->id;
    journal_transaction(connection, transaction->id, true);
    return 0;
}

static void change_free(struct store_change *change)
{
    free(change->path);
    free(change->data);
    free(change);
}

static void transaction_free(struct store_connection *connection,
                             struct store_transaction *transaction)
{
    struct store_transaction **place = &connection->transactions;
    while (*place != transaction) {
        place = &(*place)->next;
    }
    *place = transaction->next;
    journal_transaction(connection, transaction->id, false);
    while (transaction->changes != NULL) {
        struct store_change *change = transaction->changes;
        transaction->changes = change->next;
        change_free(change);
    }
    while (transaction->seen != NULL) {
        struct store_seen *seen = transaction->seen;
        transaction->seen = seen->next;
        free(seen->path);
        free(seen);
    }
    tree_release(transaction->start);
    tree_release(transaction->root);
    free(transaction);
    connection->domain->nr_transactions--;
}

void transaction_abort_all(struct store_connection *connection)
{
    while (connection->transactions != NULL) {
        transaction_free(connection, connection->transactions);
    }
}

struct store_node *transaction_root(struct store_connection *connection,
                                    struct store_transaction *transaction)
{
    return transaction != NULL ? transaction->root : connection->store->root;
}

static uint64_t generation_at(struct store_node *root, const char *path)
{
    const struct store_node *node = tree_find(root, path);
    return node != NULL ? node->generation : 0;
}

int transaction_note(struct store_connection *connection, struct store_transaction *transaction,
                     const char *path)
{
    struct store_seen *seen;
    if (transaction == NULL) {
        return 0;
    }
    for (seen = transaction->seen; seen != NULL; seen = seen->next) {
        if (strcmp(seen->path, path) == 0) {
            return 0;
        }
    }
    if (connection->domid != 0 && transaction->nr_seen >= QUOTA_TRANSACTION_NODES) {
        return -ENOSPC;
    }
    seen = calloc(1, sizeof(*seen));
    if (seen == NULL || (seen->path = strdup(path)) == NULL) {
        free(seen);
        return -ENOMEM;
    }
    seen->generation = generation_at(transaction->start, path);
    seen->next = transaction->seen;
    transaction->seen = seen;
    transaction->nr_seen++;
    return 0;
}

/* How many nodes a path lacks. */
static size_t missing_nodes(struct store_node *root, const char *path)
{
    size_t missing = 0;
    char prefix[XENSTORE_ABS_PATH_MAX + 1];
    size_t length = strlen(path);
    memcpy(prefix, path, length + 1);
    while (tree_find(root, prefix) == NULL) {
        missing++;
        *strrchr(prefix, '/') = '\0';
    }
    return missing;
}

/* The change on a tree, without counting. The path was checked; what can fail is memory, or a node
 * that is gone. */
static int apply_to(struct store_node **root, uint16_t domid, const struct store_change *change,
                    size_t *created)
{
    int error = 0;
    *created = 0;
    switch (change->kind) {
    case CHANGE_MAKE:
        return tree_make(root, change->path, domid, created);
    case CHANGE_WRITE:
        error = tree_make(root, change->path, domid, created);
        return error != 0 ? error
                          : tree_set_value(root, change->path, change->data, change->length);
    case CHANGE_REMOVE:
        return tree_remove(root, change->path);
    case CHANGE_PERMISSIONS:
        return tree_find(*root, change->path) == NULL
                   ? -ENOENT
                   : tree_set_permissions(root, change->path, change->data,
                                          change->length / sizeof(struct store_permission));
    }
    return -EINVAL;
}

/* The change on the committed tree, with the count of nodes (XS3). */
static int apply(struct store_connection *connection, const struct store_change *change)
{
    struct store *store = connection->store;
    struct store_node *top = tree_find(store->root, change->path);
    bool recount =
        top != NULL && (change->kind == CHANGE_REMOVE || change->kind == CHANGE_PERMISSIONS);
    size_t created;
    struct store_domain *owner;
    int error;
    if (recount && change->kind == CHANGE_REMOVE) {
        store_count_nodes(store, top, -1);
    } else if (recount && (owner = store_domain_find(store, tree_owner(top))) != NULL &&
               owner->nr_nodes > 0) {
        owner->nr_nodes--;
    }
    error = apply_to(&store->root, connection->domid, change, &created);
    top = tree_find(store->root, change->path);
    if (recount && change->kind == CHANGE_REMOVE && error != 0 && top != NULL) {
        store_count_nodes(store, top, 1);
    } else if (recount && change->kind == CHANGE_PERMISSIONS && top != NULL) {
        store_count_owner(store, tree_owner(top), 1);
    } else if (created != 0 && top != NULL) {
        store_count_owner(store, tree_owner(top), created);
    }
    return error;
}

static void fire(struct store *store, const struct store_change *change)
{
    if (change->kind == CHANGE_REMOVE) {
        watch_fire_removal(store, store->root, change->path);
    } else {
        watch_fire(store, store->root, change->path);
    }
}

/* One change outside a transaction, or remembered in one. Takes over nothing. */
static int make_change(struct store_connection *connection, struct store_transaction *transaction,
                       struct store_change *change)
{
    struct store *store = connection->store;
    size_t created;
    int error;
    if (transaction == NULL) {
        if (change->kind == CHANGE_REMOVE) {
            fire(store, change); /* while the nodes still say who may know */
        }
        error = apply(connection, change);
        if (error == 0) {
            journal_change(store, connection->domid, change);
        }
        if (error == 0 && change->kind != CHANGE_REMOVE) {
            fire(store, change);
        }
        return error;
    }
    struct store_change *copy = calloc(1, sizeof(*copy));
    if (copy == NULL) {
        return -ENOMEM;
    }
    copy->kind = change->kind;
    copy->length = change->length;
    copy->path = strdup(change->path);
    copy->data = malloc(change->length + 1);
    if (copy->path == NULL || copy->data == NULL) {
        change_free(copy);
        return -ENOMEM;
    }
    if (change->length != 0) {
        memcpy(copy->data, change->data, change->length);
    }
    error = apply_to(&transaction->root, connection->domid, copy, &created);
    if (error != 0) {
        change_free(copy);
        return error;
    }
    transaction->nr_created += created;
    *transaction->last_change = copy;
    transaction->last_change = &copy->next;
    return 0;
}

static bool quota_allows(struct store_connection *connection, struct store_transaction *transaction,
                         const char *path)
{
    size_t missing, pending = transaction != NULL ? transaction->nr_created : 0;
    if (connection->domid == 0) {
        return true;
    }
    missing = missing_nodes(transaction_root(connection, transaction), path);
    return missing == 0 || connection->domain->nr_nodes + pending + missing <= QUOTA_NODES;
}

int transaction_make(struct store_connection *connection, struct store_transaction *transaction,
                     const char *path)
{
    struct store_change change = {NULL, CHANGE_MAKE, (char *)(uintptr_t)path, NULL, 0};
    if (tree_find(transaction_root(connection, transaction), path) != NULL) {
        return 0;
    }
    return quota_allows(connection, transaction, path)
               ? make_change(connection, transaction, &change)
               : -ENOSPC;
}

int transaction_write(struct store_connection *connection, struct store_transaction *transaction,
                      const char *path, const void *value, size_t length)
{
    struct store_change change = {NULL, CHANGE_WRITE, (char *)(uintptr_t)path,
                                  (void *)(uintptr_t)value, length};
    return quota_allows(connection, transaction, path)
               ? make_change(connection, transaction, &change)
               : -ENOSPC;
}

int transaction_remove(struct store_connection *connection, struct store_transaction *transaction,
                       const char *path)
{
    struct store_change change = {NULL, CHANGE_REMOVE, (char *)(uintptr_t)path, NULL, 0};
    return make_change(connection, transaction, &change);
}

int transaction_set_permissions(struct store_connection *connection,
                                struct store_transaction *transaction, const char *path,
                                const struct store_permission *permissions, size_t count)
{
    struct store_change change = {NULL, CHANGE_PERMISSIONS, (char *)(uintptr_t)path,
                                  (void *)(uintptr_t)permissions, count * sizeof(*permissions)};
    return make_change(connection, transaction, &change);
}

static bool still_as_seen(struct store *store, const struct store_transaction *transaction)
{
    for (const struct store_seen *seen = transaction->seen; seen != NULL; seen = seen->next) {
        if (generation_at(store->root, seen->path) != seen->generation) {
            return false;
        }
    }
    return true;
}

/* All changes, or none: the snapshot taken first is what is left when one fails. */
static int replay(struct store_connection *connection, struct store_transaction *transaction)
{
    struct store *store = connection->store;
    struct store_node *before = tree_snapshot(store->root);
    int error = 0;
    for (struct store_change *change = transaction->changes; change != NULL && error == 0;
         change = change->next) {
        error = apply(connection, change);
    }
    if (error != 0) {
        tree_release(store->root);
        store->root = before;
        store_recount_all(store);
        return error;
    }
    for (struct store_change *change = transaction->changes; change != NULL;
         change = change->next) {
        journal_change(store, connection->domid, change);
        if (change->kind == CHANGE_REMOVE) {
            watch_fire_removal(store, before, change->path);
        } else {
            watch_fire(store, store->root, change->path);
        }
    }
    tree_release(before);
    return 0;
}

int transaction_end(struct store_connection *connection, uint32_t id, bool commit)
{
    struct store_transaction *transaction = transaction_find(connection, id);
    int error = 0;
    if (transaction == NULL) {
        return -ENOENT;
    }
    if (commit && transaction->is_lost) {
        error = -EAGAIN;
    } else if (commit && transaction->changes != NULL) {
        if (!still_as_seen(connection->store, transaction)) {
            error = -EAGAIN;
        } else if (connection->domid != 0 &&
                   connection->domain->nr_nodes + transaction->nr_created > QUOTA_NODES) {
            error = -ENOSPC;
        } else {
            error = replay(connection, transaction);
        }
    } else if (commit && !still_as_seen(connection->store, transaction)) {
        error = -EAGAIN;
    }
    transaction_free(connection, transaction);
    return error;
}

void transaction_lose(struct store_connection *connection, struct store_transaction *transaction)
{
    tree_release(transaction->start);
    tree_release(transaction->root);
    transaction->start = tree_snapshot(connection->store->root);
    transaction->root = tree_snapshot(connection->store->root);
    transaction->is_lost = true;
}

int transaction_replay(struct store *store, uint16_t domid, const struct store_change *change)
{
    size_t created;

    return apply_to(&store->root, domid, change, &created) == -ENOMEM ? -ENOMEM : 0;
}

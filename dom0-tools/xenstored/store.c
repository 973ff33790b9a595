/* SPDX-License-Identifier: MIT */
/* See store.h: the store as a whole, and what each domain uses of it (XS3). */
#include "journal.h"

#include <stdlib.h>

struct store *store_create(const struct store_hooks *hooks)
{
    struct store *store = calloc(1, sizeof(*store));
    size_t created;
    if (store == NULL) {
        return NULL;
    }
    store->hooks = *hooks;
    store->root = tree_create();
    if (store->root == NULL || tree_make(&store->root, "/tool/xenstored", 0, &created) != 0 ||
        tree_make(&store->root, "/local/domain", 0, &created) != 0) {
        tree_release(store->root);
        free(store);
        return NULL;
    }
    return store;
}

void store_destroy(struct store *store)
{
    journal_close(store);
    while (store->connections != NULL) {
        connection_destroy(store->connections);
    }
    while (store->domains != NULL) {
        struct store_domain *domain = store->domains;
        store->domains = domain->next;
        free(domain);
    }
    tree_release(store->root);
    free(store);
}

struct store_domain *store_domain_find(struct store *store, uint16_t domid)
{
    struct store_domain *domain = store->domains;
    while (domain != NULL && domain->domid != domid) {
        domain = domain->next;
    }
    return domain;
}

struct store_domain *store_domain_get(struct store *store, uint16_t domid)
{
    struct store_domain *domain = store_domain_find(store, domid);
    if (domain == NULL) {
        domain = calloc(1, sizeof(*domain));
        if (domain == NULL) {
            return NULL;
        }
        domain->domid = domid;
        domain->next = store->domains;
        store->domains = domain;
    }
    domain->references++;
    return domain;
}

static void domain_free_when_unused(struct store *store, struct store_domain *domain)
{
    struct store_domain **place = &store->domains;
    if (domain->references != 0 || domain->nr_nodes != 0) {
        return;
    }
    while (*place != domain) {
        place = &(*place)->next;
    }
    *place = domain->next;
    free(domain);
}

void store_domain_put(struct store *store, struct store_domain *domain)
{
    domain->references--;
    domain_free_when_unused(store, domain);
}

void store_count_owner(struct store *store, uint16_t owner, size_t more)
{
    struct store_domain *domain;
    if (owner == 0) {
        return;
    }
    domain = store_domain_get(store, owner);
    if (domain != NULL) {
        domain->references--;
        domain->nr_nodes += more;
    }
}

struct count_request {
    struct store *store;
    int direction;
};

static void count_one(const struct store_node *node, const char *path, void *data)
{
    const struct count_request *request = data;
    struct store_domain *domain;
    (void)path;
    if (request->direction > 0) {
        store_count_owner(request->store, tree_owner(node), 1);
        return;
    }
    domain = store_domain_find(request->store, tree_owner(node));
    if (domain != NULL && domain->nr_nodes > 0) {
        domain->nr_nodes--;
        domain_free_when_unused(request->store, domain);
    }
}

void store_recount_all(struct store *store)
{
    for (struct store_domain *domain = store->domains; domain != NULL; domain = domain->next) {
        domain->nr_nodes = 0;
    }
    store_count_nodes(store, store->root, 1);
}

void store_count_nodes(struct store *store, const struct store_node *node, int direction)
{
    struct count_request request = {store, direction};
    tree_walk(node, "/", count_one, &request);
}

void store_forget_domain(struct store *store, uint16_t domid)
{
    struct store_domain *domain = store_domain_find(store, domid);
    journal_forget(store, domid);
    if (tree_forget_domain(&store->root, domid) == 0 && domain != NULL) {
        domain->nr_nodes = 0;
        domain_free_when_unused(store, domain);
    }
}

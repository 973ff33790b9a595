/* SPDX-License-Identifier: MIT */
/*
 * The store's tree of nodes, and snapshots of it.
 *
 * A tree is its root. A snapshot is one more reference to the root: whoever then changes the tree
 * copies the nodes on the way from the root to the change (and shares the rest), so a transaction
 * costs what it changes, not what it sees. Owns: struct store_node. Invariant XS1: a node with more
 * than one reference is never changed. XS2: children are sorted by name. Errors are negative errno
 * values. Read next: transaction.h.
 */
#ifndef XENSTORED_TREE_H
#define XENSTORED_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_ACCESS_NONE  0u
#define STORE_ACCESS_READ  1u
#define STORE_ACCESS_WRITE 2u

#define STORE_MAX_PERMISSIONS 16u /* hard bound; the quota for guests is lower */

/* [0] names the owner, with full rights, and what everybody unnamed may do. */
struct store_permission {
    uint16_t domid;
    uint8_t access; /* STORE_ACCESS_* bits */
};

struct store_node {
    unsigned int references;
    uint64_t generation; /* changes with value, permissions, or the list of children */
    char *name;
    unsigned char *value;
    size_t length;       /* bytes of value */
    uint64_t changed_ms; /* when the value became another */
    struct store_permission *permissions;
    size_t nr_permissions;
    struct store_node **children;
    size_t nr_children, capacity;
};

/* "/" owned by domain 0, readable by nobody else. NULL: out of memory. */
struct store_node *tree_create(void);
struct store_node *tree_snapshot(struct store_node *root);
void tree_release(struct store_node *root);

/* The node at an absolute path, or NULL. */
struct store_node *tree_find(struct store_node *root, const char *path);
/* The deepest existing node on the way to path. */
struct store_node *tree_find_nearest(struct store_node *root, const char *path);

/* Creates the node and every missing one above it, each with its parent's permissions; for owner !=
 * 0 the new ones belong to owner. *created counts them. -ENOMEM changes nothing. Existing: 0,
 * *created 0. */
int tree_make(struct store_node **root, const char *path, uint16_t owner, size_t *created);
/* The node exists. -ENOMEM changes nothing. */
int tree_set_value(struct store_node **root, const char *path, const void *value, size_t length);
int tree_set_permissions(struct store_node **root, const char *path,
                         const struct store_permission *permissions, size_t count);
/* The clock of changed_ms. */
uint64_t tree_clock_ms(void);
/* Unlinks the node and all below it. -ENOENT, -EINVAL (the root), -ENOMEM. */
int tree_remove(struct store_node **root, const char *path);

/* Whether domid may do all of `access`; domain 0 may do everything. */
bool tree_may(const struct store_node *node, uint16_t domid, unsigned int access);
static inline uint16_t tree_owner(const struct store_node *node)
{
    return node->permissions[0].domid;
}

/* Calls visit for a node and everything below, parents first; path is each node's absolute path. */
typedef void (*tree_visitor_t)(const struct store_node *node, const char *path, void *data);
void tree_walk(const struct store_node *node, const char *path, tree_visitor_t visit, void *data);
/* Every permission that names `dead` names domain 0 from now on, or goes. */
int tree_forget_domain(struct store_node **root, uint16_t dead);

#endif

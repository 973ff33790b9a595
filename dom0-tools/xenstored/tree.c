/* SPDX-License-Identifier: MIT */
/* See tree.h. Changes first make the path from the root to the changed node unshared (XS1). */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define PATH_LIMIT 3072u

static uint64_t next_generation = 1;

static void node_free_parts(struct store_node *node)
{
    free(node->name);
    free(node->value);
    free(node->permissions);
    free(node->children);
    free(node);
}

void tree_release(struct store_node *node)
{
    if (node == NULL || --node->references != 0) {
        return;
    }
    for (size_t i = 0; i < node->nr_children; i++) {
        tree_release(node->children[i]);
    }
    node_free_parts(node);
}

struct store_node *tree_snapshot(struct store_node *root)
{
    root->references++;
    return root;
}

static void *copy_bytes(const void *bytes, size_t size)
{
    void *copy = malloc(size != 0 ? size : 1);
    if (copy != NULL && size != 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

uint64_t tree_clock_ms(void)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_usec / 1000u;
}

/* A node with no children. Takes over nothing; copies all. */
static struct store_node *node_create(const char *name, size_t name_length, const void *value,
                                      size_t length, const struct store_permission *permissions,
                                      size_t nr_permissions)
{
    struct store_node *node = calloc(1, sizeof(*node));
    if (node == NULL) {
        return NULL;
    }
    node->references = 1;
    node->generation = next_generation++;
    node->changed_ms = tree_clock_ms();
    node->name = malloc(name_length + 1);
    node->value = copy_bytes(value, length);
    node->permissions = copy_bytes(permissions, nr_permissions * sizeof(*permissions));
    if (node->name == NULL || node->value == NULL || node->permissions == NULL) {
        node_free_parts(node);
        return NULL;
    }
    memcpy(node->name, name, name_length);
    node->name[name_length] = '\0';
    node->length = length;
    node->nr_permissions = nr_permissions;
    return node;
}

static struct store_node *node_clone(const struct store_node *node)
{
    struct store_node *copy = node_create(node->name, strlen(node->name), node->value, node->length,
                                          node->permissions, node->nr_permissions);
    if (copy == NULL) {
        return NULL;
    }
    copy->generation = node->generation;
    copy->changed_ms = node->changed_ms;
    copy->children = copy_bytes(node->children, node->nr_children * sizeof(struct store_node *));
    if (copy->children == NULL) {
        node_free_parts(copy);
        return NULL;
    }
    copy->capacity = node->nr_children;
    copy->nr_children = node->nr_children;
    for (size_t i = 0; i < copy->nr_children; i++) {
        copy->children[i]->references++;
    }
    return copy;
}

struct store_node *tree_create(void)
{
    static const struct store_permission owner = {0, STORE_ACCESS_NONE};
    return node_create("", 0, "", 0, &owner, 1);
}

static int compare_name(const struct store_node *node, const char *name, size_t length)
{
    int order = strncmp(node->name, name, length);
    if (order == 0 && node->name[length] != '\0') {
        order = 1;
    }
    return order;
}

/* Index of the child, or of the place where it belongs. */
static size_t child_index(const struct store_node *node, const char *name, size_t length,
                          bool *found)
{
    size_t low = 0, high = node->nr_children;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_name(node->children[middle], name, length);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The next component of a path; false at its end. */
static bool next_component(const char **path, const char **name, size_t *length)
{
    while (**path == '/') {
        (*path)++;
    }
    *name = *path;
    *length = strcspn(*path, "/");
    *path += *length;
    return *length != 0;
}

static struct store_node *descend(struct store_node *root, const char *path, bool nearest)
{
    struct store_node *node = root;
    const char *name;
    size_t length;
    while (next_component(&path, &name, &length)) {
        bool found;
        size_t index = child_index(node, name, length, &found);
        if (!found) {
            return nearest ? node : NULL;
        }
        node = node->children[index];
    }
    return node;
}

struct store_node *tree_find(struct store_node *root, const char *path)
{
    return descend(root, path, false);
}

struct store_node *tree_find_nearest(struct store_node *root, const char *path)
{
    return descend(root, path, true);
}

/* Replaces a shared node by a copy of its own in the place that refers to it. */
static int unshare(struct store_node **place)
{
    struct store_node *copy;
    if ((*place)->references == 1) {
        return 0;
    }
    copy = node_clone(*place);
    if (copy == NULL) {
        return -ENOMEM;
    }
    (*place)->references--;
    *place = copy;
    return 0;
}

/* Unshares every node down to the deepest existing one on path; *rest is what of the path is
 * missing. */
static int unshare_path(struct store_node **root, const char *path, struct store_node **node,
                        const char **rest)
{
    struct store_node **place = root;
    const char *name;
    size_t length;
    for (;;) {
        int error = unshare(place);
        if (error != 0) {
            return error;
        }
        *rest = path;
        if (!next_component(&path, &name, &length)) {
            break;
        }
        bool found;
        size_t index = child_index(*place, name, length, &found);
        if (!found) {
            *node = *place;
            return 0;
        }
        place = &(*place)->children[index];
    }
    *node = *place;
    *rest = "";
    return 0;
}

static int reserve_child(struct store_node *node)
{
    if (node->nr_children < node->capacity) {
        return 0;
    }
    size_t capacity = node->capacity != 0 ? node->capacity * 2 : 4;
    struct store_node **children = realloc(node->children, capacity * sizeof(*children));
    if (children == NULL) {
        return -ENOMEM;
    }
    node->children = children;
    node->capacity = capacity;
    return 0;
}

static void insert_child(struct store_node *node, struct store_node *child)
{
    bool found;
    size_t index = child_index(node, child->name, strlen(child->name), &found);
    memmove(&node->children[index + 1], &node->children[index],
            (node->nr_children - index) * sizeof(struct store_node *));
    node->children[index] = child;
    node->nr_children++;
    node->generation = next_generation++;
}

/* The chain of new nodes that `rest` names, with the permissions of `parent`; NULL: out of memory.
 */
static struct store_node *make_chain(const struct store_node *parent, const char *rest,
                                     uint16_t owner, size_t *created)
{
    struct store_permission permissions[STORE_MAX_PERMISSIONS];
    struct store_node *top = NULL, *last = NULL;
    const char *name;
    size_t length;
    memcpy(permissions, parent->permissions, parent->nr_permissions * sizeof(permissions[0]));
    if (owner != 0) {
        permissions[0].domid = owner;
    }
    *created = 0;
    while (next_component(&rest, &name, &length)) {
        struct store_node *node =
            node_create(name, length, "", 0, permissions, parent->nr_permissions);
        if (node == NULL || (last != NULL && reserve_child(last) != 0)) {
            tree_release(node);
            tree_release(top);
            return NULL;
        }
        if (last != NULL) {
            insert_child(last, node);
        } else {
            top = node;
        }
        last = node;
        (*created)++;
    }
    return top;
}

int tree_make(struct store_node **root, const char *path, uint16_t owner, size_t *created)
{
    struct store_node *parent, *chain;
    const char *rest;
    *created = 0;
    if (tree_find(*root, path) != NULL) {
        return 0;
    }
    if (unshare_path(root, path, &parent, &rest) != 0 || reserve_child(parent) != 0) {
        return -ENOMEM;
    }
    chain = make_chain(parent, rest, owner, created);
    if (chain == NULL) {
        *created = 0;
        return -ENOMEM;
    }
    insert_child(parent, chain);
    return 0;
}

int tree_set_value(struct store_node **root, const char *path, const void *value, size_t length)
{
    struct store_node *node;
    const char *rest;
    unsigned char *copy = copy_bytes(value, length);
    if (copy == NULL || unshare_path(root, path, &node, &rest) != 0) {
        free(copy);
        return -ENOMEM;
    }
    if (length != node->length || memcmp(node->value, value, length) != 0) {
        node->changed_ms = tree_clock_ms();
    }
    free(node->value);
    node->value = copy;
    node->length = length;
    node->generation = next_generation++;
    return 0;
}

int tree_set_permissions(struct store_node **root, const char *path,
                         const struct store_permission *permissions, size_t count)
{
    struct store_node *node;
    const char *rest;
    struct store_permission *copy = copy_bytes(permissions, count * sizeof(*permissions));
    if (copy == NULL || unshare_path(root, path, &node, &rest) != 0) {
        free(copy);
        return -ENOMEM;
    }
    free(node->permissions);
    node->permissions = copy;
    node->nr_permissions = count;
    node->generation = next_generation++;
    return 0;
}

int tree_remove(struct store_node **root, const char *path)
{
    char parent_path[PATH_LIMIT + 1];
    struct store_node *parent;
    const char *rest, *name = strrchr(path, '/');
    bool found;
    if (name == NULL || name[1] == '\0' || strlen(path) > PATH_LIMIT) {
        return -EINVAL;
    }
    if (tree_find(*root, path) == NULL) {
        return -ENOENT;
    }
    memcpy(parent_path, path, (size_t)(name - path));
    parent_path[name - path] = '\0';
    if (unshare_path(root, parent_path, &parent, &rest) != 0) {
        return -ENOMEM;
    }
    name++;
    size_t index = child_index(parent, name, strlen(name), &found);
    tree_release(parent->children[index]);
    parent->nr_children--;
    memmove(&parent->children[index], &parent->children[index + 1],
            (parent->nr_children - index) * sizeof(struct store_node *));
    parent->generation = next_generation++;
    return 0;
}

bool tree_may(const struct store_node *node, uint16_t domid, unsigned int access)
{
    unsigned int allowed = node->permissions[0].access;
    if (domid == 0 || domid == node->permissions[0].domid) {
        return true;
    }
    for (size_t i = 1; i < node->nr_permissions; i++) {
        if (node->permissions[i].domid == domid) {
            allowed = node->permissions[i].access;
            break;
        }
    }
    return (allowed & access) == access;
}

static void walk(const struct store_node *node, char *path, size_t length, tree_visitor_t visit,
                 void *data)
{
    visit(node, length != 0 ? path : "/", data);
    for (size_t i = 0; i < node->nr_children; i++) {
        size_t name_length = strlen(node->children[i]->name);
        if (length + 1 + name_length > PATH_LIMIT) {
            continue;
        }
        path[length] = '/';
        memcpy(path + length + 1, node->children[i]->name, name_length + 1);
        walk(node->children[i], path, length + 1 + name_length, visit, data);
        path[length] = '\0';
    }
}

void tree_walk(const struct store_node *node, const char *path, tree_visitor_t visit, void *data)
{
    char *buffer = malloc(PATH_LIMIT + 1);
    size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);
    if (buffer == NULL || length > PATH_LIMIT) {
        free(buffer);
        return;
    }
    memcpy(buffer, path, length);
    buffer[length] = '\0';
    walk(node, buffer, length, visit, data);
    free(buffer);
}

static bool names_domain(const struct store_node *node, uint16_t domid)
{
    for (size_t i = 0; i < node->nr_permissions; i++) {
        if (node->permissions[i].domid == domid) {
            return true;
        }
    }
    return false;
}

static bool subtree_names_domain(const struct store_node *node, uint16_t domid)
{
    bool named = names_domain(node, domid);
    for (size_t i = 0; i < node->nr_children && !named; i++) {
        named = subtree_names_domain(node->children[i], domid);
    }
    return named;
}

static void forget_in_node(struct store_node *node, uint16_t dead)
{
    size_t kept = 1;
    if (node->permissions[0].domid == dead) {
        node->permissions[0].domid = 0;
    }
    for (size_t i = 1; i < node->nr_permissions; i++) {
        if (node->permissions[i].domid != dead) {
            node->permissions[kept++] = node->permissions[i];
        }
    }
    node->nr_permissions = kept;
    node->generation = next_generation++;
}

int tree_forget_domain(struct store_node **root, uint16_t dead)
{
    if (!subtree_names_domain(*root, dead)) {
        return 0;
    }
    int error = unshare(root);
    if (error != 0) {
        return error;
    }
    if (names_domain(*root, dead)) {
        forget_in_node(*root, dead);
    }
    for (size_t i = 0; i < (*root)->nr_children && error == 0; i++) {
        error = tree_forget_domain(&(*root)->children[i], dead);
    }
    return error;
}

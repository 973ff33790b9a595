/* SPDX-License-Identifier: MIT */
/*
 * One request, one reply: the table of operations. A handler decodes, checks rights, and calls
 * transaction.c; it answers with reply(), or returns a negative errno that becomes an XS_ERROR.
 * Wire: public/io/xs_wire.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/io/xs_wire.h>

#include "store.h"

struct request {
    struct store_connection *connection;
    const struct xsd_sockmsg *header;
    struct store_transaction *transaction;
    const char *payload; /* with a NUL behind its end */
    size_t length;
    size_t strip;
    char path[XENSTORE_ABS_PATH_MAX +
              1]; /* the first string, made absolute, where the table says so */
};

static int reply(const struct request *request, const void *payload, size_t length)
{
    struct xsd_sockmsg header = {request->header->type, request->header->req_id,
                                 request->header->tx_id, 0};
    return connection_queue(request->connection, &header, payload, length);
}

static int reply_ok(const struct request *request)
{
    return reply(request, "OK", sizeof("OK"));
}

static void reply_error(const struct request *request, int error)
{
    struct xsd_sockmsg header = {XS_ERROR, request->header->req_id, request->header->tx_id, 0};
    const char *name = "EINVAL";
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        if (xsd_errors[i].errnum == error) {
            name = xsd_errors[i].errstring;
        }
    }
    if (connection_queue(request->connection, &header, name, strlen(name) + 1) != 0) {
        request->connection->failed = true;
    }
}

/* The n-th NUL-terminated string of the payload; NULL when there are fewer. */
static const char *string_at(const struct request *request, unsigned int n)
{
    size_t offset = 0;
    for (; n > 0; n--) {
        const char *end = memchr(request->payload + offset, '\0', request->length - offset);
        if (end == NULL) {
            return NULL;
        }
        offset = (size_t)(end - request->payload) + 1;
    }
    if (offset >= request->length ||
        memchr(request->payload + offset, '\0', request->length - offset) == NULL) {
        return NULL;
    }
    return request->payload + offset;
}

static bool number_at(const struct request *request, unsigned int n, uint64_t limit,
                      uint64_t *number)
{
    const char *text = string_at(request, n);
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        return false;
    }
    *number = strtoull(text, &end, 10);
    return *end == '\0' && *number <= limit;
}

static bool domid_at(const struct request *request, unsigned int n, uint16_t *domid)
{
    uint64_t number;
    if (!number_at(request, n, 0x7fef, &number)) {
        return false;
    }
    *domid = (uint16_t)number;
    return true;
}

/* The node when it is there and may be used so; else why not: to one who may not read it, all paths
 * look alike. */
static int find_node(struct request *request, unsigned int access, struct store_node **node)
{
    struct store_node *root = transaction_root(request->connection, request->transaction);
    uint16_t domid = request->connection->domid;
    int error = transaction_note(request->connection, request->transaction, request->path);
    if (error != 0) {
        return error;
    }
    *node = tree_find(root, request->path);
    if (*node == NULL) {
        return tree_may(tree_find_nearest(root, request->path), domid, access) ? -ENOENT : -EACCES;
    }
    return tree_may(*node, domid, access) ? 0 : -EACCES;
}

static int op_read(struct request *request)
{
    struct store_node *node;
    int error = find_node(request, STORE_ACCESS_READ, &node);
    return error != 0 ? error : reply(request, node->value, node->length);
}

/* The names below a node, each with its NUL. */
static char *children_list(const struct store_node *node, size_t *size)
{
    char *list;
    *size = 0;
    for (size_t i = 0; i < node->nr_children; i++) {
        *size += strlen(node->children[i]->name) + 1;
    }
    list = malloc(*size + 1);
    if (list != NULL) {
        size_t at = 0;
        for (size_t i = 0; i < node->nr_children; i++) {
            size_t length = strlen(node->children[i]->name) + 1;
            memcpy(list + at, node->children[i]->name, length);
            at += length;
        }
        list[*size] = '\0';
    }
    return list;
}

static int op_directory(struct request *request)
{
    struct store_node *node;
    size_t size;
    int error = find_node(request, STORE_ACCESS_READ, &node);
    if (error != 0) {
        return error;
    }
    char *list = children_list(node, &size);
    error = list == NULL ? -ENOMEM : reply(request, list, size);
    free(list);
    return error;
}

/* A part of a long directory: "<generation>\0", then names from an offset on; an empty name ends
 * the last part. */
static int op_directory_part(struct request *request)
{
    struct store_node *node;
    char part[XENSTORE_PAYLOAD_MAX];
    uint64_t offset;
    size_t size;
    int error = find_node(request, STORE_ACCESS_READ, &node);
    if (error != 0 || !number_at(request, 1, UINT32_MAX, &offset)) {
        return error != 0 ? error : -EINVAL;
    }
    char *list = children_list(node, &size);
    if (list == NULL) {
        return -ENOMEM;
    }
    size_t used = (size_t)snprintf(part, sizeof(part), "%" PRIu64, node->generation) + 1;
    if (offset > size) {
        offset = size;
    }
    while (offset <= size) {
        size_t length = offset < size ? strlen(list + offset) + 1 : 1;
        if (used + length > sizeof(part)) {
            break;
        }
        memcpy(part + used, list + offset, length);
        used += length;
        offset += length;
    }
    free(list);
    return reply(request, part, used);
}

static int op_write(struct request *request)
{
    struct store_node *node;
    size_t path_size = strlen(request->payload) + 1;
    size_t length;
    int error = find_node(request, STORE_ACCESS_WRITE, &node);
    if (error != 0 && error != -ENOENT) {
        return error;
    }
    if (path_size > request->length) {
        return -EINVAL;
    }
    length = request->length - path_size;
    if (request->connection->domid != 0 && length > QUOTA_VALUE_BYTES) {
        return -ENOSPC;
    }
    error = transaction_write(request->connection, request->transaction, request->path,
                              request->payload + path_size, length);
    return error != 0 ? error : reply_ok(request);
}

static int op_mkdir(struct request *request)
{
    struct store_node *node;
    int error = find_node(request, STORE_ACCESS_WRITE, &node);
    if (error == 0) {
        return reply_ok(request);
    }
    if (error == -ENOENT) {
        error = transaction_make(request->connection, request->transaction, request->path);
    }
    return error != 0 ? error : reply_ok(request);
}

static int op_rm(struct request *request)
{
    struct store_node *node;
    int error = find_node(request, STORE_ACCESS_WRITE, &node);
    if (error == -ENOENT) {
        /* Removing what is not there succeeds when the place where it would be exists. */
        char parent[XENSTORE_ABS_PATH_MAX + 1];
        strcpy(parent, request->path);
        *strrchr(parent, '/') = '\0';
        return tree_find(transaction_root(request->connection, request->transaction), parent) !=
                       NULL
                   ? reply_ok(request)
                   : -ENOENT;
    }
    if (error == 0) {
        error = transaction_remove(request->connection, request->transaction, request->path);
    }
    return error != 0 ? error : reply_ok(request);
}

static int op_get_perms(struct request *request)
{
    static const char letters[] = {'n', 'r', 'w', 'b'};
    char text[STORE_MAX_PERMISSIONS * 8];
    struct store_node *node;
    size_t used = 0;
    int error = find_node(request, STORE_ACCESS_READ, &node);
    if (error != 0) {
        return error;
    }
    for (size_t i = 0; i < node->nr_permissions; i++) {
        const struct store_permission *permission = &node->permissions[i];
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%c%u",
                                 letters[permission->access & 3], permission->domid) +
                1;
    }
    return reply(request, text, used);
}

static bool parse_permission(const char *text, struct store_permission *permission)
{
    static const char letters[] = "nrwb";
    const char *letter = text[0] != '\0' ? strchr(letters, text[0]) : NULL;
    char *end;
    if (letter == NULL || text[1] < '0' || text[1] > '9') {
        return false;
    }
    unsigned long domid = strtoul(text + 1, &end, 10);
    if (*end != '\0' || domid > 0x7fff) {
        return false;
    }
    permission->access = (uint8_t)(letter - letters);
    permission->domid = (uint16_t)domid;
    return true;
}

static int op_set_perms(struct request *request)
{
    struct store_permission permissions[STORE_MAX_PERMISSIONS];
    uint16_t domid = request->connection->domid;
    struct store_node *node;
    unsigned int count = 0;
    int error = find_node(request, STORE_ACCESS_NONE, &node);
    if (error != 0) {
        return error;
    }
    for (const char *text; (text = string_at(request, count + 1)) != NULL; count++) {
        if (count >= (domid == 0 ? STORE_MAX_PERMISSIONS : QUOTA_PERMISSIONS)) {
            return -ENOSPC;
        }
        if (!parse_permission(text, &permissions[count])) {
            return -EINVAL;
        }
    }
    if (count == 0) {
        return -EINVAL;
    }
    if (domid != 0 && tree_owner(node) != domid) {
        return -EACCES;
    }
    if (domid != 0 && permissions[0].domid != domid) {
        return -EPERM; /* giving a node away would charge it to someone else */
    }
    error = transaction_set_permissions(request->connection, request->transaction, request->path,
                                        permissions, count);
    return error != 0 ? error : reply_ok(request);
}

static int op_watch(struct request *request)
{
    const char *token = string_at(request, 1);
    int error;
    if (token == NULL) {
        return -EINVAL;
    }
    error = watch_add(request->connection, request->path, request->strip, token);
    if (error != 0 || (error = reply_ok(request)) != 0) {
        return error;
    }
    watch_fire_first(request->connection);
    return 0;
}

static int op_unwatch(struct request *request)
{
    const char *token = string_at(request, 1);
    int error = token == NULL ? -EINVAL : watch_remove(request->connection, request->path, token);
    return error != 0 ? error : reply_ok(request);
}

static int op_reset_watches(struct request *request)
{
    watch_remove_all(request->connection);
    transaction_abort_all(request->connection);
    return reply_ok(request);
}

static int op_transaction_start(struct request *request)
{
    char text[16];
    uint32_t id;
    int error;
    if (request->transaction != NULL) {
        return -EBUSY;
    }
    error = transaction_start(request->connection, &id);
    if (error != 0) {
        return error;
    }
    return reply(request, text, (size_t)snprintf(text, sizeof(text), "%" PRIu32, id) + 1);
}

static int op_transaction_end(struct request *request)
{
    const char *text = string_at(request, 0);
    int error;
    if (text == NULL || (strcmp(text, "T") != 0 && strcmp(text, "F") != 0)) {
        return -EINVAL;
    }
    if (request->transaction == NULL) {
        return -ENOENT;
    }
    error = transaction_end(request->connection, request->transaction->id, text[0] == 'T');
    request->transaction = NULL;
    return error != 0 ? error : reply_ok(request);
}

static int op_introduce(struct request *request)
{
    const struct store_hooks *hooks = &request->connection->store->hooks;
    uint64_t mfn, port;
    uint16_t domid;
    int error;
    if (!domid_at(request, 0, &domid) || !number_at(request, 1, UINT64_MAX, &mfn) ||
        !number_at(request, 2, UINT32_MAX, &port)) {
        return -EINVAL;
    }
    error = hooks->introduce(hooks->data, domid, mfn, (uint32_t)port);
    if (error != 0 || (error = reply_ok(request)) != 0) {
        return error;
    }
    watch_fire_special(request->connection->store, "@introduceDomain");
    return 0;
}

static int op_release(struct request *request)
{
    const struct store_hooks *hooks = &request->connection->store->hooks;
    uint16_t domid;
    int error;
    if (!domid_at(request, 0, &domid) || domid == 0) {
        return -EINVAL;
    }
    error = hooks->release(hooks->data, domid);
    if (error != 0 || (error = reply_ok(request)) != 0) {
        return error;
    }
    watch_fire_special(request->connection->store, "@releaseDomain");
    return 0;
}

static int op_is_introduced(struct request *request)
{
    const struct store_hooks *hooks = &request->connection->store->hooks;
    uint16_t domid;
    if (!domid_at(request, 0, &domid)) {
        return -EINVAL;
    }
    return reply(request, hooks->is_introduced(hooks->data, domid) ? "T" : "F", 2);
}

static int op_domain_path(struct request *request)
{
    char path[32];
    uint16_t domid;
    if (!domid_at(request, 0, &domid)) {
        return -EINVAL;
    }
    return reply(request, path,
                 (size_t)snprintf(path, sizeof(path), "/local/domain/%u", domid) + 1);
}

/* What resuming means to a store that keeps nothing about a suspended domain: nothing. */
static int op_resume(struct request *request)
{
    const struct store_hooks *hooks = &request->connection->store->hooks;
    uint16_t domid;
    if (!domid_at(request, 0, &domid)) {
        return -EINVAL;
    }
    return hooks->is_introduced(hooks->data, domid) ? reply_ok(request) : -ENOENT;
}

/* Ours alone: "age", PATH: how many milliseconds the node has had this value. */
static int op_control(struct request *request)
{
    const char *word = string_at(request, 0), *path = string_at(request, 1);
    struct store_node *node;
    char text[24];

    if (word == NULL || strcmp(word, "age") != 0 || path == NULL) {
        return -EINVAL;
    }
    node = tree_find(request->connection->store->root, path);
    if (node == NULL) {
        return -ENOENT;
    }
    return reply(
        request, text,
        (size_t)snprintf(text, sizeof(text), "%" PRIu64, tree_clock_ms() - node->changed_ms) + 1);
}

#define TAKES_PATH 1u /* the first string is a path */
#define PRIVILEGED 2u /* only domain 0 */
#define SPECIAL    4u /* the path may be "@..." */

static const struct operation {
    int (*handler)(struct request *request);
    unsigned int flags;
} operations[XS_TYPE_COUNT] = {
    [XS_CONTROL] = {op_control, PRIVILEGED},
    [XS_DIRECTORY] = {op_directory, TAKES_PATH},
    [XS_DIRECTORY_PART] = {op_directory_part, TAKES_PATH},
    [XS_READ] = {op_read, TAKES_PATH},
    [XS_GET_PERMS] = {op_get_perms, TAKES_PATH},
    [XS_SET_PERMS] = {op_set_perms, TAKES_PATH},
    [XS_WRITE] = {op_write, TAKES_PATH},
    [XS_MKDIR] = {op_mkdir, TAKES_PATH},
    [XS_RM] = {op_rm, TAKES_PATH},
    [XS_WATCH] = {op_watch, TAKES_PATH | SPECIAL},
    [XS_UNWATCH] = {op_unwatch, TAKES_PATH | SPECIAL},
    [XS_RESET_WATCHES] = {op_reset_watches, 0},
    [XS_TRANSACTION_START] = {op_transaction_start, 0},
    [XS_TRANSACTION_END] = {op_transaction_end, 0},
    [XS_INTRODUCE] = {op_introduce, PRIVILEGED},
    [XS_RELEASE] = {op_release, PRIVILEGED},
    [XS_IS_DOMAIN_INTRODUCED] = {op_is_introduced, 0},
    [XS_GET_DOMAIN_PATH] = {op_domain_path, 0},
    [XS_RESUME] = {op_resume, PRIVILEGED},
};

static int decode(struct request *request, const struct operation *operation)
{
    int error;
    if (request->header->tx_id != 0) {
        request->transaction = transaction_find(request->connection, request->header->tx_id);
        if (request->transaction == NULL) {
            return -ENOENT;
        }
    }
    if ((operation->flags & PRIVILEGED) != 0 && request->connection->domid != 0) {
        return -EACCES;
    }
    if ((operation->flags & TAKES_PATH) == 0) {
        return 0;
    }
    /* XS_WRITE's value need not end in a NUL, but its path does. */
    if (memchr(request->payload, '\0', request->length) == NULL) {
        return -EINVAL;
    }
    error = path_resolve(request->connection, request->payload, request->path, &request->strip);
    if (error == 0 && request->path[0] == '@' && (operation->flags & SPECIAL) == 0) {
        error = -EINVAL;
    }
    return error;
}

void request_process(struct store_connection *connection, const struct xsd_sockmsg *header,
                     const char *payload, size_t length)
{
    struct request request = {connection, header, NULL, payload, length, 0, ""};
    const struct operation *operation =
        header->type < XS_TYPE_COUNT ? &operations[header->type] : NULL;
    int error;
    if (operation == NULL || operation->handler == NULL) {
        reply_error(&request, ENOSYS);
        return;
    }
    error = decode(&request, operation);
    if (error == 0) {
        error = operation->handler(&request);
    }
    if (error != 0) {
        reply_error(&request, -error);
    }
}

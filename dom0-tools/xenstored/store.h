/* SPDX-License-Identifier: MIT */
/*
 * The daemon's state without its transports: the tree, what each domain uses of it, watches,
 * transactions, and connections as queues of bytes. Everything here also runs in unit tests on the
 * host.
 *
 * Owns: struct store. Invariant XS3: a domain's nr_nodes counts the nodes of the committed tree
 * that it owns. XS4: nothing of a guest's is allocated before its quota was checked. XS5: a watch
 * event is queued only to a connection that may read the node. Errors are negative errno values.
 * Read next: request.c.
 */
#ifndef XENSTORED_STORE_H
#define XENSTORED_STORE_H

#include <public/io/xs_wire.h>

#include "tree.h"

/* What a guest may use; domain 0 is not limited. The numbers are those of Xen's own daemons. */
#define QUOTA_NODES             1000u
#define QUOTA_WATCHES           128u
#define QUOTA_TRANSACTIONS      10u
#define QUOTA_TRANSACTION_NODES 1024u
#define QUOTA_VALUE_BYTES       2048u
#define QUOTA_PERMISSIONS       5u
/* Requests of a connection wait while more than this is queued for it; events beyond the second
 * bound end the connection. */
#define QUOTA_QUEUED_BYTES       16384u
#define QUOTA_QUEUED_BYTES_LIMIT 1048576u
#define STORE_MAX_DEPTH          64u /* components of a path: bounds recursion over the tree */

#define WATCH_BUCKETS 256u

struct store;
struct store_connection;

/* What one domain uses, whichever connections it has. */
struct store_domain {
    struct store_domain *next;
    uint16_t domid;
    unsigned int references; /* connections */
    size_t nr_nodes;
    size_t nr_watches;
    size_t nr_transactions;
};

struct store_watch {
    struct store_watch *next_in_bucket;
    struct store_watch *next_of_connection;
    struct store_connection *connection;
    char *path; /* absolute, or "@..." */
    char *token;
    size_t strip; /* bytes of the absolute path not shown: the watch was set by a relative path */
};

/* A change made inside a transaction, to be made again when it commits. */
struct store_change {
    struct store_change *next;
    enum { CHANGE_MAKE, CHANGE_WRITE, CHANGE_REMOVE, CHANGE_PERMISSIONS } kind;
    char *path;
    void *data;
    size_t length;
};

/* A node a transaction looked at, and what it saw: 0, absent. */
struct store_seen {
    struct store_seen *next;
    char *path;
    uint64_t generation;
};

struct store_transaction {
    struct store_transaction *next;
    uint32_t id;
    bool is_lost;             /* of before a restart of dom0: it ends with EAGAIN */
    struct store_node *start; /* the tree as it was */
    struct store_node *root;  /* with the changes made since */
    struct store_change *changes, **last_change;
    struct store_seen *seen;
    size_t nr_seen;
    size_t nr_created;
};

/* A message on its way out. */
struct store_message {
    struct store_message *next;
    size_t size, sent;
    unsigned char bytes[];
};

struct store_connection {
    struct store_connection *next;
    struct store *store;
    uint16_t domid;
    bool failed; /* broke the protocol, or is out of bounds: the transport closes it */
    struct store_domain *domain;
    struct store_watch *watches;
    struct store_transaction *transactions;
    uint32_t next_transaction;
    struct store_message *output, **last_output;
    size_t queued;
    uint64_t ring_mfn; /* of a guest's, as XS_INTRODUCE named it; with the port */
    uint32_t ring_port;
    bool rest_is_kept; /* journal_rest() said something */
    unsigned char input[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    size_t input_used;
};

/* What the daemon does for privileged requests that concern domains; returns 0 or a negative errno.
 */
struct store_hooks {
    int (*introduce)(void *data, uint16_t domid, uint64_t mfn, uint32_t port);
    int (*release)(void *data, uint16_t domid);
    bool (*is_introduced)(void *data, uint16_t domid);
    void *data;
};

struct store {
    struct store_node *root;
    struct store_domain *domains;
    struct store_connection *connections;
    struct store_watch *watch_buckets[WATCH_BUCKETS];
    struct store_hooks hooks;
    struct store_journal *journal; /* NULL: nothing is kept */
};

/* NULL: out of memory. */
struct store *store_create(const struct store_hooks *hooks);
void store_destroy(struct store *store);

/* connection.c */
struct store_connection *connection_create(struct store *store, uint16_t domid);
void connection_destroy(struct store_connection *connection);
/* Takes bytes that arrived, as many as it has room for; complete requests are answered into the
 * output queue at once. Returns the bytes taken; fewer than offered when the connection must first
 * read its replies. */
size_t connection_receive(struct store_connection *connection, const void *bytes, size_t count);
/* Copies out queued bytes; connection_sent() then drops them. */
size_t connection_pending(const struct store_connection *connection, void *bytes, size_t count);
void connection_sent(struct store_connection *connection, size_t count);
/* Queues a message. -ENOMEM, or -E2BIG (payload): nothing queued. */
int connection_queue(struct store_connection *connection, const struct xsd_sockmsg *header,
                     const void *payload, size_t length);

/* For the journal: bytes of messages that were partly sent. */
int connection_queue_rest(struct store_connection *connection, const void *bytes, size_t count);

/* request.c: answers one request. payload has a NUL behind it. */
void request_process(struct store_connection *connection, const struct xsd_sockmsg *header,
                     const char *payload, size_t length);

/* path.c */
/* The absolute form of a path the connection named; -EINVAL. `absolute` has XENSTORE_ABS_PATH_MAX +
 * 1 bytes. strip: bytes that a relative path's answers leave out. */
int path_resolve(const struct store_connection *connection, const char *path, char *absolute,
                 size_t *strip);

/* watch.c */
int watch_add(struct store_connection *connection, const char *path, size_t strip,
              const char *token); /* -EEXIST, -EACCES, -ENOSPC, -ENOMEM */
/* The event that follows the reply to a XS_WATCH: for the watch added last. */
void watch_fire_first(struct store_connection *connection);
/* Each of its watches, once. */
void watch_fire_own(struct store_connection *connection);
int watch_remove(struct store_connection *connection, const char *path,
                 const char *token); /* -ENOENT */
void watch_remove_all(struct store_connection *connection);
/* The node at path changed (`root` is the tree that can say who may read it). */
void watch_fire(struct store *store, struct store_node *root, const char *path);
/* The node and all below are about to go. */
void watch_fire_removal(struct store *store, struct store_node *root, const char *path);
void watch_fire_special(struct store *store,
                        const char *name); /* "@introduceDomain", "@releaseDomain" */

/* transaction.c: every look at the tree and every change goes through these. id 0: the committed
 * tree. */
struct store_transaction *transaction_find(struct store_connection *connection, uint32_t id);
int transaction_start(struct store_connection *connection, uint32_t *id); /* -ENOSPC, -ENOMEM */
int transaction_end(struct store_connection *connection, uint32_t id,
                    bool commit); /* -EAGAIN, -ENOENT, -ENOSPC */
/* For the journal: the tree it sees is the one of now, and it will not commit. */
void transaction_lose(struct store_connection *connection, struct store_transaction *transaction);
/* For the journal: a change as it was made once, without counting nodes. -ENOMEM. */
int transaction_replay(struct store *store, uint16_t domid, const struct store_change *change);
void transaction_abort_all(struct store_connection *connection);
/* The root that a request with this transaction sees. */
struct store_node *transaction_root(struct store_connection *connection,
                                    struct store_transaction *transaction);
/* Notes that the request looked at path. */
int transaction_note(struct store_connection *connection, struct store_transaction *transaction,
                     const char *path);
int transaction_make(struct store_connection *connection, struct store_transaction *transaction,
                     const char *path);
int transaction_write(struct store_connection *connection, struct store_transaction *transaction,
                      const char *path, const void *value, size_t length);
int transaction_remove(struct store_connection *connection, struct store_transaction *transaction,
                       const char *path);
int transaction_set_permissions(struct store_connection *connection,
                                struct store_transaction *transaction, const char *path,
                                const struct store_permission *permissions, size_t count);

/* domain accounting, store.c */
struct store_domain *store_domain_find(struct store *store, uint16_t domid);
struct store_domain *store_domain_get(struct store *store,
                                      uint16_t domid); /* NULL: out of memory */
void store_domain_put(struct store *store, struct store_domain *domain);
/* One node more or fewer of an owner; of every node of a subtree; or all counted anew. */
void store_count_owner(struct store *store, uint16_t owner, size_t more);
void store_count_nodes(struct store *store, const struct store_node *node, int direction);
void store_recount_all(struct store *store);
/* A domain is gone for good: its connection was destroyed; what it owned becomes domain 0's. */
void store_forget_domain(struct store *store, uint16_t domid);

#endif

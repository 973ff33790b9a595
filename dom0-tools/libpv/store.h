/* SPDX-License-Identifier: MIT */
/*
 * store.h: a xenstore client over a stream that speaks xs_wire; one request at a time.
 * Owns: the stream, and watch events that arrived while a reply was awaited.
 * Invariant ST1: a request leaves whole and its reply is read whole, or the connection is dead and
 * every later call answers -XEN_EIO.
 * Results: 0 or a negative Xen errno by the daemon's word: -XEN_ENOENT, -XEN_EACCES, -XEN_EAGAIN
 * (the transaction lost), -XEN_EINVAL, -XEN_EEXIST, -XEN_ENOSPC; -XEN_EIO the connection ended;
 * -XEN_E2BIG more than 4096 bytes; -XEN_ENOMEM.
 * Read next: docs/abi, xs_wire.
 */
#ifndef LIBPV_STORE_H
#define LIBPV_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_NO_TRANSACTION 0u
#define STORE_PATH_MAX       512

struct store;

/* A watch fired: both texts are malloc'ed and the receiver's. */
struct store_event {
    char *path;
    char *token;
};

/* Takes over the descriptor; NULL: out of memory. store_connect is
 * store_open(seam_store_connect()), NULL when there is no store. */
struct store *store_open(int descriptor);
struct store *store_connect(void);
void store_close(struct store *store);

/* For waiting: readable when an event (or the end) may be there. */
int store_descriptor(const struct store *store);

/* *value is malloc'ed and has a NUL behind its *length bytes; length may be NULL. */
int store_read(struct store *store, uint32_t transaction, const char *path, char **value,
               size_t *length);
int store_write(struct store *store, uint32_t transaction, const char *path, const char *value);
/* The path is printf'ed from its format; the value is text. */
int store_write_at(struct store *store, uint32_t transaction, const char *value, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));
/* Text of a node below a printf'ed path; NULL when it is not there. malloc'ed. */
char *store_read_at(struct store *store, uint32_t transaction, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int store_make_directory(struct store *store, uint32_t transaction, const char *path);
int store_remove(struct store *store, uint32_t transaction, const char *path);
/* names is one malloc'ed block, NULL-terminated: free(names) frees all. */
int store_directory(struct store *store, uint32_t transaction, const char *path, char ***names,
                    size_t *count);
/* permissions as on the wire, joined by NULs in order: "n1", "r2"; the first is the owner. */
int store_set_permissions(struct store *store, uint32_t transaction, const char *path,
                          const char *const *permissions, size_t count);
/* The same, read: one malloc'ed block, NULL-terminated. */
int store_permissions(struct store *store, uint32_t transaction, const char *path,
                      char ***permissions, size_t *count);

int store_transaction_start(struct store *store, uint32_t *transaction);
int store_transaction_end(struct store *store, uint32_t transaction, bool commit);

/* For how many milliseconds a node has had its value; negative: a Xen errno, -XEN_EINVAL where the store
 * is another that does not know. */
int64_t store_age_ms(struct store *store, const char *path);

int store_watch(struct store *store, const char *path, const char *token);
int store_unwatch(struct store *store, const char *path, const char *token);
/* Whether one came while a request waited for its reply: then the descriptor says nothing of it. Ask
 * after any request, before waiting for the descriptor. */
bool store_has_event(const struct store *store);
/* 1: *event filled; 0: none queued (wait: block for one); negative: -XEN_EIO. */
int store_next_event(struct store *store, bool wait, struct store_event *event);
void store_event_free(struct store_event *event);

/* A new domain's ring: the daemon maps it and binds the port. */
int store_introduce(struct store *store, uint16_t domid, uint64_t mfn, uint32_t port);
int store_release(struct store *store, uint16_t domid);

#endif

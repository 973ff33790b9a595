/* SPDX-License-Identifier: MIT */
/*
 * The xenstore client. A store is a transport (a struct file that speaks xs_wire: the shared ring
 * in a domU, a local one in dom0) and a thread that reads it; any number of threads may ask at
 * once. Paths are absolute, or relative to the domain's own directory. Values are bytes; read ones
 * come with a NUL behind. Errors are the daemon's, negative: -ENOENT, -EACCES, -EAGAIN (a
 * transaction that lost), -EINVAL; -EIO: the transport ended.
 */
#ifndef PVK_XENBUS_H
#define PVK_XENBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct file;
struct xenbus;

#define XENBUS_NO_TRANSACTION 0u

/* Takes over the reference to the transport. NULL: out of memory. */
struct xenbus *xenbus_open(struct file *transport);
/* The store of this domain: over the ring of start_info, or what xenbus_set_default gave. NULL:
 * there is none. */
struct xenbus *xenbus_default(void);
void xenbus_set_default(struct xenbus *store);

/* *value is malloc'ed. */
int xenbus_read(struct xenbus *store, uint32_t transaction, const char *path, char **value,
                size_t *length);
int xenbus_write(struct xenbus *store, uint32_t transaction, const char *path, const void *value,
                 size_t length);
/* printf into the value. */
int xenbus_printf(struct xenbus *store, uint32_t transaction, const char *path, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
/* Reads a decimal number. -EINVAL: it is none. */
int xenbus_read_number(struct xenbus *store, uint32_t transaction, const char *path,
                       unsigned long *number);
/* names: one malloc'ed block, free(names) frees all; names[count] is NULL. */
int xenbus_directory(struct xenbus *store, uint32_t transaction, const char *path, char ***names,
                     size_t *count);
int xenbus_mkdir(struct xenbus *store, uint32_t transaction, const char *path);
int xenbus_remove(struct xenbus *store, uint32_t transaction, const char *path);
/* permissions: as on the wire, "n1", "r2" ...: access letter and domid. */
int xenbus_set_permissions(struct xenbus *store, uint32_t transaction, const char *path,
                           const char *const *permissions, size_t count);

int xenbus_transaction_start(struct xenbus *store, uint32_t *transaction);
/* -EAGAIN: someone else changed what was read; start over. */
int xenbus_transaction_end(struct xenbus *store, uint32_t transaction, bool commit);

/* Called in the store's thread; it may use the store. The first call comes at once. */
typedef void (*xenbus_watch_handler_t)(struct xenbus *store, const char *path, void *data);
struct xenbus_watch;
int xenbus_watch(struct xenbus *store, const char *path, xenbus_watch_handler_t handler, void *data,
                 struct xenbus_watch **watch);
void xenbus_unwatch(struct xenbus_watch *watch);

/* Any request: strings are joined with their NULs as given. *reply malloc'ed. */
int xenbus_request(struct xenbus *store, uint32_t type, uint32_t transaction, const void *payload,
                   size_t length, char **reply, size_t *reply_length);

#ifdef __cplusplus
}
#endif

#endif

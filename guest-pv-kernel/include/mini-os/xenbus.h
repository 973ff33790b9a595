/* SPDX-License-Identifier: MIT */
/*
 * The store. Every call that gives a char * gives NULL, or a malloc'ed text: the daemon's word for the error
 * ("ENOENT"). All of them wait.
 * Several names are also those of <pvk/xenbus.h>, which is not to be included beside this; the linker knows
 * them apart.
 */
#ifndef MINI_OS_XENBUS_H
#define MINI_OS_XENBUS_H

#include <public/io/xenbus.h>
#include <public/io/xs_wire.h>
#include <mini-os/wait.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned long xenbus_transaction_t;
#define XBT_NIL ((xenbus_transaction_t)0)

/* ---- nodes -------------------------------------------------------------------------------------- */

char *xenbus_read(xenbus_transaction_t transaction, const char *path,
                  char **value) __asm__("mini_os_xenbus_read");
char *xenbus_write(xenbus_transaction_t transaction, const char *path,
                   const char *value) __asm__("mini_os_xenbus_write");
char *xenbus_printf(xenbus_transaction_t transaction, const char *directory, const char *node,
                    const char *format, ...) __asm__("mini_os_xenbus_printf")
    __attribute__((format(printf, 4, 5)));
char *xenbus_rm(xenbus_transaction_t transaction, const char *path);
/* An array that ends with NULL; it and each text are malloc'ed. */
char *xenbus_ls(xenbus_transaction_t transaction, const char *path, char ***contents);
/* The owner's right as on the wire: "n0". */
char *xenbus_get_perms(xenbus_transaction_t transaction, const char *path, char **value);
char *xenbus_set_perms(xenbus_transaction_t transaction, const char *path, domid_t domid,
                       char right);
/* -1: there is no such number. */
int xenbus_read_integer(const char *path);
int xenbus_read_uuid(const char *path, unsigned char uuid[16]);
domid_t xenbus_get_self_id(void);

char *xenbus_transaction_start(xenbus_transaction_t *transaction) __asm__(
    "mini_os_xenbus_transaction_start");
/* *retry: it lost, and is to be done again. */
char *xenbus_transaction_end(xenbus_transaction_t transaction, int abort,
                             int *retry) __asm__("mini_os_xenbus_transaction_end");

/* ---- watches ------------------------------------------------------------------------------------ */

/* One free() frees all of it. */
struct xenbus_event {
    char *path;
    char *token;
    struct xenbus_event *next;
};
typedef struct xenbus_event *xenbus_event_queue;

/* Those of watches without a queue of their own. */
extern xenbus_event_queue xenbus_events;
extern struct wait_queue_head xenbus_watch_queue;

char *xenbus_watch_path_token(xenbus_transaction_t transaction, const char *path, const char *token,
                              xenbus_event_queue *events);
char *xenbus_unwatch_path_token(xenbus_transaction_t transaction, const char *path,
                                const char *token);
#define XENBUS_WATCH_PATH_TOKEN "xenbus_watch_path"
#define xenbus_watch_path(transaction, path) \
    xenbus_watch_path_token(transaction, path, XENBUS_WATCH_PATH_TOKEN, NULL)
#define xenbus_unwatch_path(transaction, path) \
    xenbus_unwatch_path_token(transaction, path, XENBUS_WATCH_PATH_TOKEN)

/* Takes one event out of the queue (NULL: the common one), waiting for it: path and token, to be freed as
 * one. The other forgets it. */
char **xenbus_wait_for_watch_return(xenbus_event_queue *events);
void xenbus_wait_for_watch(xenbus_event_queue *events);
/* Until the node, which is watched into that queue, has that value, or changes from that state. */
char *xenbus_wait_for_value(const char *path, const char *value, xenbus_event_queue *events);
char *xenbus_wait_for_state_change(const char *path, XenbusState *state,
                                   xenbus_event_queue *events);
char *xenbus_switch_state(xenbus_transaction_t transaction, const char *path, XenbusState state);

/* ---- on the wire -------------------------------------------------------------------------------- */

struct write_req {
    const void *data;
    unsigned len;
};
/* Any request, of these pieces; the reply's header with its payload behind it, malloc'ed. */
struct xsd_sockmsg *xenbus_msg_reply(int type, xenbus_transaction_t transaction,
                                     struct write_req *pieces, int count);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A 9P2000.L client: one conversation, one request at a time, over any transport.
 *
 * Owns: fids of its conversation.
 * Invariant: 9P2 a fid that a call returned is clunked by exactly one p9_client_clunk().
 *            9P3 a walk never names "..": nothing outside the attached directory is reached.
 * Locks: the transport's lock, held from building a request until its reply has been read.
 *
 * Every call returns 0 (or a count) or a negative errno of this libc: the server's own error,
 * translated; -EIO for a malformed reply or a transport that failed.
 * Read next: p9_filesystem.h (files for programs), virtio_9p.h (the transport).
 */
#ifndef DRIVERS_P9_CLIENT_H
#define DRIVERS_P9_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p9_wire.h"

/* Open flags as the protocol has them. */
#define P9_OPEN_READ      0x0u
#define P9_OPEN_WRITE     0x1u
#define P9_OPEN_BOTH      0x2u
#define P9_OPEN_EXCLUSIVE 0x80u
#define P9_OPEN_TRUNCATE  0x200u
#define P9_OPEN_APPEND    0x400u

#define P9_FID_COUNT 64u

struct p9_transport {
    /* Exclusive use of the two buffers. */
    void (*lock)(struct p9_transport *transport);
    void (*unlock)(struct p9_transport *transport);
    /* Send `length` bytes of the request buffer; the reply's length, or a negative errno. */
    int (*exchange)(struct p9_transport *transport, uint32_t length);
    uint8_t *request;
    uint32_t request_capacity;
    uint8_t *reply;
    uint32_t reply_capacity;
};

struct p9_client {
    struct p9_transport *transport;
    uint32_t message_size; /* agreed with the server */
    uint64_t fids_in_use;  /* bit n: fid n */
};

struct p9_attributes {
    struct p9_qid qid;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint64_t links;
    uint64_t size;
    uint64_t block_size;
    uint64_t blocks;
    uint64_t modified_s;
};

struct p9_entry {
    struct p9_qid qid;
    uint64_t next_offset; /* where the next p9_client_readdir() goes on */
    uint8_t type;         /* 4 directory, 8 file, 10 symbolic link */
    char name[256];
};

struct p9_capacity {
    uint32_t block_size;
    uint64_t blocks;
    uint64_t blocks_free;
    uint64_t blocks_available;
    uint64_t files;
    uint64_t files_free;
};

/* Agree on version and size, attach to the root as fid 0. -EPROTONOSUPPORT: not a .L server. */
int p9_client_start(struct p9_client *client, struct p9_transport *transport, const char *name);

/* A new fid for `path` (relative to the root; "" is the root). -EINVAL: it has a "..".
 * -EMFILE: no fid is free. -ENAMETOOLONG: a component or the path is too long. */
int p9_client_walk(struct p9_client *client, const char *path, uint32_t *fid);
/* The same for the directory that holds `path`; `*name` points at the last component. */
int p9_client_walk_parent(struct p9_client *client, const char *path, uint32_t *fid,
                          const char **name);
int p9_client_clunk(struct p9_client *client, uint32_t fid);

int p9_client_open(struct p9_client *client, uint32_t fid, uint32_t flags);
/* Create `name` in directory `fid`, which becomes the open file. */
int p9_client_create(struct p9_client *client, uint32_t fid, const char *name, uint32_t flags,
                     uint32_t mode);
/* At most one message's worth; the number of bytes, 0 at the end of the file. */
int64_t p9_client_read(struct p9_client *client, uint32_t fid, uint64_t offset, void *buffer,
                       size_t count);
int64_t p9_client_write(struct p9_client *client, uint32_t fid, uint64_t offset, const void *buffer,
                        size_t count);
int p9_client_fsync(struct p9_client *client, uint32_t fid);
int p9_client_getattr(struct p9_client *client, uint32_t fid, struct p9_attributes *attributes);
int p9_client_truncate(struct p9_client *client, uint32_t fid, uint64_t size);
int p9_client_statfs(struct p9_client *client, uint32_t fid, struct p9_capacity *capacity);

/* Up to `limit` entries of open directory `fid` from `offset` (0: the start); 0 at the end. */
int p9_client_readdir(struct p9_client *client, uint32_t fid, uint64_t offset,
                      struct p9_entry *entries, unsigned int limit);

int p9_client_mkdir(struct p9_client *client, uint32_t fid, const char *name, uint32_t mode);
int p9_client_unlink(struct p9_client *client, uint32_t fid, const char *name, bool directory);
int p9_client_rename(struct p9_client *client, uint32_t from, const char *from_name, uint32_t to,
                     const char *to_name);

#endif

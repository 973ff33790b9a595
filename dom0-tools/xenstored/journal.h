/* SPDX-License-Identifier: MIT */
/*
 * The journal: every committed change of the store, in memory that outlives dom0 (libpv/keep.h), so that the next dom0's store begins
 * where this one ended: nodes, permissions, guests' rings, watches, open transactions, bytes on their way.
 *
 * Owns: the journal's memory: a header and two halves. One half is written, record by record; when it is full the whole store is
 * written into the other, which is then the one that counts. Invariant XJ1: what journal_commit() has not published does not exist, so
 * that changes made together are kept together. XJ2: a record whose sum is wrong ends the journal. XJ3: of one guest's own nodes at
 * most JOURNAL_GUEST_BYTES are kept when the store is written anew: no guest's nodes crowd out another's. Read next: journal.c.
 */
#ifndef XENSTORED_JOURNAL_H
#define XENSTORED_JOURNAL_H

#include "store.h"

#define JOURNAL_BYTES       (2560u * 1024u)
#define JOURNAL_GUEST_BYTES 65536u

/* A store of before, into one that was just created: its nodes, and a connection for each guest's ring (ring_mfn, ring_port), with its
 * watches, each of which fires once; transactions that were open end with EAGAIN. Then everything new goes to the journal. `memory` is
 * JOURNAL_BYTES, zeroed when it is new. 0; -ENOMEM; -EIO the journal was lost: the store is as created, and is kept from now on. */
int journal_open(struct store *store, void *memory);
void journal_close(struct store *store);

/* What happened; nothing without a journal. */
void journal_change(struct store *store, uint16_t domid, const struct store_change *change);
void journal_forget(struct store *store, uint16_t domid);
void journal_introduce(struct store *store, const struct store_connection *guest);
void journal_release(struct store *store, uint16_t domid);
void journal_watch(const struct store_watch *watch, bool is_new);
void journal_transaction(const struct store_connection *connection, uint32_t id, bool is_new);
/* Bytes that left the guest's ring and are no whole request yet, and those of replies that its ring had no room for. */
void journal_rest(struct store_connection *guest);
/* All of it so far counts. */
void journal_commit(struct store *store);

#endif

/* SPDX-License-Identifier: MIT */
/* Writing the journal: see journal.h. Invariants XJ1 to XJ3. Read next: journal_replay.c. */
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_format.h"

struct part {
    const void *bytes;
    size_t size;
};

/* --- Records --------------------------------------------------------------------------------- */

/* False: no room. The second part is given in two pieces. */
static bool append(struct store_journal *journal, struct record head, const char *first,
                   struct part second, struct part third)
{
    struct record *record;
    size_t size;

    head.first = first != NULL ? (uint32_t)strlen(first) + 1 : 0;
    head.second = (uint32_t)(second.size + third.size);
    size = (sizeof(head) + head.first + head.second + 7) & ~(size_t)7;
    if (size > JOURNAL_HALF - journal->end) {
        return false;
    }
    record = (struct record *)(void *)(journal_half(journal, journal->half) + journal->end);
    memset(record, 0, size);
    head.size = (uint32_t)size;
    *record = head;
    memcpy(record->bytes, first != NULL ? first : "", head.first);
    if (second.size != 0) {
        memcpy(record->bytes + head.first, second.bytes, second.size);
    }
    if (third.size != 0) {
        memcpy(record->bytes + head.first + second.size, third.bytes, third.size);
    }
    record->sum = record_sum(record);
    journal->end += record->size;
    return true;
}

/* --- The whole store -------------------------------------------------------------------------- */

#define RETRY_CHANGES \
    4096u /* a store too large for its half is tried again after so many changes */
#define NR_DOMIDS 32768u

struct snapshot {
    struct store_journal *journal;
    uint32_t *guest_bytes; /* by domain */
    bool fits;
};

static void write_node(const struct store_node *node, const char *path, void *data)
{
    struct snapshot *snapshot = data;
    size_t size = strlen(path) + node->length;
    uint16_t owner = tree_owner(node);

    if (owner != 0 && owner < NR_DOMIDS) {
        snapshot->guest_bytes[owner] += (uint32_t)(size + sizeof(struct record));
        if (snapshot->guest_bytes[owner] > JOURNAL_GUEST_BYTES) {
            return; /* XJ3 */
        }
    }
    snapshot->fits =
        snapshot->fits &&
        append(snapshot->journal,
               (struct record){.kind = RECORD_NODE, .number = (uint32_t)node->nr_permissions}, path,
               (struct part){node->permissions, node->nr_permissions * sizeof(*node->permissions)},
               (struct part){node->value, node->length});
}

static bool write_rest(struct store_journal *journal, const struct store_connection *guest);

static bool write_guest(struct store_journal *journal, const struct store_connection *guest)
{
    bool fits = append(
        journal,
        (struct record){
            .domid = guest->domid, .kind = RECORD_INTRODUCE, .number = guest->ring_port},
        NULL, (struct part){&guest->ring_mfn, sizeof(guest->ring_mfn)}, (struct part){NULL, 0});
    for (const struct store_watch *watch = guest->watches; watch != NULL && fits;
         watch = watch->next_of_connection) {
        fits = append(journal,
                      (struct record){.domid = guest->domid,
                                      .kind = RECORD_WATCH,
                                      .number = (uint32_t)watch->strip},
                      watch->path, (struct part){watch->token, strlen(watch->token) + 1},
                      (struct part){NULL, 0});
    }
    for (const struct store_transaction *transaction = guest->transactions;
         transaction != NULL && fits; transaction = transaction->next) {
        fits = append(
            journal,
            (struct record){.domid = guest->domid, .kind = RECORD_BEGIN, .number = transaction->id},
            NULL, (struct part){NULL, 0}, (struct part){NULL, 0});
    }
    return fits && write_rest(journal, guest);
}

/* The store as it is now goes into the other half, which then is the one that counts. */
static void rewrite(struct store *store)
{
    struct store_journal *journal = store->journal;
    struct journal_header *header = journal->header;
    struct snapshot snapshot = {journal, calloc(NR_DOMIDS, sizeof(uint32_t)), true};

    snapshot.fits = snapshot.guest_bytes != NULL;
    journal->half = header->active ^ 1;
    journal->end = 0;
    journal->nr_missed = 0;
    if (snapshot.fits) {
        tree_walk(store->root, "/", write_node, &snapshot);
    }
    for (const struct store_connection *guest = store->connections; guest != NULL && snapshot.fits;
         guest = guest->next) {
        if (guest->domid != 0) {
            snapshot.fits = write_guest(journal, guest);
        }
    }
    free(snapshot.guest_bytes);
    if (snapshot.fits) {
        header->end[journal->half] = journal->end;
        __atomic_store_n(&header->active, journal->half, __ATOMIC_RELEASE);
    } else if (header->lost == 0) {
        fprintf(stderr, "xenstored: the store is too large to be kept over a crash of dom0\n");
    }
    __atomic_store_n(&header->lost, snapshot.fits ? 0u : 1u, __ATOMIC_RELEASE);
}

/* What does not fit is in the store already, and so in what is written anew. */
static void make_room(struct store *store)
{
    struct store_journal *journal = store->journal;

    if (journal->header->lost == 0 || ++journal->nr_missed == RETRY_CHANGES) {
        rewrite(store);
    }
}

static void add(struct store *store, struct record head, const char *first, struct part second,
                struct part third)
{
    struct store_journal *journal = store->journal;

    if (journal != NULL && !journal->is_replaying &&
        (journal->header->lost != 0 || !append(journal, head, first, second, third))) {
        make_room(store);
    }
}

/* --- What happens ------------------------------------------------------------------------------ */

#define NOTHING ((struct part){NULL, 0})

void journal_change(struct store *store, uint16_t domid, const struct store_change *change)
{
    add(store,
        (struct record){.domid = domid, .kind = RECORD_CHANGE, .number = (uint32_t)change->kind},
        change->path, (struct part){change->data, change->length}, NOTHING);
}

void journal_forget(struct store *store, uint16_t domid)
{
    add(store, (struct record){.domid = domid, .kind = RECORD_FORGET}, NULL, NOTHING, NOTHING);
}

void journal_introduce(struct store *store, const struct store_connection *guest)
{
    add(store,
        (struct record){
            .domid = guest->domid, .kind = RECORD_INTRODUCE, .number = guest->ring_port},
        NULL, (struct part){&guest->ring_mfn, sizeof(guest->ring_mfn)}, NOTHING);
}

void journal_release(struct store *store, uint16_t domid)
{
    add(store, (struct record){.domid = domid, .kind = RECORD_RELEASE}, NULL, NOTHING, NOTHING);
}

void journal_watch(const struct store_watch *watch, bool is_new)
{
    if (watch->connection->domid != 0) {
        add(watch->connection->store,
            (struct record){.domid = watch->connection->domid,
                            .kind = is_new ? RECORD_WATCH : RECORD_UNWATCH,
                            .number = (uint32_t)watch->strip},
            watch->path, (struct part){watch->token, strlen(watch->token) + 1}, NOTHING);
    }
}

void journal_transaction(const struct store_connection *connection, uint32_t id, bool is_new)
{
    if (connection->domid != 0) {
        add(connection->store,
            (struct record){.domid = connection->domid,
                            .kind = is_new ? RECORD_BEGIN : RECORD_END,
                            .number = id},
            NULL, NOTHING, NOTHING);
    }
}

/* The unsent rest of what is queued, without events of which nothing was sent: each watch fires anew after a restart. */
static size_t collect_output(const struct store_connection *guest, unsigned char *bytes,
                             size_t room)
{
    size_t used = 0;

    for (const struct store_message *m = guest->output; m != NULL; m = m->next) {
        struct xsd_sockmsg header;
        size_t part = m->size - m->sent;

        memcpy(&header, m->bytes, sizeof(header));
        if ((m->sent == 0 && header.type == XS_WATCH_EVENT) || part > room - used) {
            continue;
        }
        memcpy(bytes + used, m->bytes + m->sent, part);
        used += part;
    }
    return used;
}

static bool write_rest(struct store_journal *journal, const struct store_connection *guest)
{
    static unsigned char
        output[QUOTA_QUEUED_BYTES + sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    size_t size = collect_output(guest, output, sizeof(output));

    return append(
        journal,
        (struct record){
            .domid = guest->domid, .kind = RECORD_REST, .number = (uint32_t)guest->input_used},
        NULL, (struct part){guest->input, guest->input_used}, (struct part){output, size});
}

void journal_rest(struct store_connection *guest)
{
    struct store *store = guest->store;
    bool has_rest = guest->input_used != 0 || guest->output != NULL;

    if (store->journal != NULL && (has_rest || guest->rest_is_kept)) {
        guest->rest_is_kept = has_rest;
        if (store->journal->header->lost != 0 || !write_rest(store->journal, guest)) {
            make_room(store);
        }
    }
}

void journal_commit(struct store *store)
{
    struct store_journal *journal = store->journal;

    if (journal != NULL && !journal->is_replaying && journal->header->lost == 0) {
        __atomic_store_n(&journal->header->end[journal->half], journal->end, __ATOMIC_RELEASE);
    }
}

/* --- Open and close ------------------------------------------------------------------------------- */

int journal_open(struct store *store, void *memory)
{
    struct store_journal *journal = calloc(1, sizeof(*journal));
    struct journal_header *header = memory;
    int result = 0;

    if (journal == NULL) {
        return -ENOMEM;
    }
    journal->header = header;
    if (header->magic == JOURNAL_MAGIC && header->active < 2 && header->lost == 0 &&
        header->end[header->active] <= JOURNAL_HALF) {
        journal->is_replaying = true;
        store->journal = journal;
        result = journal_replay(store, journal);
        journal->is_replaying = false;
    } else {
        result = header->magic == 0 ? 0 : -EIO;
    }
    header->active &= 1;
    store->journal = journal;
    rewrite(store);
    header->magic = JOURNAL_MAGIC;
    return result;
}

void journal_close(struct store *store)
{
    free(store->journal);
    store->journal = NULL;
}

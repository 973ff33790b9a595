/* SPDX-License-Identifier: MIT */
/* Reading the journal: see journal.h. Whatever a record says is checked against its bounds: a crash may have come from anywhere (XJ2). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal_format.h"

struct replay {
    struct store *store;
    const struct record *record;
    const char *first;
    const unsigned char *second;
    struct store_connection *guest; /* the record's; NULL: not introduced */
};

static struct store_connection *find_guest(struct store *store, uint16_t domid)
{
    struct store_connection *connection = store->connections;

    while (connection != NULL && (domid == 0 || connection->domid != domid)) {
        connection = connection->next;
    }
    return connection;
}

static int replay_change(const struct replay *replay)
{
    static uint64_t aligned[(XENSTORE_PAYLOAD_MAX + 8) / 8];
    struct store_change change = {.path = (char *)(uintptr_t)replay->first,
                                  .data = aligned,
                                  .length = replay->record->second};

    if (replay->record->number > CHANGE_PERMISSIONS || change.length > sizeof(aligned)) {
        return 0;
    }
    memcpy(aligned, replay->second, change.length);
    memcpy(&change.kind, &replay->record->number, sizeof(change.kind));
    return transaction_replay(replay->store, replay->record->domid, &change);
}

static int replay_node(const struct replay *replay)
{
    size_t size = replay->record->number * sizeof(struct store_permission);
    struct store_permission permissions[STORE_MAX_PERMISSIONS];
    struct store_node **root = &replay->store->root;
    size_t created;
    int error;

    if (replay->record->number == 0 || replay->record->number > STORE_MAX_PERMISSIONS ||
        size > replay->record->second) {
        return 0;
    }
    memcpy(permissions, replay->second, size);
    error = tree_make(root, replay->first, 0, &created);
    error = error != 0 ? error
                       : tree_set_value(root, replay->first, replay->second + size,
                                        replay->record->second - size);
    return error != 0
               ? error
               : tree_set_permissions(root, replay->first, permissions, replay->record->number);
}

static int replay_forget(const struct replay *replay)
{
    return tree_forget_domain(&replay->store->root, replay->record->domid);
}

static int replay_introduce(const struct replay *replay)
{
    struct store_connection *guest = replay->guest;

    if (guest != NULL || replay->record->second != sizeof(guest->ring_mfn)) {
        return 0;
    }
    guest = connection_create(replay->store, replay->record->domid);
    if (guest == NULL) {
        return -ENOMEM;
    }
    memcpy(&guest->ring_mfn, replay->second, sizeof(guest->ring_mfn));
    guest->ring_port = replay->record->number;
    return 0;
}

static int replay_release(const struct replay *replay)
{
    if (replay->guest != NULL) {
        connection_destroy(replay->guest);
    }
    return 0;
}

static int replay_watch(const struct replay *replay)
{
    const char *token = (const char *)replay->second;

    if (replay->guest != NULL && replay->record->second != 0 &&
        token[replay->record->second - 1] == '\0' &&
        replay->record->number < strlen(replay->first)) {
        int error = watch_add(replay->guest, replay->first, replay->record->number, token);

        return error == -ENOMEM ? error : 0;
    }
    return 0;
}

static int replay_unwatch(const struct replay *replay)
{
    if (replay->guest != NULL && replay->record->second != 0 &&
        replay->second[replay->record->second - 1] == '\0') {
        (void)watch_remove(replay->guest, replay->first, (const char *)replay->second);
    }
    return 0;
}

static int replay_begin(const struct replay *replay)
{
    uint32_t id;

    if (replay->guest == NULL) {
        return 0;
    }
    replay->guest->next_transaction = replay->record->number;
    return transaction_start(replay->guest, &id) == -ENOMEM ? -ENOMEM : 0;
}

static int replay_end(const struct replay *replay)
{
    if (replay->guest != NULL) {
        (void)transaction_end(replay->guest, replay->record->number, false);
    }
    return 0;
}

static int replay_rest(const struct replay *replay)
{
    uint32_t input = replay->record->number, output = replay->record->second - input;

    if (replay->guest == NULL || input > replay->record->second ||
        input > sizeof(replay->guest->input)) {
        return 0;
    }
    memcpy(replay->guest->input, replay->second, input);
    replay->guest->input_used = input;
    return connection_queue_rest(replay->guest, replay->second + input, output);
}

static int (*const actions[])(const struct replay *) = {
    [RECORD_CHANGE] = replay_change,   [RECORD_NODE] = replay_node,
    [RECORD_FORGET] = replay_forget,   [RECORD_INTRODUCE] = replay_introduce,
    [RECORD_RELEASE] = replay_release, [RECORD_WATCH] = replay_watch,
    [RECORD_UNWATCH] = replay_unwatch, [RECORD_BEGIN] = replay_begin,
    [RECORD_END] = replay_end,         [RECORD_REST] = replay_rest,
};

static bool is_sound(const struct record *record, uint32_t left)
{
    return left >= sizeof(*record) && record->size >= sizeof(*record) && record->size <= left &&
           (record->size & 7) == 0 && record->sum == record_sum(record) &&
           record->first <= record->size - sizeof(*record) &&
           record->second <= record->size - sizeof(*record) - record->first &&
           record->kind < sizeof(actions) / sizeof(actions[0]) &&
           (record->first == 0 || record->bytes[record->first - 1] == '\0');
}

/* What was open at the crash is shown the store of now, and does not commit. */
static void finish_guest(struct store_connection *guest)
{
    for (struct store_transaction *transaction = guest->transactions; transaction != NULL;
         transaction = transaction->next) {
        transaction_lose(guest, transaction);
    }
    watch_fire_own(guest);
}

int journal_replay(struct store *store, const struct store_journal *journal)
{
    const unsigned char *half = journal_half(journal, journal->header->active);
    uint32_t end = journal->header->end[journal->header->active];

    for (uint32_t at = 0; at < end;) {
        const struct record *record = (const struct record *)(const void *)(half + at);
        int error;

        if (!is_sound(record, end - at)) {
            break;
        }
        struct replay replay = {store, record,
                                record->first != 0 ? (const char *)record->bytes : "",
                                record->bytes + record->first, find_guest(store, record->domid)};
        error = actions[record->kind](&replay);
        if (error == -ENOMEM) {
            return error;
        }
        at += record->size;
    }
    store_recount_all(store);
    for (struct store_connection *guest = store->connections; guest != NULL; guest = guest->next) {
        finish_guest(guest);
    }
    return 0;
}

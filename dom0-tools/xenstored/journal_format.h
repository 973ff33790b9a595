/* SPDX-License-Identifier: MIT */
/* The journal's layout, between journal.c, which writes it, and journal_replay.c, which reads it. Only one build of dom0 ever does both. */
#ifndef XENSTORED_JOURNAL_FORMAT_H
#define XENSTORED_JOURNAL_FORMAT_H

#include "journal.h"

enum record_kind {
    RECORD_CHANGE, /* number: the kind of struct store_change; first: path; second: its data */
    RECORD_NODE,   /* number: of permissions; first: path; second: permissions, then the value */
    RECORD_FORGET,
    RECORD_INTRODUCE, /* number: port; second: the frame */
    RECORD_RELEASE,
    RECORD_WATCH, /* number: strip; first: path; second: token */
    RECORD_UNWATCH,
    RECORD_BEGIN, /* number: a transaction's */
    RECORD_END,
    RECORD_REST, /* number: bytes of input; second: input, then output */
};

struct record {
    uint32_t size; /* of all, a multiple of 8 */
    uint32_t sum;  /* of what follows */
    uint16_t domid;
    uint16_t kind;
    uint32_t number;
    uint32_t first, second; /* bytes; `first` with its NUL */
    unsigned char bytes[];
};

#define JOURNAL_MAGIC UINT64_C(0x31304c4e524a5358)

struct journal_header {
    uint64_t magic;
    uint32_t active; /* the half that counts */
    uint32_t lost;   /* the store is larger than a half: nothing counts */
    uint32_t end[2]; /* published bytes of each */
    uint64_t reserved;
};

#define JOURNAL_HALF ((JOURNAL_BYTES - (uint32_t)sizeof(struct journal_header)) / 2 & ~7u)

struct store_journal {
    struct journal_header *header;
    uint32_t
        half; /* that is written: the active one, but for a moment in which the store is written anew */
    uint32_t end;       /* of it, not published records included */
    uint32_t nr_missed; /* changes since the store was found too large */
    bool is_replaying;
};

static inline unsigned char *journal_half(const struct store_journal *journal, uint32_t which)
{
    return (unsigned char *)(journal->header + 1) + which * JOURNAL_HALF;
}

static inline uint32_t record_sum(const struct record *record)
{
    const unsigned char *bytes = (const unsigned char *)&record->domid;
    uint32_t sum = record->size;

    for (size_t i = 0; i < record->size - offsetof(struct record, domid); i++) {
        sum = (sum ^ bytes[i]) * 16777619u;
    }
    return sum;
}

/* journal_replay.c: the active half's records onto the store. 0, -ENOMEM. */
int journal_replay(struct store *store, const struct store_journal *journal);

#endif

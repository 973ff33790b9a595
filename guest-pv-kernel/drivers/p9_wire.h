/* SPDX-License-Identifier: MIT */
/*
 * 9P2000.L messages as bytes: a writer for requests and a reader for replies, little-endian.
 *
 * Owns: the wire format; message numbers are the protocol's.
 * Invariant: 9P1 neither end leaves its buffer: an overflow or a short message is remembered in the
 *            cursor and every later access is harmless.
 * Locks: none. Pure; host tests run it.
 *
 * Read next: p9_client.h.
 */
#ifndef DRIVERS_P9_WIRE_H
#define DRIVERS_P9_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests; the reply's number is one more. */
#define P9_RLERROR   7
#define P9_TSTATFS   8
#define P9_TLOPEN    12
#define P9_TLCREATE  14
#define P9_TGETATTR  24
#define P9_TSETATTR  26
#define P9_TREADDIR  40
#define P9_TFSYNC    50
#define P9_TMKDIR    72
#define P9_TRENAMEAT 74
#define P9_TUNLINKAT 76
#define P9_TVERSION  100
#define P9_TATTACH   104
#define P9_TWALK     110
#define P9_TREAD     116
#define P9_TWRITE    118
#define P9_TCLUNK    120

#define P9_NO_TAG 0xffffu
#define P9_NO_FID 0xffffffffu

#define P9_HEADER_SIZE 7u /* size[4] type[1] tag[2] */

struct p9_writer {
    uint8_t *buffer;
    size_t capacity;
    size_t length;
    bool overflow;
};

struct p9_reader {
    const uint8_t *data;
    size_t length;
    size_t position;
    bool truncated;
};

struct p9_qid {
    uint8_t type; /* 0x80 directory, 0x02 symbolic link */
    uint32_t version;
    uint64_t path;
};

/* Start a request; p9_wire_finish() fills in the size. False: it did not fit. */
void p9_wire_begin(struct p9_writer *writer, uint8_t *buffer, size_t capacity, uint8_t type,
                   uint16_t tag);
bool p9_wire_finish(struct p9_writer *writer);

void p9_wire_put8(struct p9_writer *writer, uint8_t value);
void p9_wire_put16(struct p9_writer *writer, uint16_t value);
void p9_wire_put32(struct p9_writer *writer, uint32_t value);
void p9_wire_put64(struct p9_writer *writer, uint64_t value);
void p9_wire_put_bytes(struct p9_writer *writer, const void *bytes, size_t count);
/* A string of `count` bytes (at most 65535), with its length before it. */
void p9_wire_put_string(struct p9_writer *writer, const char *text, size_t count);

/* Reads past the end give zero and set `truncated`. */
uint8_t p9_wire_get8(struct p9_reader *reader);
uint16_t p9_wire_get16(struct p9_reader *reader);
uint32_t p9_wire_get32(struct p9_reader *reader);
uint64_t p9_wire_get64(struct p9_reader *reader);
struct p9_qid p9_wire_get_qid(struct p9_reader *reader);
/* `count` bytes in place, or NULL when there are not that many left. */
const uint8_t *p9_wire_get_bytes(struct p9_reader *reader, size_t count);
/* A string in place, not terminated; its length in `*count`. NULL when truncated. */
const char *p9_wire_get_string(struct p9_reader *reader, size_t *count);

#endif

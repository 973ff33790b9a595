/* SPDX-License-Identifier: MIT */
/*
 * Frames of the host channel: encode and decode, with no I/O and no memory of its own.
 * Owns: nothing; every buffer is the caller's. Compiles for the host and for dom0 (C11, no POSIX).
 * Invariant: HC1 (channel_protocol.h): nothing longer is made, anything longer is refused.
 * Locks: none. A reader is used by one thread at a time.
 * Read next: channel_protocol.h for the layout, supervisor.c for the host's use.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include "channel_protocol.h"

struct channel_frame {
    uint8_t type;
    uint8_t stream;
    uint16_t session;
    uint32_t length;
    const uint8_t *payload; /* inside the bytes that were decoded: not a copy */
};

/* One file that a command may open. `name` is the path as the user or the config wrote it;
 * `share_path` is where it lies below the share's root, without a leading slash. */
struct channel_file {
    const char *name;
    const char *share_path;
    uint16_t flags;
};

struct channel_exec {
    uint16_t terminals; /* CHANNEL_TERMINAL_* */
    uint16_t columns;   /* 0 when unknown */
    uint16_t rows;
    uint16_t nr_arguments;
    uint16_t nr_environment;
    uint16_t nr_files;
    const char *directory;       /* the user's current directory, a host path */
    const char *share_directory; /* the same below the share's root; "" when it is the root */
    const char *arguments[CHANNEL_ARGUMENTS_MAX + 1];     /* [0] is "pvctl" or "xl"; NULL ends */
    const char *environment[CHANNEL_ENVIRONMENT_MAX + 1]; /* NAME=value: TERM, NO_COLOR … */
    struct channel_file files[CHANNEL_FILES_MAX];
};

/* Writes a header for `length` bytes of payload. Returns CHANNEL_HEADER_SIZE. */
size_t channel_encode_header(uint8_t out[CHANNEL_HEADER_SIZE], uint8_t type, uint8_t stream,
                             uint16_t session, uint32_t length);

/* Writes a whole frame. Returns its size, or 0 when it does not fit `size` or breaks HC1. */
size_t channel_encode(uint8_t *out, size_t size, uint8_t type, uint8_t stream, uint16_t session,
                      const void *payload, uint32_t length);

/*
 * Looks at the first frame of `bytes`. Returns its whole size and fills *frame; 0 when more bytes
 * are needed; -EPROTO when this cannot be our protocol (length, a byte that must be zero), or
 * -EPROTONOSUPPORT when the other side's version differs.
 */
long channel_decode(const uint8_t *bytes, size_t length, struct channel_frame *frame);

/* Payloads. Encoders return the size, or 0 when it does not fit. Decoders return 0 or -EPROTO. */
size_t channel_encode_hello(uint8_t *out, size_t size, uint32_t nonce, const char *build_id);
int channel_decode_hello(const struct channel_frame *frame, uint32_t *nonce, const char **build_id);

size_t channel_encode_exec(uint8_t *out, size_t size, const struct channel_exec *exec);
/* The strings point into the frame's payload. */
int channel_decode_exec(const struct channel_frame *frame, struct channel_exec *exec);

size_t channel_encode_u32(uint8_t out[4], uint32_t value); /* WINDOW, SIGNAL, EXIT */
int channel_decode_u32(const struct channel_frame *frame, uint32_t *value);

size_t channel_encode_resize(uint8_t out[4], uint16_t columns, uint16_t rows);
int channel_decode_resize(const struct channel_frame *frame, uint16_t *columns, uint16_t *rows);

/*
 * Collects bytes until a frame is whole. Usage: read into channel_reader_space(), tell
 * channel_reader_filled(), then take frames with channel_reader_next() until it returns 0; a frame
 * is valid until the next channel_reader_filled().
 */
struct channel_reader {
    size_t begin;
    size_t end;
    uint8_t bytes[CHANNEL_HEADER_SIZE + CHANNEL_PAYLOAD_MAX];
};

void channel_reader_reset(struct channel_reader *reader);
/* Where to read to, and how much fits (never 0 after all whole frames were taken). */
uint8_t *channel_reader_space(struct channel_reader *reader, size_t *space);
void channel_reader_filled(struct channel_reader *reader, size_t count);
/* 1: *frame is the next; 0: no whole frame; negative as channel_decode. */
int channel_reader_next(struct channel_reader *reader, struct channel_frame *frame);

#endif

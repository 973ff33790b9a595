/* SPDX-License-Identifier: MIT */
/*
 * The host channel's wire format: what travels between pvctl on the host and dom0 through one
 * virtio-serial port named "xenlike.channel".
 * Owns: frame layout, frame types, limits.
 * Invariant: HC1 every frame is a header and at most CHANNEL_PAYLOAD_MAX bytes; HC2 a sender never
 * sends more DATA bytes on a stream than the receiver granted; HC3 a session id is not used again
 * before its EXIT was received.
 * Read next: channel.h (encode and decode), dom0-tools/dom0 (the serving side).
 *
 * One connection carries many sessions. A session is one command that a user typed; it begins with
 * EXEC (host to dom0) and always ends with exactly one EXIT (dom0 to host). Session 0 is the
 * connection itself: HELLO, PING, PONG, POWEROFF, ERROR, PUNCH.
 *
 * Who speaks first: dom0 sends START when it has opened the port. The host sends HELLO with a fresh
 * nonce when it has connected, and again for each START (dom0 was restarted). For a HELLO dom0
 * forgets every session it had and answers HELLO with the same nonce; the host takes any other
 * nonce for an old answer. No session begins before. Versions must be equal; build ids are compared
 * by the host, for a warning only.
 *
 * Credits: on stdout and stderr dom0 may send CHANNEL_INITIAL_WINDOW bytes at once; on stdin the
 * host sends nothing until dom0 grants it, which dom0 does when the command first reads or polls
 * its stdin. So a command that does not read leaves the user's input alone, as a local one would.
 *
 * Header, 12 bytes, all numbers little-endian:
 *
 *    0  u32 length    bytes of payload after the header, 0..CHANNEL_PAYLOAD_MAX
 *    4  u8  version   CHANNEL_VERSION
 *    5  u8  type      enum channel_type
 *    6  u8  stream    enum channel_stream for DATA, END and WINDOW; 0 otherwise
 *    7  u8  zero
 *    8  u16 session   0 for the connection, else 1..65535, chosen by the host
 *   10  u16 zero
 */
#ifndef CHANNEL_PROTOCOL_H
#define CHANNEL_PROTOCOL_H

#define CHANNEL_PORT_NAME "xenlike.channel"
#define CHANNEL_VERSION   1
#define CHANNEL_MAGIC     "xenlike\n" /* the first 8 bytes of HELLO's payload */

#define CHANNEL_HEADER_SIZE  12u
#define CHANNEL_PAYLOAD_MAX  65536u
#define CHANNEL_DATA_MAX     16384u /* DATA is cut into pieces of at most this */
#define CHANNEL_BUILD_ID_MAX 63u

/* What dom0 may send on stdout and on stderr of a new session before it sees a WINDOW frame, and
 * the most that either side ever leaves granted and unused on one stream. stdin begins with 0. */
#define CHANNEL_INITIAL_WINDOW 65536u

#define CHANNEL_ARGUMENTS_MAX   64u
#define CHANNEL_ENVIRONMENT_MAX 16u
#define CHANNEL_FILES_MAX       64u

enum channel_type {
    CHANNEL_HELLO = 1,     /* both ways: magic[8], u32 nonce, string build_id */
    CHANNEL_PING = 2,      /* both ways: up to 64 bytes, which PONG returns */
    CHANNEL_PONG = 3,      /* both ways */
    CHANNEL_ERROR = 4,     /* both ways: string; the sender closes the connection after it */
    CHANNEL_POWEROFF = 5,  /* to dom0: end every guest, sync, switch the machine off */
    CHANNEL_START = 6,     /* to host: dom0 has opened the port. Empty */
    CHANNEL_PUNCH = 7,     /* to host: u32 tag, u64 offset, u64 length, string path in the share */
    CHANNEL_PUNCHED = 8,   /* to dom0: u32 tag, u32 enum punch_result */
    CHANNEL_EXEC = 16,     /* to dom0: struct channel_exec, see channel.h */
    CHANNEL_DATA = 17,     /* to dom0: stdin; to host: stdout, stderr. Raw bytes */
    CHANNEL_END = 18,      /* like DATA: no more data on this stream. Empty */
    CHANNEL_WINDOW = 19,   /* from a stream's receiver: u32 more bytes that may be sent */
    CHANNEL_SIGNAL = 20,   /* to dom0: u32 enum channel_signal */
    CHANNEL_RESIZE = 21,   /* to dom0: u16 columns, u16 rows of the user's terminal */
    CHANNEL_TERMINAL = 22, /* to host: u8 1 raw mode, 0 as it was before */
    CHANNEL_EXIT = 23,     /* to host: u32 exit status (0..255); ends the session */
};

#define CHANNEL_PUNCH_PATH 20u /* where PUNCH's path begins */

enum channel_stream {
    CHANNEL_STDIN = 0,
    CHANNEL_STDOUT = 1,
    CHANNEL_STDERR = 2,
    CHANNEL_NR_STREAMS = 3,
};

enum channel_signal {
    CHANNEL_INTERRUPT = 1, /* Ctrl-C: the command undoes what it began and exits */
    CHANNEL_TERMINATE = 2, /* the same, from kill */
    CHANNEL_HANGUP = 3, /* the user's pvctl is gone: nobody reads, end at once. EXIT still comes */
};

/* Which of the command's three streams are terminals: bits of channel_exec.terminals. */
#define CHANNEL_TERMINAL_STDIN  (1u << CHANNEL_STDIN)
#define CHANNEL_TERMINAL_STDOUT (1u << CHANNEL_STDOUT)
#define CHANNEL_TERMINAL_STDERR (1u << CHANNEL_STDERR)

/* Bits of channel_file.flags. */
#define CHANNEL_FILE_WRITABLE 1u
#define CHANNEL_FILE_ABSENT   2u /* did not exist on the host when the command was sent */

#endif

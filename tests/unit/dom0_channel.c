/* SPDX-License-Identifier: MIT */
/*
 * The sessions of the host channel, frame by frame.
 * Claims: CS1-CS3 (channel_sessions.h). Read next: dom0-tools/dom0/channel_sessions.c
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "dom0-tools/dom0/channel_sessions.h"

struct sent {
    uint8_t type, stream;
    uint16_t session;
    uint32_t length;
    uint8_t payload[256];
};

static struct sent log_entries[4096];
static unsigned int log_count;
static struct channel_sessions table;
static struct channel_session *started;
static unsigned int starts, cancels, poweroffs;
static int start_result;

static void send_frame(void *context, uint8_t type, uint8_t stream, uint16_t session,
                       const void *payload, uint32_t length)
{
    struct sent *entry = &log_entries[log_count++ % 4096];

    (void)context;
    *entry = (struct sent){.type = type, .stream = stream, .session = session, .length = length};
    if (length != 0) {
        memcpy(entry->payload, payload, length < 256 ? length : 256);
    }
}

static int start(void *context, struct channel_session *session)
{
    (void)context;
    started = session;
    starts++;
    return start_result;
}

static void changed(void *context, struct channel_session *session)
{
    (void)context;
    (void)session;
}

static void cancel(void *context, struct channel_session *session)
{
    (void)context;
    (void)session;
    cancels++;
}

static void poweroff(void *context)
{
    (void)context;
    poweroffs++;
}

static const struct channel_sessions_operations operations = {
    .send = send_frame,
    .start = start,
    .changed = changed,
    .cancel = cancel,
    .poweroff = poweroff,
};

static const struct sent *last(void)
{
    cr_assert_neq(log_count, 0);
    return &log_entries[(log_count - 1) % 4096];
}

static uint32_t number(const struct sent *entry)
{
    return entry->payload[0] | (uint32_t)entry->payload[1] << 8 |
           (uint32_t)entry->payload[2] << 16 | (uint32_t)entry->payload[3] << 24;
}

static int give(uint8_t type, uint8_t stream, uint16_t session, const void *payload, size_t length)
{
    struct channel_frame frame = {.type = type,
                                  .stream = stream,
                                  .session = session,
                                  .length = (uint32_t)length,
                                  .payload = payload};

    return channel_sessions_frame(&table, &frame);
}

static int give_number(uint8_t type, uint8_t stream, uint16_t session, uint32_t value)
{
    uint8_t bytes[4];

    channel_encode_u32(bytes, value);
    return give(type, stream, session, bytes, 4);
}

static int hello(void)
{
    uint8_t bytes[64];
    size_t length = channel_encode_hello(bytes, sizeof(bytes), 77, "host");

    return give(CHANNEL_HELLO, 0, 0, bytes, length);
}

static int exec(uint16_t session)
{
    static const struct channel_exec request = {
        .terminals = CHANNEL_TERMINAL_STDIN,
        .nr_arguments = 2,
        .nr_files = 1,
        .directory = "/home/u",
        .share_directory = "u",
        .arguments = {"pvctl", "list"},
        .files = {{"a.cfg", "u/a.cfg", CHANNEL_FILE_WRITABLE}},
    };
    uint8_t bytes[512];
    size_t length = channel_encode_exec(bytes, sizeof(bytes), &request);

    cr_assert_neq(length, 0);
    return give(CHANNEL_EXEC, 0, session, bytes, length);
}

static void set_up(void)
{
    channel_sessions_init(&table, &operations, NULL, "dom0");
    cr_assert_eq(hello(), 0);
    log_count = 0;
}

static unsigned int count_exits(uint16_t session)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < log_count; i++) {
        count += log_entries[i].type == CHANNEL_EXIT && log_entries[i].session == session;
    }
    return count;
}

Test(channel_sessions, a_hello_is_answered_with_its_nonce_and_nothing_goes_before_it)
{
    const char *build_id;
    uint32_t nonce;

    channel_sessions_init(&table, &operations, NULL, "dom0");
    cr_assert_eq(exec(1), 0);
    cr_assert_eq(starts, 0);
    cr_assert_eq(hello(), 0);
    struct channel_frame frame = {.length = last()->length, .payload = last()->payload};
    cr_assert_eq(channel_decode_hello(&frame, &nonce, &build_id), 0);
    cr_assert_eq(nonce, 77);
    cr_assert_str_eq(build_id, "dom0");
}

Test(channel_sessions, a_command_runs_and_exits_once, .init = set_up)
{
    cr_assert_eq(exec(5), 0);
    cr_assert_eq(starts, 1);
    cr_assert_eq(started->exec.nr_arguments, 2);
    cr_assert_str_eq(started->exec.arguments[1], "list");
    cr_assert_eq(channel_sessions_write(started, CHANNEL_STDOUT, "hi", 2), 2);
    cr_assert_eq(last()->type, CHANNEL_DATA);
    cr_assert_eq(last()->stream, CHANNEL_STDOUT);
    channel_sessions_end(started, 3);
    cr_assert_eq(last()->type, CHANNEL_EXIT);
    cr_assert_eq(number(last()), 3);
    cr_assert_eq(count_exits(5), 1);
    cr_assert_eq(exec(5), 0, "the id may be used again");
    channel_sessions_end(started, 0);
}

Test(channel_sessions, CS1_a_command_that_cannot_start_exits_too, .init = set_up)
{
    start_result = -ENOMEM;
    cr_assert_eq(exec(5), 0);
    cr_assert_eq(count_exits(5), 1);
    cr_assert_eq(number(last()), 5);
    start_result = 0;
    for (uint16_t i = 0; i <= CHANNEL_SESSIONS_MAX; i++) {
        cr_assert_eq(exec((uint16_t)(100 + i)), 0);
    }
    cr_assert_eq(count_exits(100 + CHANNEL_SESSIONS_MAX), 1);
    for (unsigned int i = 0; i < CHANNEL_SESSIONS_MAX; i++) {
        channel_sessions_end(&table.sessions[i], 0);
    }
}

Test(channel_sessions, output_stops_without_credit_and_goes_on_with_it, .init = set_up)
{
    static char bytes[CHANNEL_DATA_MAX * 2];
    uint32_t total = 0;
    long sent;

    exec(1);
    while ((sent = channel_sessions_write(started, CHANNEL_STDOUT, bytes, sizeof(bytes))) > 0) {
        cr_assert_leq(sent, (long)CHANNEL_DATA_MAX);
        total += (uint32_t)sent;
    }
    cr_assert_eq(sent, -EAGAIN);
    cr_assert_eq(total, CHANNEL_INITIAL_WINDOW);
    cr_assert_not(channel_sessions_writable(started, CHANNEL_STDOUT));
    cr_assert(channel_sessions_writable(started, CHANNEL_STDERR));
    cr_assert_eq(give_number(CHANNEL_WINDOW, CHANNEL_STDOUT, 1, 10), 0);
    cr_assert_eq(channel_sessions_write(started, CHANNEL_STDOUT, bytes, 100), 10);
    cr_assert_eq(give_number(CHANNEL_WINDOW, CHANNEL_STDOUT, 1, CHANNEL_INITIAL_WINDOW + 1),
                 -EPROTO);
    channel_sessions_end(started, 0);
}

Test(channel_sessions, input_is_granted_only_when_the_command_wants_it, .init = set_up)
{
    char bytes[16];

    exec(1);
    unsigned int before = log_count;
    cr_assert_not(channel_sessions_readable(started));
    cr_assert_eq(log_count, before);
    cr_assert_eq(channel_sessions_read(started, bytes, sizeof(bytes)), -EAGAIN);
    cr_assert_eq(last()->type, CHANNEL_WINDOW);
    cr_assert_eq(number(last()), CHANNEL_INITIAL_WINDOW);
    cr_assert_eq(give(CHANNEL_DATA, CHANNEL_STDIN, 1, "hello", 5), 0);
    cr_assert_eq(channel_sessions_read(started, bytes, 3), 3);
    cr_assert_eq(channel_sessions_read(started, bytes + 3, 10), 2);
    cr_assert_arr_eq(bytes, "hello", 5);
    cr_assert_eq(channel_sessions_read(started, bytes, 1), -EAGAIN);
    cr_assert_eq(give(CHANNEL_END, CHANNEL_STDIN, 1, NULL, 0), 0);
    cr_assert_eq(channel_sessions_read(started, bytes, 1), 0);
    channel_sessions_end(started, 0);
}

/* The grant's send waits, and the host answers before it returns. */
static void send_and_get_answer(void *context, uint8_t type, uint8_t stream, uint16_t session,
                                const void *payload, uint32_t length)
{
    send_frame(context, type, stream, session, payload, length);
    if (type == CHANNEL_WINDOW) {
        cr_assert_eq(give(CHANNEL_DATA, CHANNEL_STDIN, session, "key", 3), 0);
    }
}

Test(channel_sessions, input_that_arrives_while_it_is_granted_is_not_missed, .init = set_up)
{
    struct channel_sessions_operations quick = operations;
    char bytes[16];

    exec(1);
    quick.send = send_and_get_answer;
    table.operations = &quick;
    cr_assert_eq(channel_sessions_read(started, bytes, sizeof(bytes)), 3);
    channel_sessions_end(started, 0);
}

Test(channel_sessions, a_long_input_passes_whole_through_the_ring, .init = set_up)
{
    static uint8_t piece[CHANNEL_DATA_MAX];
    uint8_t bytes[3000];
    uint64_t granted = 0, sent = 0, received = 0;
    unsigned int seen = 0;

    exec(1);
    srand(3);
    while (received < 1000000) {
        long got = channel_sessions_read(started, bytes, 1 + (size_t)rand() % sizeof(bytes));
        for (long i = 0; i < got; i++, received++) {
            cr_assert_eq(bytes[i], (uint8_t)(received * 13 / 7));
        }
        for (; seen < log_count; seen++) {
            granted += number(&log_entries[seen % 4096]);
        }
        size_t length = 1 + (size_t)rand() % sizeof(piece);
        length = length < granted - sent ? length : (size_t)(granted - sent);
        for (size_t i = 0; i < length; i++) {
            piece[i] = (uint8_t)((sent + i) * 13 / 7);
        }
        if (length != 0) {
            cr_assert_eq(give(CHANNEL_DATA, CHANNEL_STDIN, 1, piece, length), 0);
            sent += length;
        }
    }
    channel_sessions_end(started, 0);
}

Test(channel_sessions, CS2_more_input_than_was_granted_breaks_the_protocol, .init = set_up)
{
    exec(1);
    cr_assert_eq(give(CHANNEL_DATA, CHANNEL_STDIN, 1, "x", 1), -EPROTO);
    cr_assert_eq(last()->type, CHANNEL_ERROR);
    cr_assert(started->detached);
    cr_assert_eq(cancels, 1);
    channel_sessions_end(started, 0);
    cr_assert_eq(count_exits(1), 0);
}

Test(channel_sessions, an_interrupt_cancels_one_command_and_ends_its_input, .init = set_up)
{
    char byte;

    exec(1);
    struct channel_session *first = started;
    exec(2);
    cr_assert_eq(give_number(CHANNEL_SIGNAL, 0, 1, CHANNEL_INTERRUPT), 0);
    cr_assert(first->cancelled);
    cr_assert_not(started->cancelled);
    cr_assert_eq(channel_sessions_read(first, &byte, 1), 0);
    cr_assert_eq(channel_sessions_write(first, CHANNEL_STDERR, "undone", 6), 6);
    channel_sessions_end(first, 0);
    cr_assert_eq(number(last()), 130);
    channel_sessions_end(started, 0);
}

Test(channel_sessions, a_vanished_client_ends_only_its_session, .init = set_up)
{
    exec(1);
    struct channel_session *first = started;
    exec(2);
    cr_assert_eq(give_number(CHANNEL_SIGNAL, 0, 1, CHANNEL_HANGUP), 0);
    cr_assert_eq(channel_sessions_write(first, CHANNEL_STDOUT, "x", 1), -EPIPE);
    channel_sessions_end(first, 1);
    cr_assert_eq(count_exits(1), 1);
    cr_assert_eq(channel_sessions_write(started, CHANNEL_STDOUT, "x", 1), 1);
    channel_sessions_end(started, 0);
}

Test(channel_sessions, CS3_a_new_host_detaches_what_ran_for_the_old_one, .init = set_up)
{
    exec(1);
    struct channel_session *old = started;
    cr_assert_eq(hello(), 0);
    cr_assert(old->detached);
    unsigned int before = log_count;
    cr_assert_eq(channel_sessions_write(old, CHANNEL_STDOUT, "x", 1), -EPIPE);
    cr_assert_eq(exec(1), 0, "the new host may use the same id");
    cr_assert_neq(started, old);
    channel_sessions_end(old, 0);
    cr_assert_eq(log_count, before);
    channel_sessions_end(started, 0);
    cr_assert_eq(count_exits(1), 1);
}

Test(channel_sessions, raw_mode_is_told_on_change_and_undone_at_the_end, .init = set_up)
{
    exec(1);
    channel_sessions_terminal(started, true);
    channel_sessions_terminal(started, true);
    cr_assert_eq(log_count, 1);
    channel_sessions_end(started, 0);
    cr_assert_eq(log_entries[1].type, CHANNEL_TERMINAL);
    cr_assert_eq(log_entries[1].payload[0], 0);
    cr_assert_eq(log_entries[2].type, CHANNEL_EXIT);
}

Test(channel_sessions, only_named_files_are_found, .init = set_up)
{
    exec(1);
    cr_assert_str_eq(channel_sessions_find_file(started, "a.cfg")->share_path, "u/a.cfg");
    cr_assert_null(channel_sessions_find_file(started, "/etc/passwd"));
    cr_assert_null(channel_sessions_find_file(started, "u/a.cfg"));
    channel_sessions_end(started, 0);
}

Test(channel_sessions, frames_that_make_no_sense_are_answered_with_an_error)
{
    static const struct {
        uint8_t type, stream;
        uint16_t session;
        size_t length;
    } bad[] = {
        {0, 0, 0, 0},
        {CHANNEL_EXEC, 0, 0, 0},
        {CHANNEL_EXEC, 0, 3, 5},
        {CHANNEL_DATA, CHANNEL_STDOUT, 1, 1},
        {CHANNEL_END, CHANNEL_STDERR, 1, 0},
        {CHANNEL_WINDOW, CHANNEL_STDIN, 1, 4},
        {CHANNEL_WINDOW, CHANNEL_STDOUT, 1, 3},
        {CHANNEL_SIGNAL, 0, 1, 4},
        {CHANNEL_EXIT, 0, 1, 4},
        {CHANNEL_PING, 0, 0, 65},
        {200, 0, 0, 0},
    };
    static const uint8_t zeros[128];

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set_up();
        exec(1);
        cr_assert_eq(give(bad[i].type, bad[i].stream, bad[i].session, zeros, bad[i].length),
                     -EPROTO, "case %u", i);
        cr_assert_eq(last()->type, CHANNEL_ERROR);
        channel_sessions_end(started, 0);
    }
}

Test(channel_sessions, a_session_that_has_ended_may_still_be_spoken_to, .init = set_up)
{
    exec(1);
    channel_sessions_end(started, 0);
    cr_assert_eq(give(CHANNEL_DATA, CHANNEL_STDIN, 1, "late", 4), 0);
    cr_assert_eq(give_number(CHANNEL_SIGNAL, 0, 1, CHANNEL_INTERRUPT), 0);
    cr_assert_eq(give_number(CHANNEL_WINDOW, CHANNEL_STDOUT, 1, 4), 0);
}

Test(channel_sessions, poweroff_and_ping_reach_their_ends, .init = set_up)
{
    cr_assert_eq(give(CHANNEL_PING, 0, 0, "abc", 3), 0);
    cr_assert_eq(last()->type, CHANNEL_PONG);
    cr_assert_arr_eq(last()->payload, "abc", 3);
    cr_assert_eq(give(CHANNEL_POWEROFF, 0, 0, NULL, 0), 0);
    cr_assert_eq(poweroffs, 1);
}

/* A frame whose kind, stream, session and payload are mostly plausible. */
static void random_frame(void)
{
    static const uint8_t types[] = {CHANNEL_EXEC,   CHANNEL_DATA, CHANNEL_END,  CHANNEL_WINDOW,
                                    CHANNEL_SIGNAL, CHANNEL_PING, CHANNEL_EXEC, CHANNEL_RESIZE};
    uint8_t payload[600];
    uint16_t session = (uint16_t)(rand() % 40);
    uint8_t stream = (uint8_t)(rand() % 4);

    if (rand() % 3 == 0) {
        exec(session);
        return;
    }
    for (size_t i = 0; i < sizeof(payload); i++) {
        payload[i] = (uint8_t)(rand() % 4);
    }
    size_t length = rand() % 2 == 0 ? 4 : (size_t)rand() % sizeof(payload);
    uint8_t type = rand() % 20 == 0 ? (uint8_t)rand() : types[rand() % 8];
    (void)give(type, stream, session, payload, length);
}

/* What commands do with their streams until they end. */
static void random_command(struct channel_session *session)
{
    char bytes[700];
    int choice = rand() % 8;

    if (!session->in_use) {
        return;
    }
    if (choice < 3) {
        long got = channel_sessions_read(session, bytes, (size_t)rand() % sizeof(bytes));
        cr_assert(got >= 0 || got == -EAGAIN);
    } else if (choice < 6) {
        memset(bytes, 'x', sizeof(bytes));
        (void)channel_sessions_write(session, rand() % 2 ? CHANNEL_STDOUT : CHANNEL_STDERR, bytes,
                                     (size_t)rand() % sizeof(bytes));
    } else if (choice == 6) {
        channel_sessions_terminal(session, rand() % 2 == 0);
    } else {
        channel_sessions_end(session, (uint32_t)rand());
    }
}

Test(channel_sessions, any_frames_and_any_command_keep_the_table_sound, .init = set_up)
{
    for (unsigned int seed = 0; seed < 50; seed++) {
        srand(seed);
        for (unsigned int step = 0; step < 2000; step++) {
            if (!table.greeted) {
                hello();
            }
            random_frame();
            random_command(&table.sessions[rand() % CHANNEL_SESSIONS_MAX]);
            for (unsigned int i = 0; i < CHANNEL_SESSIONS_MAX; i++) {
                const struct channel_session *session = &table.sessions[i];
                cr_assert_leq(session->input_count + session->input_granted,
                              CHANNEL_SESSIONS_INPUT);
                cr_assert_leq(session->output_window[1], CHANNEL_INITIAL_WINDOW);
                cr_assert_leq(session->output_window[2], CHANNEL_INITIAL_WINDOW);
            }
        }
    }
    for (unsigned int i = 0; i < CHANNEL_SESSIONS_MAX; i++) {
        if (table.sessions[i].in_use) {
            channel_sessions_end(&table.sessions[i], 0);
        }
    }
}

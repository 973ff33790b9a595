/* SPDX-License-Identifier: MIT */
/*
 * One command that runs in dom0 with this process' streams, signals and terminal.
 * Owns: the session's credits. Invariant: HC2 stdin is read only while dom0 granted bytes, so that
 * input which the command does not want stays where it is; HS4 Ctrl-C reaches the command, which
 * undoes what it began; a second Ctrl-C ends pvctl at once.
 * Read next: channel_protocol.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>
#include "client.h"
#include "local_protocol.h"
#include "message.h"
#include "terminal.h"

struct session {
    struct connection *connection;
    const struct settings *settings;
    size_t stdin_credit;
    bool stdin_ended;
    bool is_over;
    int interrupts;
    int exit_code;
};

static volatile sig_atomic_t caught_interrupt, caught_end, caught_resize, caught_continue;

static void on_signal(int number)
{
    switch (number) {
    case SIGINT:
        caught_interrupt = 1;
        break;
    case SIGWINCH:
        caught_resize = 1;
        break;
    case SIGCONT:
        caught_continue = 1;
        break;
    default:
        caught_end = 1;
        break;
    }
}

static const int handled_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};
#define NR_HANDLED (sizeof(handled_signals) / sizeof(handled_signals[0]))

/* Signals arrive only inside pselect and inside a blocked write. */
static void set_up_signals(sigset_t *blocked, sigset_t *open)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(blocked);
    for (size_t i = 0; i < NR_HANDLED; i++) {
        sigaddset(blocked, handled_signals[i]);
        sigaction(handled_signals[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, blocked, open);
    for (size_t i = 0; i < NR_HANDLED; i++) {
        sigdelset(open, handled_signals[i]);
    }
    signal(SIGPIPE, SIG_IGN);
}

static void send_u32(struct session *session, uint8_t type, uint8_t stream, uint32_t value)
{
    uint8_t payload[4];

    connection_send(session->connection, type, stream, LOCAL_SESSION, payload,
                    channel_encode_u32(payload, value));
}

static void take_signals(struct session *session)
{
    if (caught_interrupt) {
        caught_interrupt = 0;
        if (session->interrupts++ != 0) {
            exit(128 + SIGINT);
        }
        send_u32(session, CHANNEL_SIGNAL, 0, CHANNEL_INTERRUPT);
    }
    if (caught_end) {
        caught_end = 0;
        send_u32(session, CHANNEL_SIGNAL, 0, CHANNEL_TERMINATE);
    }
    if (caught_resize) {
        uint16_t columns, rows;
        uint8_t payload[4];

        caught_resize = 0;
        terminal_size(&columns, &rows);
        connection_send(session->connection, CHANNEL_RESIZE, 0, LOCAL_SESSION, payload,
                        channel_encode_resize(payload, columns, rows));
    }
    if (caught_continue) {
        caught_continue = 0;
        terminal_resume();
    }
}

/* Our reader has gone (`pvctl logs | head`): end the way a local program would. */
static void die_of_pipe(void)
{
    sigset_t pipe_only;

    terminal_set_raw(false);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigprocmask(SIG_UNBLOCK, &pipe_only, NULL);
    raise(SIGPIPE);
    exit(128 + SIGPIPE);
}

static void write_out(struct session *session, int descriptor, const uint8_t *bytes, size_t count)
{
    sigset_t handled, before;

    sigemptyset(&handled);
    for (size_t i = 0; i < NR_HANDLED; i++) {
        sigaddset(&handled, handled_signals[i]);
    }
    sigprocmask(SIG_UNBLOCK, &handled, &before);
    while (count != 0) {
        ssize_t done = write(descriptor, bytes, count);

        if (done < 0 && errno == EPIPE) {
            die_of_pipe();
        }
        if (done < 0 && errno != EINTR) {
            message_error("cannot write the command's output: %s", strerror(errno));
            exit(EXIT_FAILED);
        }
        if (done > 0) {
            bytes += done;
            count -= (size_t)done;
        }
        take_signals(session);
        connection_flush(session->connection);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void take_data(struct session *session, const struct channel_frame *frame)
{
    int descriptor = frame->stream == CHANNEL_STDERR ? STDERR_FILENO : STDOUT_FILENO;

    write_out(session, descriptor, frame->payload, frame->length);
    send_u32(session, CHANNEL_WINDOW, frame->stream, frame->length);
}

static void take_frame(struct session *session, const struct channel_frame *frame)
{
    uint32_t value = 0;

    switch (frame->type) {
    case CHANNEL_DATA:
        take_data(session, frame);
        break;
    case CHANNEL_WINDOW:
        if (channel_decode_u32(frame, &value) == 0) {
            session->stdin_credit += value;
        }
        break;
    case CHANNEL_TERMINAL:
        terminal_set_raw(frame->length == 1 && frame->payload[0] != 0);
        break;
    case CHANNEL_EXIT:
        channel_decode_u32(frame, &value);
        session->exit_code = (int)(value & 0xff);
        session->is_over = true;
        break;
    case LOCAL_FAILED:
        terminal_set_raw(false);
        session->exit_code = client_report_failure(session->connection, frame, session->settings);
        session->is_over = true;
        break;
    case LOCAL_REFUSED:
        terminal_set_raw(false);
        session->exit_code = client_report_refusal(frame);
        session->is_over = true;
        break;
    default:
        break;
    }
}

static void read_stdin(struct session *session)
{
    uint8_t bytes[CHANNEL_DATA_MAX];
    size_t most = session->stdin_credit < sizeof(bytes) ? session->stdin_credit : sizeof(bytes);
    ssize_t count = read(STDIN_FILENO, bytes, most);

    if (count > 0) {
        session->stdin_credit -= (size_t)count;
        connection_send(session->connection, CHANNEL_DATA, CHANNEL_STDIN, LOCAL_SESSION, bytes,
                        (size_t)count);
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
        session->stdin_ended = true;
        connection_send(session->connection, CHANNEL_END, CHANNEL_STDIN, LOCAL_SESSION, NULL, 0);
    }
}

static void connection_lost(struct session *session)
{
    terminal_set_raw(false);
    message_error("the connection to the machine was lost");
    message_hint("`pvctl status` says how it is; its logs are in %s", session->settings->state);
    session->exit_code = EXIT_FAILED;
    session->is_over = true;
}

static void wait_and_move(struct session *session, const sigset_t *open)
{
    struct connection *connection = session->connection;
    bool wants_stdin = session->stdin_credit != 0 && !session->stdin_ended;
    struct channel_frame frame;
    fd_set readable;

    FD_ZERO(&readable);
    FD_SET(connection->descriptor, &readable);
    if (wants_stdin) {
        FD_SET(STDIN_FILENO, &readable);
    }
    if (pselect(connection->descriptor + 1, &readable, NULL, NULL, NULL, open) < 0) {
        FD_ZERO(&readable);
    }
    take_signals(session);
    if (wants_stdin && FD_ISSET(STDIN_FILENO, &readable)) {
        read_stdin(session);
    }
    if (FD_ISSET(connection->descriptor, &readable)) {
        int status = connection_fill(connection);

        while (!session->is_over && channel_reader_next(&connection->reader, &frame) == 1) {
            take_frame(session, &frame);
        }
        if (status < 0 && !session->is_over) {
            connection_lost(session);
        }
    }
    if (!session->is_over && connection_flush(connection) != 0) {
        connection_lost(session);
    }
}

int client_run_session(struct connection *connection, const struct settings *settings,
                       const struct channel_exec *exec)
{
    static uint8_t payload[CHANNEL_PAYLOAD_MAX];
    struct session session = {.connection = connection, .settings = settings};
    size_t size = channel_encode_exec(payload, sizeof(payload), exec);
    sigset_t blocked, open;

    if (size == 0) {
        message_error("the command line is too long");
        return EXIT_USAGE;
    }
    connection_send(connection, CHANNEL_EXEC, 0, LOCAL_SESSION, payload, size);
    set_up_signals(&blocked, &open);
    if (connection_flush(connection) != 0) {
        connection_lost(&session);
    }
    while (!session.is_over) {
        wait_and_move(&session, &open);
    }
    terminal_set_raw(false);
    return session.exit_code;
}

/* SPDX-License-Identifier: MIT */
/*
 * Sessions of the host channel (see channel_sessions.h).
 *
 * Owns: the handlers' table, one entry for each frame type that the host may send.
 * Invariant: CS1-CS3 (channel_sessions.h).
 * Read next: channel_server.c.
 */
#include "channel_sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_RESOURCES   5u   /* pvctl's exit status for "dom0 has no room" */
#define STATUS_INTERRUPTED 130u /* what a shell reports after Ctrl-C */

typedef int (*frame_handler_t)(struct channel_sessions *table, const struct channel_frame *frame);
typedef int (*session_handler_t)(struct channel_session *session,
                                 const struct channel_frame *frame);

static void send_frame(struct channel_sessions *table, uint8_t type, uint16_t session,
                       const void *payload, uint32_t length)
{
    table->operations->send(table->context, type, 0, session, payload, length);
}

static void send_number(struct channel_sessions *table, uint8_t type, uint8_t stream,
                        uint16_t session, uint32_t value)
{
    uint8_t bytes[4];

    channel_encode_u32(bytes, value);
    table->operations->send(table->context, type, stream, session, bytes, sizeof(bytes));
}

void channel_sessions_init(struct channel_sessions *table,
                           const struct channel_sessions_operations *operations, void *context,
                           const char *build_id)
{
    *table = (struct channel_sessions){
        .operations = operations,
        .context = context,
        .build_id = build_id,
    };
}

static struct channel_session *find(struct channel_sessions *table, uint16_t id)
{
    for (unsigned int i = 0; i < CHANNEL_SESSIONS_MAX; i++) {
        struct channel_session *session = &table->sessions[i];
        if (session->in_use && !session->detached && session->id == id) {
            return session;
        }
    }
    return NULL;
}

static void cancel(struct channel_session *session)
{
    session->cancelled = true;
    session->input_ended = true;
    session->input_count = 0;
    session->table->operations->cancel(session->table->context, session);
    session->table->operations->changed(session->table->context, session);
}

void channel_sessions_reset(struct channel_sessions *table)
{
    table->greeted = false;
    for (unsigned int i = 0; i < CHANNEL_SESSIONS_MAX; i++) {
        struct channel_session *session = &table->sessions[i];
        if (session->in_use && !session->detached) {
            session->detached = true;
            cancel(session);
        }
    }
}

/* ---- frames of the connection ------------------------------------------------------------------ */

static int on_hello(struct channel_sessions *table, const struct channel_frame *frame)
{
    uint8_t answer[128];
    const char *build_id;
    uint32_t nonce;

    if (channel_decode_hello(frame, &nonce, &build_id) != 0) {
        return -EPROTO;
    }
    channel_sessions_reset(table);
    table->greeted = true;
    size_t length = channel_encode_hello(answer, sizeof(answer), nonce, table->build_id);
    send_frame(table, CHANNEL_HELLO, 0, answer, (uint32_t)length);
    return 0;
}

static int on_ping(struct channel_sessions *table, const struct channel_frame *frame)
{
    uint8_t bytes[64];

    if (frame->length > sizeof(bytes)) {
        return -EPROTO;
    }
    memcpy(bytes, frame->payload, frame->length);
    send_frame(table, CHANNEL_PONG, 0, bytes, frame->length);
    return 0;
}

static int on_pong(struct channel_sessions *table, const struct channel_frame *frame)
{
    (void)table;
    (void)frame;
    return 0;
}

/* The host says that we broke the protocol and hangs up. */
static int on_error(struct channel_sessions *table, const struct channel_frame *frame)
{
    (void)frame;
    channel_sessions_reset(table);
    return 0;
}

static int on_poweroff(struct channel_sessions *table, const struct channel_frame *frame)
{
    (void)frame;
    table->operations->poweroff(table->context);
    return 0;
}

/* Make a session out of a request; on failure nothing of it is left. */
static int begin_session(struct channel_sessions *table, const struct channel_frame *frame,
                         struct channel_session *session)
{
    *session = (struct channel_session){.table = table, .id = frame->session};
    session->exec_bytes = malloc(frame->length + 1u);
    if (session->exec_bytes == NULL) {
        return -ENOMEM;
    }
    memcpy(session->exec_bytes, frame->payload, frame->length);
    struct channel_frame own = *frame;
    own.payload = session->exec_bytes;
    int result = channel_decode_exec(&own, &session->exec);
    if (result == 0 && session->exec.nr_arguments == 0) {
        result = -EPROTO;
    }
    if (result == 0) {
        session->columns = session->exec.columns;
        session->rows = session->exec.rows;
        session->output_window[CHANNEL_STDOUT] = CHANNEL_INITIAL_WINDOW;
        session->output_window[CHANNEL_STDERR] = CHANNEL_INITIAL_WINDOW;
        session->in_use = true;
        result = table->operations->start(table->context, session);
    }
    if (result != 0) {
        session->in_use = false;
        free(session->exec_bytes);
        session->exec_bytes = NULL;
    }
    return result;
}

static int on_exec(struct channel_sessions *table, const struct channel_frame *frame)
{
    if (frame->session == 0 || find(table, frame->session) != NULL) {
        return -EPROTO;
    }
    for (unsigned int i = 0; i < CHANNEL_SESSIONS_MAX; i++) {
        if (!table->sessions[i].in_use) {
            int result = begin_session(table, frame, &table->sessions[i]);
            if (result == 0 || result == -EPROTO) {
                return result;
            }
            break;
        }
    }
    static const char message[] = "dom0 has no room for another command now\n";
    table->operations->send(table->context, CHANNEL_DATA, CHANNEL_STDERR, frame->session, message,
                            sizeof(message) - 1);
    send_number(table, CHANNEL_EXIT, 0, frame->session, STATUS_RESOURCES);
    return 0;
}

/* ---- frames of a session ----------------------------------------------------------------------- */

static int on_data(struct channel_session *session, const struct channel_frame *frame)
{
    if (frame->stream != CHANNEL_STDIN || frame->length > session->input_granted) {
        return -EPROTO; /* CS2 */
    }
    session->input_granted -= frame->length;
    if (session->input_ended) {
        return 0; /* cancelled while this was on its way */
    }
    uint32_t end = session->input_begin + session->input_count;
    for (uint32_t i = 0; i < frame->length; i++) {
        session->input[(end + i) % CHANNEL_SESSIONS_INPUT] = frame->payload[i];
    }
    session->input_count += frame->length;
    session->table->operations->changed(session->table->context, session);
    return 0;
}

static int on_end(struct channel_session *session, const struct channel_frame *frame)
{
    if (frame->stream != CHANNEL_STDIN) {
        return -EPROTO;
    }
    session->input_ended = true;
    session->table->operations->changed(session->table->context, session);
    return 0;
}

static int on_window(struct channel_session *session, const struct channel_frame *frame)
{
    uint32_t more;

    if (channel_decode_u32(frame, &more) != 0 ||
        (frame->stream != CHANNEL_STDOUT && frame->stream != CHANNEL_STDERR) ||
        more > CHANNEL_INITIAL_WINDOW - session->output_window[frame->stream]) {
        return -EPROTO;
    }
    session->output_window[frame->stream] += more;
    session->table->operations->changed(session->table->context, session);
    return 0;
}

static int on_signal(struct channel_session *session, const struct channel_frame *frame)
{
    uint32_t number;

    if (channel_decode_u32(frame, &number) != 0 || number < CHANNEL_INTERRUPT ||
        number > CHANNEL_HANGUP) {
        return -EPROTO;
    }
    if (number == CHANNEL_HANGUP) {
        /* Nobody reads: let writes of the command fail, but its EXIT is still awaited. */
        session->output_window[CHANNEL_STDOUT] = 0;
        session->output_window[CHANNEL_STDERR] = 0;
    }
    cancel(session);
    return 0;
}

static int on_resize(struct channel_session *session, const struct channel_frame *frame)
{
    return channel_decode_resize(frame, &session->columns, &session->rows);
}

static const frame_handler_t connection_handlers[] = {
    [CHANNEL_PING] = on_ping,         [CHANNEL_PONG] = on_pong, [CHANNEL_ERROR] = on_error,
    [CHANNEL_POWEROFF] = on_poweroff, [CHANNEL_EXEC] = on_exec,
};

static const session_handler_t session_handlers[] = {
    [CHANNEL_DATA] = on_data,     [CHANNEL_END] = on_end,       [CHANNEL_WINDOW] = on_window,
    [CHANNEL_SIGNAL] = on_signal, [CHANNEL_RESIZE] = on_resize,
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int dispatch(struct channel_sessions *table, const struct channel_frame *frame)
{
    if (frame->type == CHANNEL_HELLO) {
        return on_hello(table, frame);
    }
    if (!table->greeted) {
        return 0; /* the rest of an older connection */
    }
    if (frame->type < COUNT(connection_handlers) && connection_handlers[frame->type] != NULL) {
        return connection_handlers[frame->type](table, frame);
    }
    if (frame->type < COUNT(session_handlers) && session_handlers[frame->type] != NULL) {
        /* A session that has just ended may still be spoken to. */
        struct channel_session *session = find(table, frame->session);
        return session == NULL ? 0 : session_handlers[frame->type](session, frame);
    }
    return -EPROTO;
}

int channel_sessions_frame(struct channel_sessions *table, const struct channel_frame *frame)
{
    static const char message[] = "dom0: a frame that breaks the channel's protocol";
    int result = dispatch(table, frame);

    if (result != 0) {
        send_frame(table, CHANNEL_ERROR, 0, message, sizeof(message));
        channel_sessions_reset(table);
        return -EPROTO;
    }
    return 0;
}

/* ---- the command's side ------------------------------------------------------------------------ */

void channel_sessions_want_input(struct channel_session *session)
{
    uint32_t room = CHANNEL_SESSIONS_INPUT - session->input_count - session->input_granted;

    /* Small grants would cost a frame for each key; a quarter of the ring keeps a pipe busy. */
    if (session->detached || session->input_ended ||
        (room < CHANNEL_SESSIONS_INPUT / 4 && session->input_granted != 0)) {
        return;
    }
    if (session->input == NULL) {
        session->input = malloc(CHANNEL_SESSIONS_INPUT);
        if (session->input == NULL) {
            session->input_ended = true;
            return;
        }
    }
    if (room != 0) {
        session->input_granted += room;
        send_number(session->table, CHANNEL_WINDOW, CHANNEL_STDIN, session->id, room);
    }
}

long channel_sessions_read(struct channel_session *session, void *buffer, size_t count)
{
    uint8_t *bytes = buffer;

    /* Sending the grant may wait, and input may arrive meanwhile: look for it only after. */
    if (session->input_count == 0) {
        channel_sessions_want_input(session);
    }
    size_t taken = count < session->input_count ? count : session->input_count;
    for (size_t i = 0; i < taken; i++) {
        bytes[i] = session->input[(session->input_begin + i) % CHANNEL_SESSIONS_INPUT];
    }
    session->input_begin = (uint32_t)((session->input_begin + taken) % CHANNEL_SESSIONS_INPUT);
    session->input_count -= (uint32_t)taken;
    if (taken != 0 || count == 0) {
        channel_sessions_want_input(session);
        return (long)taken;
    }
    return session->input_ended || session->detached ? 0 : -EAGAIN;
}

bool channel_sessions_readable(const struct channel_session *session)
{
    return session->input_count != 0 || session->input_ended || session->detached;
}

long channel_sessions_write(struct channel_session *session, enum channel_stream stream,
                            const void *bytes, size_t count)
{
    size_t limit = session->output_window[stream];

    if (session->detached) {
        return -EPIPE;
    }
    limit = limit < CHANNEL_DATA_MAX ? limit : CHANNEL_DATA_MAX;
    count = count < limit ? count : limit;
    if (count == 0) {
        return session->cancelled ? -EPIPE : -EAGAIN;
    }
    /* Before the send, which may wait while another thread of the command writes. */
    session->output_window[stream] -= (uint32_t)count;
    session->table->operations->send(session->table->context, CHANNEL_DATA, (uint8_t)stream,
                                     session->id, bytes, (uint32_t)count);
    return (long)count;
}

bool channel_sessions_writable(const struct channel_session *session, enum channel_stream stream)
{
    return session->output_window[stream] != 0 || session->detached || session->cancelled;
}

void channel_sessions_terminal(struct channel_session *session, bool raw)
{
    uint8_t value = raw ? 1 : 0;

    if (!session->detached && session->terminal_raw != raw) {
        session->terminal_raw = raw;
        send_frame(session->table, CHANNEL_TERMINAL, session->id, &value, 1);
    }
}

void channel_sessions_end(struct channel_session *session, uint32_t status)
{
    channel_sessions_terminal(session, false);
    if (session->cancelled && status == 0) {
        status = STATUS_INTERRUPTED;
    }
    /* Free before EXIT is sent: the host may use the id again before the send returns (HC3). */
    struct channel_sessions *table = session->table;
    bool detached = session->detached;
    uint16_t id = session->id;
    free(session->exec_bytes);
    free(session->input);
    *session = (struct channel_session){0};
    if (!detached) {
        send_number(table, CHANNEL_EXIT, 0, id, status & 0xffu);
    }
}

const struct channel_file *channel_sessions_find_file(const struct channel_session *session,
                                                      const char *name)
{
    for (uint16_t i = 0; i < session->exec.nr_files; i++) {
        if (strcmp(session->exec.files[i].name, name) == 0) {
            return &session->exec.files[i];
        }
    }
    return NULL;
}

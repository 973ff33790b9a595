/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's switch: frames from dom0 go to the client whose session it is, frames from
 * clients go to dom0 with the session's number put in. Invariant: HC3. A client or dom0 that breaks
 * the protocol loses its connection, nobody else does. Read next: supervisor.c, the life of the
 * whole.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "build_id.h"
#include "local_protocol.h"
#include "punch.h"
#include "state.h"
#include "supervisor.h"

static const char *const phase_names[] = {"starting", "starting", "ready", "stopping", "stopped"};

void supervisor_greet_machine(struct supervisor *supervisor)
{
    uint8_t payload[128];
    size_t size = channel_encode_hello(payload, sizeof(payload), ++supervisor->nonce, BUILD_ID);

    connection_send(&supervisor->machine, CHANNEL_HELLO, 0, 0, payload, size);
}

static void send_status(struct supervisor *supervisor, struct supervisor_client *client)
{
    char text[2 * SETTINGS_PATH_MAX + 512];
    int64_t boot_ms = supervisor->ready_ms != 0 ? supervisor->ready_ms - supervisor->started_ms : 0;
    int count;

    count = snprintf(
        text, sizeof(text),
        "phase %s\nsupervisor_pid %ld\nqemu_pid %ld\naccelerator %s\n"
        "memory_mib %u\nstarted %lld\nboot_ms %lld\ndom0_restarts %u\nbuild %s\ndom0_build %s\n"
        "share %s\nstate %s\n",
        phase_names[supervisor->phase], (long)getpid(), (long)supervisor->qemu,
        supervisor->accelerator, supervisor->settings.memory_mib, (long long)supervisor->started_at,
        (long long)boot_ms, supervisor->nr_starts > 0 ? supervisor->nr_starts - 1 : 0, BUILD_ID,
        supervisor->build_id, supervisor->settings.share, supervisor->settings.state);
    if (count > 0 && (size_t)count < sizeof(text)) {
        connection_send(&client->connection, LOCAL_STATUS, 0, 0, text, (size_t)count);
    }
}

/* The machine serves commands: tell this client, with what it needs to know about the machine. */
static void welcome(struct supervisor *supervisor, struct supervisor_client *client)
{
    uint8_t payload[128];
    size_t size = channel_encode_hello(payload, sizeof(payload), 0, supervisor->build_id);

    send_status(supervisor, client);
    connection_send(&client->connection, CHANNEL_HELLO, 0, 0, payload, size);
}

void supervisor_accept(struct supervisor *supervisor)
{
    int descriptor = accept(supervisor->listener, NULL, NULL);
    int index = 0;

    if (descriptor < 0) {
        return;
    }
    while (index < SUPERVISOR_CLIENTS_MAX &&
           connection_is_open(&supervisor->clients[index].connection)) {
        index++;
    }
    if (index == SUPERVISOR_CLIENTS_MAX || !state_set_nonblocking(descriptor)) {
        close(descriptor);
        return;
    }
    connection_open(&supervisor->clients[index].connection, descriptor);
    supervisor->clients[index].session = 0;
    supervisor->clients[index].wants_down = false;
    if (supervisor->phase == PHASE_READY) {
        welcome(supervisor, &supervisor->clients[index]);
    }
}

void supervisor_drop_client(struct supervisor *supervisor, int index)
{
    struct supervisor_client *client = &supervisor->clients[index];
    uint8_t payload[4];

    if (client->session != 0) {
        supervisor->sessions[client->session - 1].client = -1;
        connection_send(&supervisor->machine, CHANNEL_SIGNAL, 0, client->session, payload,
                        channel_encode_u32(payload, CHANNEL_HANGUP));
        client->session = 0;
    }
    connection_close(&client->connection);
}

static void send_failure(struct supervisor_client *client, unsigned int code, const char *text)
{
    uint8_t payload[2048];
    size_t length = strlen(text) + 1;

    length = length > sizeof(payload) - 4 ? sizeof(payload) - 4 : length;
    channel_encode_u32(payload, code);
    memcpy(payload + 4, text, length);
    payload[3 + length] = '\0';
    connection_send(&client->connection, LOCAL_REFUSED, 0, 0, payload, 4 + length);
    connection_flush(&client->connection);
}

/* dom0 began anew: whatever ran in the old one has no answer to wait for. */
static void lose_sessions(struct supervisor *supervisor)
{
    for (int i = 0; i < SUPERVISOR_SESSIONS_MAX; i++) {
        struct supervisor_session *session = &supervisor->sessions[i];

        if (session->taken && session->client >= 0) {
            struct supervisor_client *client = &supervisor->clients[session->client];

            send_failure(client, 1,
                         "dom0 was restarted while the command ran: `pvctl list' "
                         "shows what it came to, `pvctl crashlog' why; then run it again");
            client->session = 0;
            connection_close(&client->connection);
        }
        session->taken = false;
    }
}

static void machine_is_ready(struct supervisor *supervisor)
{
    supervisor->phase = PHASE_READY;
    supervisor->deadline_ms = INT64_MAX;
    supervisor->nr_starts++;
    supervisor->ready_ms = supervisor->ready_ms != 0 ? supervisor->ready_ms : supervisor_now_ms();
    for (int i = 0; i < SUPERVISOR_CLIENTS_MAX; i++) {
        if (connection_is_open(&supervisor->clients[i].connection)) {
            welcome(supervisor, &supervisor->clients[i]);
        }
    }
}

static void take_hello(struct supervisor *supervisor, const struct channel_frame *frame)
{
    const char *build_id;
    uint32_t nonce;

    if (channel_decode_hello(frame, &nonce, &build_id) != 0) {
        supervisor_fail(supervisor, 1, "dom0 sent a HELLO that is none");
        return;
    }
    if (nonce != supervisor->nonce) {
        return;
    }
    snprintf(supervisor->build_id, sizeof(supervisor->build_id), "%s", build_id);
    if (supervisor->phase == PHASE_GREETING) {
        machine_is_ready(supervisor);
    }
}

/* It is in the middle of nothing that we know: both directions begin anew, with a connection that has no half frames in it. */
static void lose_dom0(struct supervisor *supervisor)
{
    lose_sessions(supervisor);
    connection_close(&supervisor->machine);
    supervisor->phase = PHASE_CONNECTING;
    supervisor->deadline_ms = supervisor_now_ms() + supervisor->settings.boot_timeout_ms;
}

static void take_start(struct supervisor *supervisor)
{
    if (supervisor->phase == PHASE_READY) {
        lose_sessions(supervisor);
        supervisor->phase = PHASE_GREETING;
        supervisor->deadline_ms = supervisor_now_ms() + supervisor->settings.boot_timeout_ms;
    }
    supervisor_greet_machine(supervisor);
}

static void to_client(struct supervisor *supervisor, const struct channel_frame *frame)
{
    struct supervisor_session *session;
    int index;

    if (frame->session == 0 || frame->session > SUPERVISOR_SESSIONS_MAX) {
        return;
    }
    session = &supervisor->sessions[frame->session - 1];
    index = session->client;
    if (session->taken && index >= 0) {
        struct supervisor_client *client = &supervisor->clients[index];

        if (frame->type == CHANNEL_EXIT) {
            client->session = 0;
        }
        if (connection_send(&client->connection, frame->type, frame->stream, LOCAL_SESSION,
                            frame->payload, frame->length) != 0) {
            supervisor_drop_client(supervisor, index);
        }
    }
    if (frame->type == CHANNEL_EXIT) {
        session->taken = false;
    }
}

static uint64_t number_at(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (unsigned int i = 8; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

/* A guest gave part of a file back. */
static void take_punch(struct supervisor *supervisor, const struct channel_frame *frame)
{
    enum punch_result result = PUNCH_FAILED;
    uint8_t payload[8];

    if (frame->length <= CHANNEL_PUNCH_PATH) {
        return;
    }
    if (frame->payload[frame->length - 1] == '\0') {
        result =
            punch(supervisor->settings.share, (const char *)frame->payload + CHANNEL_PUNCH_PATH,
                  number_at(frame->payload + 4), number_at(frame->payload + 12));
    }
    memcpy(payload, frame->payload, 4);
    channel_encode_u32(payload + 4, result);
    connection_send(&supervisor->machine, CHANNEL_PUNCHED, 0, 0, payload, sizeof(payload));
}

void supervisor_machine_frames(struct supervisor *supervisor)
{
    struct channel_frame frame;
    int status;

    while (connection_is_open(&supervisor->machine) &&
           (status = channel_reader_next(&supervisor->machine.reader, &frame)) != 0) {
        if (status < 0 && supervisor->ready_ms != 0 && supervisor->phase < PHASE_STOPPING) {
            lose_dom0(
                supervisor); /* it spoke our language: a restarted dom0 pads what the old one left half said */
        } else if (status == -EPROTONOSUPPORT) {
            supervisor_fail(supervisor, 1, "dom0 speaks another version of the channel's protocol");
        } else if (status < 0) {
            supervisor_fail(supervisor, 1, "dom0 sent something that is no frame");
        } else if (frame.type == CHANNEL_HELLO) {
            take_hello(supervisor, &frame);
        } else if (frame.type == CHANNEL_START) {
            take_start(supervisor);
        } else if (frame.type == CHANNEL_PING) {
            connection_send(&supervisor->machine, CHANNEL_PONG, 0, 0, frame.payload, frame.length);
        } else if (frame.type == CHANNEL_PUNCH) {
            take_punch(supervisor, &frame);
        } else if (frame.type == CHANNEL_ERROR) {
            supervisor_fail(supervisor, 1, "dom0 closed the channel: %.*s", (int)frame.length,
                            (const char *)frame.payload);
        } else {
            to_client(supervisor, &frame);
        }
        if (status < 0) {
            return;
        }
    }
}

/* Finds a free number for a client's new session. false when there is none. */
static bool begin_session(struct supervisor *supervisor, int index)
{
    for (int i = 0; i < SUPERVISOR_SESSIONS_MAX; i++) {
        if (!supervisor->sessions[i].taken) {
            supervisor->sessions[i].taken = true;
            supervisor->sessions[i].client = index;
            supervisor->clients[index].session = (uint16_t)(i + 1);
            return true;
        }
    }
    return false;
}

static bool is_for_dom0(uint8_t type)
{
    return type == CHANNEL_EXEC || type == CHANNEL_DATA || type == CHANNEL_END ||
           type == CHANNEL_WINDOW || type == CHANNEL_SIGNAL || type == CHANNEL_RESIZE;
}

static void take_client_frame(struct supervisor *supervisor, int index,
                              const struct channel_frame *frame)
{
    struct supervisor_client *client = &supervisor->clients[index];

    if (frame->type == LOCAL_STATUS) {
        send_status(supervisor, client);
        return;
    }
    if (frame->type == LOCAL_DOWN) {
        client->wants_down = true;
        supervisor_stop(supervisor);
        return;
    }
    if (frame->type == CHANNEL_EXEC && supervisor->phase == PHASE_READY && client->session == 0 &&
        !begin_session(supervisor, index)) {
        send_failure(client, 5, "too many commands run at once");
        supervisor_drop_client(supervisor, index);
        return;
    }
    if (!is_for_dom0(frame->type) || supervisor->phase != PHASE_READY || client->session == 0) {
        return;
    }
    if (connection_send(&supervisor->machine, frame->type, frame->stream, client->session,
                        frame->payload, frame->length) != 0) {
        supervisor_fail(supervisor, 1, "dom0 does not read its channel any more");
    }
}

void supervisor_client_frames(struct supervisor *supervisor, int index)
{
    struct connection *connection = &supervisor->clients[index].connection;
    struct channel_frame frame;
    int status = 1;

    while (connection_is_open(connection) &&
           (status = channel_reader_next(&connection->reader, &frame)) == 1) {
        take_client_frame(supervisor, index, &frame);
    }
    if (connection_is_open(connection) && status < 0) {
        send_failure(&supervisor->clients[index], 1,
                     "this pvctl and the running machine's are of different builds: run "
                     "`pvctl down`, then try again");
        supervisor_drop_client(supervisor, index);
    }
}

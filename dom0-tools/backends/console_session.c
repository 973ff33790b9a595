/* SPDX-License-Identifier: MIT */
/*
 * console_session.c: the back end's clients: one request line each, then perhaps a stream.
 * Owns: the sessions.
 * Invariant SES2: nothing here waits; what a client does not take stays in its guest's log, where the
 * session has a position.
 * Read next: console_backend.h for the requests.
 */
#include "dom0-tools/backends/console_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/backends/console_backend.h"
#include "dom0-tools/backends/console_ring.h"
#include "dom0-tools/libpv/seam.h"

#define MAX_WORDS 9

typedef void (*request_handler_t)(struct console_state *state, struct console_session *session,
                                  char **words);

static void answer(struct console_session *session, enum session_kind next, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void answer(struct console_session *session, enum session_kind next, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(session->answer, sizeof(session->answer) - 1, format, arguments);
    va_end(arguments);
    session->nr_answer = length < 0 ? 0 : strlen(session->answer);
    session->answer[session->nr_answer++] = '\n';
    session->kind = next;
}

static struct console_guest *wanted_guest(struct console_state *state,
                                          struct console_session *session, const char *name)
{
    struct console_guest *guest = console_guest_find(state, name);

    if (guest == NULL) {
        answer(session, SESSION_CLOSING, "error domain '%.60s' has no console here", name);
    }
    return guest;
}

static void request_track(struct console_state *state, struct console_session *session,
                          char **words)
{
    char why[CONSOLE_FATE_SIZE];
    uint16_t domid = (uint16_t)strtoul(words[1], NULL, 10);
    struct console_guest *guest;

    if (console_guest_by_domid(state, domid) != NULL) {
        answer(session, SESSION_CLOSING, "error domain %u is tracked already", (unsigned int)domid);
        return;
    }
    guest = console_guest_track(state, domid, strtoull(words[2], NULL, 10),
                                (uint32_t)strtoul(words[3], NULL, 10), words[4], why);
    if (guest == NULL) {
        answer(session, SESSION_CLOSING, "error %s", why);
        return;
    }
    snprintf(guest->on_poweroff, sizeof(guest->on_poweroff), "%s", words[5]);
    snprintf(guest->on_reboot, sizeof(guest->on_reboot), "%s", words[6]);
    snprintf(guest->on_crash, sizeof(guest->on_crash), "%s", words[7]);
    snprintf(guest->on_watchdog, sizeof(guest->on_watchdog), "%s", words[8]);
    answer(session, SESSION_CLOSING, "ok");
}

static void request_attach(struct console_state *state, struct console_session *session,
                           char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);

    if (guest != NULL && guest->ended) {
        answer(session, SESSION_CLOSING, "error domain '%.60s' is dead", words[1]);
    } else if (guest != NULL) {
        session->guest = guest;
        session->position = console_log_backlog(&guest->log, CONSOLE_ATTACH_BACKLOG);
        answer(session, SESSION_ATTACH, "ok %u", (unsigned int)guest->domid);
    }
}

/* logs, follow and tail: the log from its start, or from its last lines. */
static void request_follow(struct console_state *state, struct console_session *session,
                           char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);

    if (guest == NULL) {
        return;
    }
    session->guest = guest;
    session->bounded = strcmp(words[0], "follow") != 0;
    if (strcmp(words[0], "tail") == 0) {
        session->position = console_log_backlog(&guest->log, CONSOLE_ATTACH_BACKLOG);
        answer(session, SESSION_FOLLOW, "ok");
    } else if (guest->log.start == 0) {
        answer(session, SESSION_FOLLOW, "ok");
    } else {
        session->position = console_log_backlog(&guest->log, CONSOLE_LOG_BYTES - 1);
        answer(session, SESSION_FOLLOW, "ok\n[xenlike: the first %llu bytes are no longer kept]",
               (unsigned long long)session->position);
    }
}

/* The newest domain of that number, dead or alive: under which name it is made again. */
static void request_successor(struct console_state *state, struct console_session *session,
                              char **words)
{
    unsigned long number = strtoul(words[1], NULL, 10);
    const struct console_guest *guest = state->guests;

    while (guest != NULL && guest->domid != number) {
        guest = guest->next;
    }
    answer(session, SESSION_CLOSING, "ok %s", guest != NULL ? guest->successor : "");
}

static void request_wait(struct console_state *state, struct console_session *session, char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);

    if (guest != NULL) {
        session->guest = guest;
        answer(session, SESSION_WAIT, "ok");
    }
}

static void request_fate(struct console_state *state, struct console_session *session, char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);

    if (guest != NULL) {
        answer(session, SESSION_CLOSING, "ok %s", guest->fate);
    }
}

static void request_destroy(struct console_state *state, struct console_session *session,
                            char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);
    int result;

    if (guest == NULL || !guest->exists) {
        return;
    }
    result = domain_watch_destroy(state, guest, "destroyed");
    if (result < 0) {
        answer(session, SESSION_CLOSING, "error the hypervisor answered %d", result);
    } else {
        answer(session, SESSION_CLOSING, "ok");
    }
}

static void request_rename(struct console_state *state, struct console_session *session,
                           char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);

    if (guest != NULL) {
        snprintf(guest->name, sizeof(guest->name), "%s", words[2]);
        answer(session, SESSION_CLOSING, "ok");
    }
}

/* Of a domain just tracked: what its kernel's image is called, and how long it is. */
static void request_kernel(struct console_state *state, struct console_session *session,
                           char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);

    if (guest != NULL) {
        guest->kernel_size = strtoull(words[2], NULL, 10);
        snprintf(guest->kernel, sizeof(guest->kernel), "%s", words[3]);
        answer(session, SESSION_CLOSING, "ok");
    }
}

/* The same: where its core file goes. */
static void request_core(struct console_state *state, struct console_session *session, char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);

    if (guest != NULL) {
        snprintf(guest->core, sizeof(guest->core), "%s", words[2]);
        answer(session, SESSION_CLOSING, "ok");
    }
}

static void request_image(struct console_state *state, struct console_session *session,
                          char **words)
{
    struct console_guest *guest = wanted_guest(state, session, words[1]);

    if (guest != NULL && guest->kernel[0] != '\0') {
        answer(session, SESSION_CLOSING, "ok %s", guest->kernel);
    } else if (guest != NULL) {
        answer(session, SESSION_CLOSING, "error the image of '%.60s' is not known", words[1]);
    }
}

/* The last word of a request is all that is left of its line. */
static const struct {
    const char *name;
    request_handler_t handle;
    size_t nr_words;
} requests[] = {
    {"track", request_track, 9},         {"attach", request_attach, 2},
    {"follow", request_follow, 2},       {"logs", request_follow, 2},
    {"tail", request_follow, 2},         {"wait", request_wait, 2},
    {"fate", request_fate, 2},           {"destroy", request_destroy, 2},
    {"rename", request_rename, 3},       {"kernel", request_kernel, 4},
    {"image", request_image, 2},         {"core", request_core, 3},
    {"successor", request_successor, 2},
};

/* Splits a line at spaces into at most `most` words; how many. */
static size_t split(char *at, char **words, size_t most)
{
    size_t count = 0;

    while (count < most && *at != '\0') {
        words[count++] = at;
        if (count < most) {
            at += strcspn(at, " ");
            if (*at == ' ') {
                *at++ = '\0';
            }
        }
    }
    return count;
}

static void request_line(struct console_state *state, struct console_session *session)
{
    char *words[MAX_WORDS + 1] = {NULL};
    char line[CONSOLE_INPUT_BYTES + 1];

    memcpy(line, session->input, session->nr_input);
    line[session->nr_input] = '\0';
    session->nr_input = 0;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        size_t length = strlen(requests[i].name);

        if (strncmp(line, requests[i].name, length) == 0 && line[length] == ' ') {
            if (split(line, words, requests[i].nr_words) == requests[i].nr_words) {
                requests[i].handle(state, session, words);
                return;
            }
        }
    }
    answer(session, SESSION_CLOSING, "error the request is not understood");
}

/* ---- the stream ---------------------------------------------------------------------------------- */

void console_session_accept(struct console_state *state)
{
    for (;;) {
        int descriptor = seam_service_accept(state->listener);
        struct console_session *session = NULL;

        if (descriptor < 0) {
            return;
        }
        for (size_t i = 0; i < CONSOLE_MAX_SESSIONS && session == NULL; i++) {
            session = state->sessions[i].descriptor < 0 ? &state->sessions[i] : NULL;
        }
        if (session == NULL) {
            close(descriptor);
            continue;
        }
        memset(session, 0, sizeof(*session));
        session->descriptor = descriptor;
        session->kind = SESSION_NEW;
    }
}

static void session_end(struct console_session *session)
{
    close(session->descriptor);
    memset(session, 0, sizeof(*session));
    session->descriptor = -1;
}

void console_session_forget(struct console_state *state, const struct console_guest *guest)
{
    for (size_t i = 0; i < CONSOLE_MAX_SESSIONS; i++) {
        if (state->sessions[i].descriptor >= 0 && state->sessions[i].guest == guest) {
            session_end(&state->sessions[i]);
        }
    }
}

static bool has_output(const struct console_session *session)
{
    return session->nr_answer > 0 ||
           ((session->kind == SESSION_ATTACH || session->kind == SESSION_FOLLOW) &&
            session->position < session->guest->log.end);
}

/* Nothing more will come. */
static bool is_over(const struct console_session *session)
{
    if (has_output(session)) {
        return false;
    }
    return session->kind == SESSION_CLOSING ||
           (session->guest != NULL && (session->guest->ended || session->bounded));
}

uint8_t console_session_wants(const struct console_session *session)
{
    uint8_t wants = 0;

    if (has_output(session) || is_over(session)) {
        wants |= SEAM_WRITE;
    }
    /* A client that only listens is read to notice that it left. */
    if (session->kind != SESSION_ATTACH || session->nr_input < CONSOLE_INPUT_BYTES) {
        wants |= SEAM_READ;
    }
    return wants;
}

/* 0, or -1 when the client is gone. */
static int send_output(struct console_session *session)
{
    while (has_output(session)) {
        char bytes[1024];
        uint64_t position = session->position;
        size_t size;
        ssize_t done;

        if (session->nr_answer > 0) {
            done = write(session->descriptor, session->answer, session->nr_answer);
            if (done <= 0) {
                return done < 0 && errno == EAGAIN ? 0 : -1;
            }
            session->nr_answer -= (size_t)done;
            memmove(session->answer, session->answer + done, session->nr_answer);
            continue;
        }
        size = console_log_read(&session->guest->log, &position, bytes, sizeof(bytes));
        done = write(session->descriptor, bytes, size);
        if (done <= 0) {
            return done < 0 && errno == EAGAIN ? 0 : -1;
        }
        session->position = position - (size - (size_t)done);
    }
    return 0;
}

/* Keys that wait go to the guest as far as it has room; its next event tries again. */
static void give_keys(struct console_state *state, struct console_session *session)
{
    struct console_guest *guest = session->guest;
    size_t given;

    if (session->kind != SESSION_ATTACH || guest->ring == NULL || session->nr_input == 0) {
        return;
    }
    given = console_ring_give(guest->ring, session->input, session->nr_input);
    session->nr_input -= given;
    memmove(session->input, session->input + given, session->nr_input);
    if (given > 0) {
        seam_event_notify(state->events, (uint32_t)guest->port);
    }
}

/* 0, or -1 when the client is gone. */
static int receive_input(struct console_state *state, struct console_session *session)
{
    char *at = session->input + session->nr_input;
    size_t room = CONSOLE_INPUT_BYTES - session->nr_input;
    bool discard = session->kind != SESSION_NEW && session->kind != SESSION_ATTACH;
    char waste[64];
    ssize_t count = discard                        ? read(session->descriptor, waste, sizeof(waste))
                    : session->kind == SESSION_NEW ? read(session->descriptor, at, 1)
                                                   : read(session->descriptor, at, room);

    if (count <= 0) {
        return count < 0 && errno == EAGAIN ? 0 : -1;
    }
    if (discard) {
        return 0;
    }
    if (session->kind == SESSION_ATTACH) {
        session->nr_input += (size_t)count;
        return 0;
    }
    if (*at == '\n') {
        request_line(state, session);
    } else if (++session->nr_input == CONSOLE_INPUT_BYTES) {
        return -1;
    }
    return 0;
}

void console_session_ready(struct console_state *state, struct console_session *session,
                           uint8_t ready)
{
    bool gone = false;

    if ((ready & SEAM_READ) != 0) {
        /* A request is read byte by byte, so that no key behind it is taken for part of it. */
        enum session_kind kind;
        size_t before;

        do {
            kind = session->kind;
            before = session->nr_input;
            gone = receive_input(state, session) < 0;
        } while (!gone && kind == SESSION_NEW && session->kind == SESSION_NEW &&
                 session->nr_input != before);
    }
    give_keys(state, session);
    if (!gone) {
        gone = send_output(session) < 0;
    }
    if (gone || is_over(session)) {
        session_end(session);
    }
}

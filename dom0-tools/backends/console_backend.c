/* SPDX-License-Identifier: MIT */
/*
 * console_backend.c: the loop of the console back end: events of guests, its clients, and the
 * store's word that a domain ended.
 * Owns: struct console_state.
 * Locks: none; one thread.
 * Read next: console_session.c for the requests, domain_watch.c for the ends.
 */
#include "dom0-tools/backends/console_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/backends/console_state.h"
#include "dom0-tools/libpv/seam.h"

#define RETRY_STORE_MS  100
#define RETRY_KEEPER_MS 10

enum { WAIT_LISTENER, WAIT_EVENTS, WAIT_STORE, WAIT_SESSIONS };

static void take_events(struct console_state *state)
{
    uint32_t ports[32];
    ssize_t size = read(state->events, ports, sizeof(ports));

    for (size_t i = 0; size > 0 && i < (size_t)size / sizeof(ports[0]); i++) {
        struct console_guest *guest = console_guest_by_port(state, (int)ports[i]);

        if (guest != NULL) {
            console_guest_drain(state, guest);
        } else {
            seam_event_unmask(state->events, ports[i]);
        }
    }
}

/*
 * Ends of domains. An event may also have arrived while a request of ours waited for its reply, which no
 * descriptor tells of: so this is asked before each wait, and again after each look at the domains.
 */
static void take_store_events(struct console_state *state)
{
    bool any = true;

    while (any && state->store != NULL) {
        struct store_event event;
        int result;

        any = false;
        while ((result = store_next_event(state->store, false, &event)) > 0) {
            store_event_free(&event);
            any = true;
        }
        if (result < 0) {
            store_close(state->store);
            state->store = NULL;
        }
        if (any || result < 0) {
            domain_watch_check(state);
        }
    }
}

/* The store may come up after us, or end and come again. */
static void connect_store(struct console_state *state)
{
    if (state->store == NULL) {
        state->store = store_connect();
        if (state->store != NULL && store_watch(state->store, "@releaseDomain", "console") < 0) {
            store_close(state->store);
            state->store = NULL;
        } else if (state->store != NULL) {
            domain_watch_check(state); /* for what ended before there was somebody to tell */
        }
    }
}

static void serve_once(struct console_state *state)
{
    struct seam_wait waits[WAIT_SESSIONS + CONSOLE_MAX_SESSIONS];
    struct console_session *waiting[CONSOLE_MAX_SESSIONS];
    size_t count = WAIT_SESSIONS, base = WAIT_STORE;
    int timeout_ms = console_guest_unthrottle(state);

    connect_store(state);
    take_store_events(state);
    if (!domain_watch_tell(state) && (timeout_ms < 0 || timeout_ms > RETRY_KEEPER_MS)) {
        timeout_ms = RETRY_KEEPER_MS;
    }
    waits[WAIT_LISTENER] = (struct seam_wait){state->listener, SEAM_READ, 0};
    waits[WAIT_EVENTS] = (struct seam_wait){state->events, SEAM_READ, 0};
    if (state->store != NULL) {
        waits[base++] = (struct seam_wait){store_descriptor(state->store), SEAM_READ, 0};
    } else if (timeout_ms < 0 || timeout_ms > RETRY_STORE_MS) {
        timeout_ms = RETRY_STORE_MS;
    }
    count = base;
    for (size_t i = 0; i < CONSOLE_MAX_SESSIONS; i++) {
        struct console_session *session = &state->sessions[i];

        if (session->descriptor >= 0) {
            waiting[count - base] = session;
            waits[count++] =
                (struct seam_wait){session->descriptor, console_session_wants(session), 0};
        }
    }
    if (seam_wait_any(waits, count, timeout_ms) < 0) {
        return;
    }
    if (waits[WAIT_EVENTS].ready != 0) {
        take_events(state);
    }
    for (size_t i = base; i < count; i++) {
        struct console_session *session = waiting[i - base];

        /* Keys that a guest had no room for are tried again with every turn. */
        if (session->descriptor >= 0 &&
            (waits[i].ready != 0 || session->nr_input > 0 || session->guest != NULL)) {
            console_session_ready(state, session, waits[i].ready);
        }
    }
    if (base > WAIT_STORE && waits[WAIT_STORE].ready != 0) {
        take_store_events(state);
    }
    if (waits[WAIT_LISTENER].ready != 0) {
        console_session_accept(state);
    }
}

static void console_backend_run(void *argument)
{
    struct console_state *state = argument;

    state->listener = seam_service_listen("console");
    state->events = seam_event_open();
    for (size_t i = 0; i < CONSOLE_MAX_SESSIONS; i++) {
        state->sessions[i].descriptor = -1;
    }
    if (state->listener < 0 || state->events < 0) {
        fprintf(stderr, "console back end: cannot start (%d, %d)\n", state->listener,
                state->events);
        return;
    }
    console_guest_restore(state);
    for (;;) {
        serve_once(state);
    }
}

void console_backend_start(void)
{
    struct console_state *state = calloc(1, sizeof(*state));

    if (state == NULL || seam_thread_start("console", console_backend_run, state) < 0) {
        fprintf(stderr, "console back end: no memory to start\n");
        free(state);
    }
}

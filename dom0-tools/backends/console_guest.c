/* SPDX-License-Identifier: MIT */
/*
 * console_guest.c: a guest's console: its page, its port, its log.
 * Owns: the list of guests, living and dead.
 * Invariants CON1, CON2 (console_backend.h).
 * Read next: domain_watch.c.
 */
#include "dom0-tools/backends/console_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/grant_table.h>

#include "dom0-tools/backends/console_backend.h"
#include "dom0-tools/backends/console_ring.h"
#include "dom0-tools/libpv/error.h"
#include "dom0-tools/libpv/keep.h"
#include "dom0-tools/libpv/keep_pool.h"
#include "dom0-tools/libpv/seam.h"

/* A guest may write this much in each window; then it waits for the next. */
#define WINDOW_NS    100000000ull
#define WINDOW_BYTES (256ull * 1024)

#define KEPT "console/"

/* Zeroed, with an empty log; NULL: no memory. */
static struct console_guest *guest_create(struct console_state *state)
{
    struct console_guest *guest;
    char name[KEEP_NAME_SIZE];
    bool is_old;

    snprintf(name, sizeof(name), KEPT "%llu", (unsigned long long)++state->last_sequence);
    guest = keep_take(name, sizeof(*guest) + CONSOLE_LOG_BYTES, &is_old);
    if (guest != NULL) {
        guest->is_kept = true;
        guest->log.bytes = (char *)(guest + 1);
        guest->log.capacity = CONSOLE_LOG_BYTES;
    } else {
        guest = calloc(1, sizeof(*guest));
        if (guest != NULL && console_log_create(&guest->log, CONSOLE_LOG_BYTES) < 0) {
            free(guest);
            return NULL;
        }
    }
    if (guest != NULL) {
        guest->sequence = state->last_sequence;
    }
    return guest;
}

static void guest_free(struct console_guest *guest)
{
    if (guest->is_kept) {
        keep_give(guest);
    } else {
        console_log_destroy(&guest->log);
        free(guest);
    }
}

/* Forget the oldest dead guests beyond the number that is kept. */
static void forget_oldest(struct console_state *state)
{
    struct console_guest **link = &state->guests;
    size_t dead = 0;

    while (*link != NULL) {
        struct console_guest *guest = *link;

        if (!guest->exists && ++dead > CONSOLE_DEAD_KEPT && guest->untold == NEWS_NONE) {
            *link = guest->next;
            console_session_forget(state, guest);
            guest_free(guest);
        } else {
            link = &guest->next;
        }
    }
}

static int ring_map(struct console_guest *guest, uint64_t frame)
{
    void *page;
    int result = seam_map_grant(guest->domid, GNTTAB_RESERVED_CONSOLE, SEAM_READ | SEAM_WRITE,
                                &page, &guest->grant_handle);

    guest->by_grant = result == 0;
    if (result < 0) {
        result = seam_map_foreign(guest->domid, &frame, 1, SEAM_READ | SEAM_WRITE, &page);
    }
    if (result == 0) {
        guest->ring = page;
    }
    return result;
}

static int refuse(struct console_guest *guest, char *why, const char *what, int result)
{
    char reason[96];

    error_describe_errno(result, reason, sizeof(reason));
    snprintf(why, CONSOLE_FATE_SIZE, "%s of '%.40s': %.64s", what, guest->name, reason);
    return -1;
}

static int connect_guest(struct console_state *state, struct console_guest *guest, char *why)
{
    struct domain_info info;
    int result = domctl_info(guest->domid, &info);

    if (result < 0) {
        return refuse(guest, why, "cannot look up the domain", result);
    }
    memcpy(guest->uuid, info.uuid, sizeof(guest->uuid));
    result = ring_map(guest, guest->ring_frame);
    if (result < 0) {
        return refuse(guest, why, "cannot map the console", result);
    }
    guest->port = seam_event_bind_interdomain(state->events, guest->domid, guest->ring_port);
    if (guest->port < 0) {
        return refuse(guest, why, "cannot bind the console's event channel", guest->port);
    }
    return 0;
}

struct console_guest *console_guest_track(struct console_state *state, uint16_t domid,
                                          uint64_t frame, uint32_t port, const char *name,
                                          char *why)
{
    struct console_guest *guest = guest_create(state);

    if (guest == NULL) {
        snprintf(why, CONSOLE_FATE_SIZE, "no memory for the console of '%.40s'", name);
        return NULL;
    }
    guest->domid = domid;
    guest->ring_frame = frame;
    guest->ring_port = port;
    snprintf(guest->name, sizeof(guest->name), "%s", name);
    snprintf(guest->fate, sizeof(guest->fate), "running");
    if (connect_guest(state, guest, why) < 0) {
        console_guest_disconnect(state, guest);
        guest_free(guest);
        return NULL;
    }
    guest->exists = true;
    guest->next = state->guests;
    state->guests = guest;
    forget_oldest(state);
    console_guest_drain(state, guest);
    return guest;
}

/* Whatever is of the dom0 that crashed goes; what cannot be so goes, too. False: it was never whole. */
static bool restore_one(struct console_state *state, struct console_guest *guest)
{
    uint8_t uuid[DOMCTL_UUID_SIZE];
    char why[CONSOLE_FATE_SIZE];
    bool was_alive = guest->exists;

    guest->log.bytes = (char *)(guest + 1);
    guest->log.capacity = CONSOLE_LOG_BYTES;
    if (guest->name[0] == '\0' || guest->name[sizeof(guest->name) - 1] != '\0' ||
        guest->log.start > guest->log.end ||
        guest->log.end - guest->log.start > guest->log.capacity) {
        return false;
    }
    guest->ring = NULL;
    guest->port = 0;
    guest->throttled = false;
    memcpy(uuid, guest->uuid, sizeof(uuid));
    if (was_alive && !guest->ended &&
        (connect_guest(state, guest, why) < 0 || memcmp(uuid, guest->uuid, sizeof(uuid)) != 0)) {
        console_guest_disconnect(state, guest);
        memcpy(guest->uuid, uuid, sizeof(uuid));
        snprintf(guest->fate, sizeof(guest->fate), "lost when dom0 crashed");
        guest->exists = false;
        guest->ended = true;
    }
    if (was_alive) {
        console_guest_note(guest, "dom0 crashed and was started again");
    }
    return true;
}

void console_guest_restore(struct console_state *state)
{
    struct console_guest *guest = NULL, *next;
    size_t size;

    for (next = keep_next(NULL, KEPT, &size); (guest = next) != NULL;) {
        struct console_guest **link = &state->guests;

        next = keep_next(guest, KEPT, &size);
        if (!restore_one(state, guest)) {
            keep_give(guest);
            continue;
        }
        while (*link != NULL && (*link)->sequence > guest->sequence) {
            link = &(*link)->next;
        }
        guest->next = *link;
        *link = guest;
        state->last_sequence =
            guest->sequence > state->last_sequence ? guest->sequence : state->last_sequence;
        console_guest_drain(state, guest);
    }
}

void console_guest_disconnect(struct console_state *state, struct console_guest *guest)
{
    if (guest->port > 0) {
        seam_event_close(state->events, (uint32_t)guest->port);
    }
    guest->port = 0;
    if (guest->ring != NULL && guest->by_grant) {
        seam_unmap_grant(guest->ring, guest->grant_handle);
    } else if (guest->ring != NULL) {
        seam_unmap_foreign(guest->ring, 1);
    }
    guest->ring = NULL;
}

struct console_guest *console_guest_by_domid(struct console_state *state, uint16_t domid)
{
    struct console_guest *guest = state->guests;

    while (guest != NULL && !(guest->exists && guest->domid == domid)) {
        guest = guest->next;
    }
    return guest;
}

struct console_guest *console_guest_by_port(struct console_state *state, int port)
{
    struct console_guest *guest = state->guests;

    while (guest != NULL && guest->port != port) {
        guest = guest->next;
    }
    return guest;
}

struct console_guest *console_guest_find(struct console_state *state, const char *name_or_id)
{
    struct console_guest *found = NULL;
    char *end;
    unsigned long number = strtoul(name_or_id, &end, 10);

    if (end != name_or_id && *end == '\0') {
        return number < DOMCTL_DOMID_FIRST_RESERVED
                   ? console_guest_by_domid(state, (uint16_t)number)
                   : NULL;
    }
    for (struct console_guest *guest = state->guests; guest != NULL; guest = guest->next) {
        if (strcmp(guest->name, name_or_id) == 0) {
            if (guest->exists) {
                return guest;
            }
            found = found != NULL ? found : guest; /* the list is newest first */
        }
    }
    return found;
}

void console_guest_note(struct console_guest *guest, const char *format, ...)
{
    char text[CONSOLE_FATE_SIZE + 80];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length > 0) {
        console_log_append(&guest->log, "\r\n[xenlike: ", 12);
        console_log_append(&guest->log, text, strlen(text));
        console_log_append(&guest->log, "]\r\n", 3);
    }
}

static bool throttle(struct console_guest *guest, size_t bytes)
{
    uint64_t now = seam_now_ns();

    if (now - guest->window_start_ns >= WINDOW_NS) {
        guest->window_start_ns = now;
        guest->window_bytes = 0;
    }
    guest->window_bytes += bytes;
    return guest->window_bytes > WINDOW_BYTES;
}

void console_guest_drain(struct console_state *state, struct console_guest *guest)
{
    char bytes[512];
    bool overrun, moved = false;

    while (guest->ring != NULL && !guest->throttled) {
        size_t count = console_ring_take(guest->ring, bytes, sizeof(bytes), &overrun);

        if (overrun) {
            /* Charged as a full ring: who overruns it again and again is throttled like one that floods. */
            guest->throttled = throttle(guest, sizeof(guest->ring->out));
            console_guest_note(guest, "the console ring was overrun; its content is lost");
        }
        if (count == 0) {
            break;
        }
        moved = true;
        console_log_append(&guest->log, bytes, count);
        guest->throttled = throttle(guest, count);
    }
    if (guest->port <= 0) {
        return;
    }
    if (moved) {
        seam_event_notify(state->events, (uint32_t)guest->port);
    }
    if (!guest->throttled) {
        seam_event_unmask(state->events, (uint32_t)guest->port);
    }
}

int console_guest_unthrottle(struct console_state *state)
{
    uint64_t now = seam_now_ns();
    int wait_ms = -1;

    for (struct console_guest *guest = state->guests; guest != NULL; guest = guest->next) {
        uint64_t since = now - guest->window_start_ns;

        if (guest->throttled && since >= WINDOW_NS) {
            guest->throttled = false;
            console_guest_drain(state, guest);
        }
        if (guest->throttled) {
            int left = (int)((WINDOW_NS - (since < WINDOW_NS ? since : 0)) / 1000000u) + 1;

            wait_ms = wait_ms < 0 || left < wait_ms ? left : wait_ms;
        }
    }
    return wait_ms;
}

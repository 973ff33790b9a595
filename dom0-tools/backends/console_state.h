/* SPDX-License-Identifier: MIT */
/*
 * console_state.h: what the files of the console back end share: guests, sessions, and the state
 * that holds them. One thread works on all of it.
 * Read next: console_backend.c for the loop.
 */
#ifndef BACKENDS_CONSOLE_STATE_H
#define BACKENDS_CONSOLE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <public/io/console.h>

#include "dom0-tools/backends/console_log.h"
#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/store.h"

#define CONSOLE_NAME_SIZE    80
#define CONSOLE_MAX_SESSIONS 48
#define CONSOLE_INPUT_BYTES  256
#define CONSOLE_FATE_SIZE    160
#define CONSOLE_ACTION_SIZE  20
#define CONSOLE_PATH_SIZE    1024

/* What the keeper is to be told of a domain that ended. */
enum console_news { NEWS_NONE, NEWS_RESTART, NEWS_FORGET };

/* With its log behind it, in memory that outlives dom0 when there is any (libpv/keep.h): the next dom0 finds all of it but what is said
 * to be of the running one. */
struct console_guest {
    struct console_guest *next; /* newest first; of the running dom0 */
    uint64_t sequence;          /* grows */
    bool is_kept;
    uint16_t domid;
    char name[CONSOLE_NAME_SIZE];
    uint8_t uuid[DOMCTL_UUID_SIZE];
    struct console_log log;

    /* While it is connected; of the running dom0. */
    struct xencons_interface *ring; /* NULL: not, or no longer */
    bool by_grant;
    uint32_t grant_handle;
    int port; /* local */

    /* A guest that floods has its port left masked until then. */
    uint64_t window_start_ns, window_bytes;
    bool throttled;

    uint64_t ring_frame; /* as it was tracked */
    uint32_t ring_port;  /* the guest's end */

    bool exists; /* the domain's number is still its own */
    bool ended;
    char successor[CONSOLE_NAME_SIZE]; /* it ended, and is made again under this name; else empty */
    enum console_news untold;
    char fate[CONSOLE_FATE_SIZE];
    char on_poweroff[CONSOLE_ACTION_SIZE];
    char on_reboot[CONSOLE_ACTION_SIZE];
    char on_crash[CONSOLE_ACTION_SIZE];
    char on_watchdog[CONSOLE_ACTION_SIZE];

    char core[CONSOLE_PATH_SIZE];   /* where a core file of it goes; "": not known */
    char kernel[CONSOLE_PATH_SIZE]; /* of its image, for the names in a backtrace; "": not known */
    uint64_t kernel_size;
};

enum session_kind { SESSION_NEW, SESSION_ATTACH, SESSION_FOLLOW, SESSION_WAIT, SESSION_CLOSING };

struct console_session {
    int descriptor; /* negative: free */
    enum session_kind kind;
    struct console_guest *guest;
    uint64_t position;               /* in the guest's log */
    char input[CONSOLE_INPUT_BYTES]; /* the request line; then keys the guest has no room for */
    size_t nr_input;
    char answer[CONSOLE_FATE_SIZE + 16]; /* not yet written */
    size_t nr_answer;
    bool bounded; /* ends at the log's end, though the guest lives */
};

struct console_state {
    int listener;
    int events;
    struct store *store;
    struct console_guest *guests;
    uint64_t last_sequence;
    struct console_session sessions[CONSOLE_MAX_SESSIONS];
};

/* ---- console_guest.c ---------------------------------------------------------------------------- */

/* Connect a domain's console. NULL and a text in `why` (CONSOLE_FATE_SIZE) on failure. */
struct console_guest *console_guest_track(struct console_state *state, uint16_t domid,
                                          uint64_t frame, uint32_t port, const char *name,
                                          char *why);
/* The guests, living and dead, of the dom0 before this one. */
void console_guest_restore(struct console_state *state);
struct console_guest *console_guest_find(struct console_state *state, const char *name_or_id);
/* A live one. */
struct console_guest *console_guest_by_domid(struct console_state *state, uint16_t domid);
struct console_guest *console_guest_by_port(struct console_state *state, int port);
/* Move what the guest wrote into its log; throttles one that writes without end. */
void console_guest_drain(struct console_state *state, struct console_guest *guest);
/* Let throttled guests go on; returns milliseconds until the next may, or -1. */
int console_guest_unthrottle(struct console_state *state);
void console_guest_disconnect(struct console_state *state, struct console_guest *guest);
/* A line from us in its log. */
void console_guest_note(struct console_guest *guest, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- domain_watch.c ----------------------------------------------------------------------------- */

/* Look which of the guests ended, and do what their configuration says. */
void domain_watch_check(struct console_state *state);
/* Tell the keeper what became of those that ended; false: not all yet, call again soon. */
bool domain_watch_tell(struct console_state *state);
/* End a domain and remove its traces; 0 or a negative Xen errno. */
int domain_watch_destroy(struct console_state *state, struct console_guest *guest,
                         const char *fate);

/* ---- domain_explain.c --------------------------------------------------------------------------- */

/*
 * What the hypervisor logged about a crashed domain, its registers and stack by the names of its
 * kernel's functions, into the guest's log; the reason into `reason`, "" when there is none.
 */
void domain_explain(struct console_guest *guest, char *reason, size_t size);

/* ---- console_session.c -------------------------------------------------------------------------- */

void console_session_accept(struct console_state *state);
/* What the session waits for: SEAM_READ, SEAM_WRITE, or 0. */
uint8_t console_session_wants(const struct console_session *session);
void console_session_ready(struct console_state *state, struct console_session *session,
                           uint8_t ready);
/* No session points to this guest any more. */
void console_session_forget(struct console_state *state, const struct console_guest *guest);

#endif

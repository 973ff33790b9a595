/* SPDX-License-Identifier: MIT */
/*
 * domain_watch.c: notices that a domain ended, records why, and does what its configuration says.
 * Owns: the end of a domain's life: releasing its pages here, its store nodes, the domain itself.
 * Invariant DW1: a domain is drained of its last words before its page is unmapped, and unmapped
 * here before it is destroyed, so that destroying leaves no zombie.
 * Read next: console_backend.c.
 */
#include "dom0-tools/backends/console_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <public/errno.h>

#include "dom0-tools/libpv/core_dump.h"
#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/seam.h"

#define SHARE "/share/"

static int end_domain(struct console_state *state, struct console_guest *guest, const char *fate)
{
    int result;

    console_guest_drain(state, guest);
    if (!guest->ended) {
        snprintf(guest->fate, sizeof(guest->fate), "%s", fate);
    }
    console_guest_disconnect(state, guest);
    if (state->store != NULL) {
        store_release(state->store, guest->domid); /* the store unmaps its page, too */
    }
    result = domctl_destroy(guest->domid);
    if (state->store != NULL) {
        domain_register_release(state->store, guest->domid, guest->uuid);
    }
    /* Last, since clients that wait for the end go on now. */
    guest->exists = false;
    guest->ended = true;
    return result == -XEN_ESRCH ? 0 : result;
}

/* Tells the keeper of configurations to make the domain anew, or that it will not come back. false: it has no time now. */
static bool tell_keeper(const struct console_guest *guest)
{
    int stream = seam_service_connect("keeper");
    char line[64], uuid[37];

    if (stream >= 0) {
        domain_register_uuid_text(guest->uuid, uuid);
        int length = snprintf(line, sizeof(line), "%s %s\n",
                              guest->untold == NEWS_RESTART ? "restart" : "forget", uuid);
        (void)!write(stream, line, (size_t)length);
        close(stream);
    }
    return stream != -XEN_EAGAIN;
}

bool domain_watch_tell(struct console_state *state)
{
    for (struct console_guest *guest = state->guests; guest != NULL; guest = guest->next) {
        if (guest->untold != NEWS_NONE) {
            if (!tell_keeper(guest)) {
                return false;
            }
            guest->untold = NEWS_NONE;
        }
    }
    return true;
}

int domain_watch_destroy(struct console_state *state, struct console_guest *guest, const char *fate)
{
    int result = end_domain(state, guest, fate);

    guest->untold = NEWS_FORGET;
    return result;
}

static const char *action_of(const struct console_guest *guest, unsigned int reason)
{
    switch (reason) {
    case DOMCTL_REASON_POWEROFF:
        return guest->on_poweroff;
    case DOMCTL_REASON_REBOOT:
        return guest->on_reboot;
    case DOMCTL_REASON_WATCHDOG:
        return guest->on_watchdog;
    default:
        return guest->on_crash;
    }
}

/* It keeps its memory, and all that its fate says, until it is destroyed. */
static void preserve(struct console_guest *guest, const char *fate)
{
    snprintf(guest->fate, sizeof(guest->fate), "%s", fate);
    guest->ended = true;
}

/* The dead one makes room for its successor: "name" becomes "name-ID". */
static void rename_away(struct console_state *state, struct console_guest *guest)
{
    char name[CONSOLE_NAME_SIZE];

    snprintf(name, sizeof(name), "%.64s-%u", guest->name, (unsigned int)guest->domid);
    snprintf(guest->name, sizeof(guest->name), "%s", name);
    if (state->store != NULL) {
        store_write_at(state->store, STORE_NO_TRANSACTION, name, "/local/domain/%u/name",
                       (unsigned int)guest->domid);
    }
}

/* The dead guest's memory, for coredump-*: the domain waits so long, and so do the others' consoles. */
static void dump_core(struct console_guest *guest)
{
    struct core_dump dump = {.domid = guest->domid};
    int result = guest->core[0] != '\0' ? core_dump_to_file(&dump, guest->core) : -XEN_ENOENT;

    if (result == 0) {
        console_guest_note(guest, "its core is in %s, %llu MiB",
                           strncmp(guest->core, SHARE, strlen(SHARE)) == 0
                               ? guest->core + strlen(SHARE)
                               : guest->core,
                           (unsigned long long)dump.nr_bytes >> 20);
    } else {
        console_guest_note(guest, "its core could not be written: error %d", -result);
    }
}

/* The guest stopped by itself: record why, then do what its configuration says. */
static void guest_shut_down(struct console_state *state, struct console_guest *guest,
                            const struct domain_info *info)
{
    const char *action = action_of(guest, info->reason);
    bool again = strstr(action, "restart") != NULL;
    char fate[CONSOLE_FATE_SIZE];
    char words[CONSOLE_FATE_SIZE - 16] = "";

    if (guest->ended) {
        return; /* preserved */
    }
    snprintf(guest->successor, sizeof(guest->successor), "%s", again ? guest->name : "");
    console_guest_drain(state, guest);
    if (info->reason == DOMCTL_REASON_CRASH) {
        domain_explain(guest, words, sizeof(words));
    }
    snprintf(fate, sizeof(fate), "%s%s%s", domctl_reason_name(info->reason),
             words[0] != '\0' ? " " : "", words);
    if (strncmp(action, "coredump", strlen("coredump")) == 0) {
        dump_core(guest);
    }
    if (strcmp(action, "preserve") == 0) {
        preserve(guest, fate);
        return;
    }
    if (strcmp(action, "rename-restart") == 0) {
        rename_away(state, guest);
        preserve(guest, fate);
    } else {
        end_domain(state, guest, fate);
    }
    guest->untold = again ? NEWS_RESTART : NEWS_FORGET;
}

void domain_watch_check(struct console_state *state)
{
    for (struct console_guest *guest = state->guests; guest != NULL; guest = guest->next) {
        struct domain_info info;
        int result;

        if (!guest->exists) {
            continue;
        }
        result = domctl_info(guest->domid, &info);
        if (result == -XEN_ESRCH || (result == 0 && info.dying)) {
            domain_watch_destroy(state, guest, "destroyed");
        } else if (result == 0 && info.shutdown && info.reason != DOMCTL_REASON_SUSPEND) {
            guest_shut_down(state, guest, &info);
        }
    }
}

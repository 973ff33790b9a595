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

#include <public/errno.h>

#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/sysctl.h"

#define HYPERVISOR_LOG_BYTES 16384

/* Whether a line speaks of the domain as d5, (d5) or "omain 5", and of no other with more digits. */
static bool line_names(const char *line, uint16_t domid)
{
    for (int form = 0; form < 2; form++) {
        char name[24];
        size_t length = (size_t)snprintf(name, sizeof(name), form == 0 ? "d%u" : "omain %u",
                                         (unsigned int)domid);

        for (const char *at = strstr(line, name); at != NULL; at = strstr(at + 1, name)) {
            bool begins = at == line || strchr(" (Dd", at[-1]) != NULL;
            bool ends = at[length] < '0' || at[length] > '9';

            if (begins && ends) {
                return true;
            }
        }
    }
    return false;
}

/* A line of the hypervisor's log without what stands before its words: "(XEN) ", "[   1.234567] ". */
static char *line_words(char *line)
{
    line[strcspn(line, "\r")] = '\0';
    if (strncmp(line, "(XEN) ", 6) == 0) {
        line += 6;
    }
    if (line[0] == '[' && strspn(line + 1, " .0123456789") == strcspn(line + 1, "]") &&
        strstr(line, "] ") != NULL) {
        line = strstr(line, "] ") + 2;
    }
    return line;
}

/* The next line of a text, ended in place; NULL behind the last. */
static char *next_line(char **text)
{
    char *line = *text;
    char *end = line != NULL ? strchr(line, '\n') : NULL;

    if (line == NULL || *line == '\0') {
        return NULL;
    }
    if (end != NULL) {
        *end = '\0';
    }
    *text = end != NULL ? end + 1 : NULL;
    return line;
}

/*
 * Why the hypervisor crashed the domain, from its log into `reason`; "" when it does not say, because
 * the guest ended itself. The registers and the stack that follow go into the guest's log.
 */
static void hypervisor_words(struct console_guest *guest, char *reason, size_t size)
{
    char *log = malloc(HYPERVISOR_LOG_BYTES + 1);
    int length = log != NULL ? sysctl_read_console(log, HYPERVISOR_LOG_BYTES, 0) : 0;
    char *text = log, *line;

    reason[0] = '\0';
    if (log == NULL) {
        return;
    }
    log[length > 0 ? length : 0] = '\0';
    while ((line = next_line(&text)) != NULL) {
        line = line_words(line);
        if (!line_names(line, guest->domid)) {
            continue;
        }
        if (strstr(line, "crashed") != NULL) {
            const char *colon = strstr(line, "crashed: ");

            snprintf(reason, size, "%s", colon != NULL ? colon + 9 : line);
            console_guest_note(guest, "the hypervisor crashed the domain: %s", reason);
        } else if (reason[0] != '\0') {
            console_log_append(&guest->log, line, strlen(line));
            console_log_append(&guest->log, "\r\n", 2);
        }
    }
    free(log);
}

int domain_watch_destroy(struct console_state *state, struct console_guest *guest, const char *fate)
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

/* The guest stopped by itself: record why, then keep it or destroy it. */
static void guest_shut_down(struct console_state *state, struct console_guest *guest,
                            const struct domain_info *info)
{
    const char *action = action_of(guest, info->reason);
    char fate[CONSOLE_FATE_SIZE];
    char words[CONSOLE_FATE_SIZE - 16] = "";

    if (guest->ended) {
        return; /* preserved */
    }
    console_guest_drain(state, guest);
    if (info->reason == DOMCTL_REASON_CRASH) {
        hypervisor_words(guest, words, sizeof(words));
    }
    snprintf(fate, sizeof(fate), "%s%s%s", domctl_reason_name(info->reason),
             words[0] != '\0' ? " " : "", words);
    if (strcmp(action, "preserve") == 0) {
        snprintf(guest->fate, sizeof(guest->fate), "%s", fate);
        guest->ended = true;
        return;
    }
    if (strcmp(action, "restart") == 0) {
        console_guest_note(guest, "the domain asked for a restart; it is destroyed instead");
    }
    domain_watch_destroy(state, guest, fate);
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

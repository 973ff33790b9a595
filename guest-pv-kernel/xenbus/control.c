/* SPDX-License-Identifier: MIT */
/*
 * Requests of the toolstack: it writes a word to control/shutdown, we acknowledge by emptying the node
 * and obey. Says beforehand, in control/feature-*, which words are understood.
 * Read next: xenbus_client.c
 */
#include <stdlib.h>
#include <string.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include <pvk/thread.h>
#include <pvk/xenbus.h>
#include "../core/core.h"

#define REQUEST "control/shutdown"

static _Noreturn void power_off(void)
{
    shutdown_poweroff(0);
}

static const struct {
    const char *word;
    void (*obey)(void);
} requests[] = {
    {"poweroff", power_off},
    {"halt", power_off},
    {"reboot", shutdown_reboot},
};

static void requested(struct xenbus *store, const char *path, void *data)
{
    char *word;

    (void)data;
    if (xenbus_read(store, XENBUS_NO_TRANSACTION, path, &word, NULL) != 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strcmp(word, requests[i].word) == 0) {
            (void)xenbus_write(store, XENBUS_NO_TRANSACTION, REQUEST, "", 0);
            requests[i].obey();
        }
    }
    free(word);
}

/* In a thread, because main must not wait for a store that may not answer. */
static void listen(void *argument)
{
    struct xenbus *store = xenbus_default();

    (void)argument;
    if (store != NULL) {
        (void)xenbus_write(store, XENBUS_NO_TRANSACTION, "control/feature-poweroff", "1", 1);
        (void)xenbus_write(store, XENBUS_NO_TRANSACTION, "control/feature-reboot", "1", 1);
        (void)xenbus_watch(store, REQUEST, requested, NULL, NULL);
    }
}

void core_listen_to_toolstack(void)
{
    if (!start_is_initial_domain()) {
        (void)thread_create_in(NULL, "control", listen, NULL, 8192);
    }
}

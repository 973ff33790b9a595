/* SPDX-License-Identifier: MIT */
/*
 * See takeover.h. The hypervisor paused every domain once; each is unpaused once. A guest that needs a back end before that one has
 * its rings waits as it would for any answer.
 */
#include "takeover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/keep.h"
#include "dom0-tools/libpv/store.h"
#include "dom0-tools/libpv/trace_reader.h"
#include "dom0-tools/pvctl/session.h"

#define BATCH 64

/* Was it registered? What the old dom0 was about to make, or to take apart, has no home in the store. */
static bool is_whole(struct store *store, const struct domain_info *info)
{
    char *vm = info->dying ? NULL
                           : store_read_at(store, STORE_NO_TRANSACTION, "/local/domain/%u/vm",
                                           (unsigned int)info->domid);
    bool found = vm != NULL;

    free(vm);
    return found;
}

static char *read_or(struct store *store, const char *otherwise, const char *directory,
                     const char *name)
{
    char *text = store_read_at(store, STORE_NO_TRANSACTION, "%s/%s", directory, name);

    return text != NULL ? text : strdup(otherwise);
}

/* A guest whose log found no room in what is kept: its console begins anew, with what the store says. One that the console back end
 * knows stays as it is. */
static void track_console(struct store *store, uint16_t domid)
{
    static const char *const names[] = {"name",        "console/ring-ref", "console/port",
                                        "on_poweroff", "on_reboot",        "on_crash"};
    enum { NAME, FRAME, PORT, ON_POWEROFF, ON_REBOOT, ON_CRASH, COUNT };
    char home[40], *vm, *texts[COUNT], request[256], answer[64];
    struct error error = {.code = ERROR_NONE};
    bool whole = true;

    snprintf(home, sizeof(home), "/local/domain/%u", (unsigned int)domid);
    vm = read_or(store, "", home, "vm");
    for (int i = 0; i < COUNT; i++) {
        texts[i] = read_or(store, i < ON_POWEROFF ? "0" : "destroy", i < ON_POWEROFF ? home : vm,
                           names[i]);
        whole = whole && texts[i] != NULL;
    }
    if (whole) {
        snprintf(request, sizeof(request), "track %u %s %s %s %s %s %s %s", (unsigned int)domid,
                 texts[FRAME], texts[PORT], texts[NAME], texts[ON_POWEROFF], texts[ON_REBOOT],
                 texts[ON_CRASH], texts[ON_CRASH]);
        (void)session_console_simple(request, answer, sizeof(answer), &error);
    }
    for (int i = 0; i < COUNT; i++) {
        free(texts[i]);
    }
    free(vm);
}

static void take_over(struct store *store, const struct domain_info *info)
{
    int result;

    if (is_whole(store, info)) {
        track_console(store, info->domid);
        result = domctl_unpause(info->domid);
    } else {
        printf("dom0: domain %u was not whole when dom0 crashed; it is destroyed\n",
               (unsigned int)info->domid);
        result = domctl_destroy(info->domid);
    }
    if (result < 0) {
        printf("dom0: domain %u cannot be taken over: error %d\n", (unsigned int)info->domid,
               result);
    }
}

void takeover_guests(void)
{
    struct domain_info *infos;
    struct store *store;
    uint32_t first = 1;
    int count;

    if (!keep_came_back()) {
        return;
    }
    trace_reader_stop();
    infos = calloc(BATCH, sizeof(*infos));
    store = store_connect();
    if (infos == NULL || store == NULL) {
        printf("dom0: the guests cannot be taken over: no store, or no memory\n");
    } else {
        while ((count = domctl_list((uint16_t)first, infos, BATCH)) > 0) {
            for (int i = 0; i < count; i++) {
                take_over(store, &infos[i]);
            }
            first = infos[count - 1].domid + 1u;
        }
    }
    if (store != NULL) {
        store_close(store);
    }
    free(infos);
}

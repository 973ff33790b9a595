/* SPDX-License-Identifier: MIT */
/*
 * See takeover.h. The hypervisor paused every domain once; each is unpaused once. A guest that needs a back end before that one has
 * its rings waits as it would for any answer.
 */
#include "takeover.h"

#include <stdio.h>
#include <stdlib.h>

#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/keep.h"
#include "dom0-tools/libpv/store.h"

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

static void take_over(struct store *store, const struct domain_info *info)
{
    int result;

    if (is_whole(store, info)) {
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

/* SPDX-License-Identifier: MIT */
/*
 * The status of main, where the toolstack can read it: control/exit-status.
 */
#include <pvk/start.h>
#include <pvk/thread.h>
#include <pvk/time.h>
#include <pvk/xenbus.h>
#include "../core/core.h"

#define PATIENCE_NS TIME_SECOND_NS

static struct semaphore written;

static void write_status(void *status)
{
    struct xenbus *store = xenbus_default();

    if (store != NULL) {
        (void)xenbus_printf(store, XENBUS_NO_TRANSACTION, "control/exit-status", "%d",
                            *(const int *)status);
    }
    semaphore_up(&written);
}

/* In a thread of its own: a store that does not answer must not keep the domain alive. */
void core_report_exit(int status)
{
    static int reported;

    if (start_is_initial_domain()) {
        return;
    }
    reported = status;
    if (thread_create_in(NULL, "exit status", write_status, &reported, 16384) != NULL) {
        (void)semaphore_down(&written, time_monotonic_ns() + PATIENCE_NS);
    }
}

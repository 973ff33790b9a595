/* SPDX-License-Identifier: MIT */
/* Step 2, front end: makes a port that only the back end's domain may bind to, and publishes it. */
#include <pvk/event.h>

#include "../store.h"

#define ROUNDS 3

static struct semaphore rung;

/* Runs between threads, never inside one: it may wake somebody, but not wait. */
static void on_event(event_port_t port, void *data)
{
    (void)port;
    (void)data;
    semaphore_up(&rung);
}

int main(void)
{
    struct ends ends;
    int port;

    find_back_end(&ends);
    port = event_alloc_unbound(ends.other_domid, on_event, NULL);
    if (port < 0) {
        printf("no port: %d\n", port);
        return 1;
    }
    store_write_number(ends.own, "event-channel", (unsigned long)port);
    for (int round = 1; round <= ROUNDS; round++) {
        semaphore_down(&rung, THREAD_FOREVER);
        printf("ring %d, ringing back\n", round);
        event_send((event_port_t)port);
    }
    free(wait_for(ends.other, "heard"));
    event_close((event_port_t)port);
    return 0;
}

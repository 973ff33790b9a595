/* SPDX-License-Identifier: MIT */
/* Step 2, back end: binds to the front end's port, rings first. */
#include <pvk/event.h>

#include "../store.h"

#define ROUNDS 3

static struct semaphore rung;

static void on_event(event_port_t port, void *data)
{
    (void)port;
    (void)data;
    semaphore_up(&rung);
}

int main(void)
{
    struct ends ends;
    unsigned long remote;
    int port;

    find_front_end(&ends);
    remote = wait_for_number(ends.other, "event-channel");
    port = event_bind_interdomain(ends.other_domid, (event_port_t)remote, on_event, NULL);
    if (port < 0) {
        printf("cannot bind to the front end's port: %d\n", port);
        return 1;
    }
    semaphore_down(&rung, THREAD_FOREVER); /* a bound port rings once by itself */
    for (int round = 1; round <= ROUNDS; round++) {
        event_send((event_port_t)port);
        semaphore_down(&rung, THREAD_FOREVER);
        printf("answer %d\n", round);
    }
    event_close((event_port_t)port);
    store_write(ends.own, "heard", "1");
    stay();
    return 0;
}

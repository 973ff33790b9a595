/* SPDX-License-Identifier: MIT */
/*
 * Step 6: a front end that breaks the rules on purpose, to try back ends with. Its argument says how:
 *   no-grant  publishes a reference that was never lent
 *   overrun   claims more requests than the ring has slots
 *   length    asks with a length that no request can have
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pvk/device.h>
#include <pvk/event.h>
#include <pvk/grant.h>
#include <pvk/memory.h>
#include <pvk/thread.h>

#include "hello.h"

#define NEVER_LENT 7

static const char *how;
static hello_front_ring_t ring;
static int port;

static void on_event(event_port_t rung, void *data)
{
    (void)rung;
    (void)data;
    while (ring.rsp_cons != ring.sring->rsp_prod && strcmp(how, "length") == 0) {
        printf("answered with status %d\n", (int)RING_GET_RESPONSE(&ring, ring.rsp_cons)->status);
        ring.rsp_cons++;
    }
}

static int publish(struct device *device)
{
    hello_sring_t *page = memory_alloc_page();
    int reference = page == NULL ? -ENOMEM : grant_access(device->other_domid, page, false);

    if (reference < 0) {
        return reference;
    }
    XEN_FRONT_RING_INIT(&ring, page, MEMORY_PAGE_SIZE);
    port = event_alloc_unbound(device->other_domid, on_event, NULL);
    device_write(device, "event-channel", "%d", port);
    return device_write(device, "ring-ref", "%d",
                        strcmp(how, "no-grant") == 0 ? NEVER_LENT : reference);
}

static int take_up(struct device *device)
{
    struct hello_request *request = RING_GET_REQUEST(&ring, 0);

    (void)device;
    *request = (struct hello_request){.id = 1, .length = 100000};
    ring.sring->req_prod = strcmp(how, "overrun") == 0 ? 1000 : 1;
    return event_send((event_port_t)port);
}

static void release(struct device *device)
{
    (void)device;
    printf("the back end let go\n");
}

static const struct device_driver bad_front = {"hello", DEVICE_FRONT_END, publish, take_up,
                                               NULL,    release};
DEVICE_DRIVER(bad_front);

int main(int argc, char **argv)
{
    how = argc > 1 ? argv[1] : "";
    device_start();
    thread_sleep_until(THREAD_FOREVER);
    return 0;
}

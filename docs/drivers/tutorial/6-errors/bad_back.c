/* SPDX-License-Identifier: MIT */
/*
 * Step 6: a back end that breaks the rules on purpose, to try front ends with. Its argument says how:
 *   unasked   answers a request that was not made
 *   overrun   claims more responses than the ring has slots
 *   vanish    crashes its domain at the first request
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <pvk/device.h>
#include <pvk/event.h>
#include <pvk/grant.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>

#include "hello.h"

static const char *how;
static hello_back_ring_t ring;
static struct grant_mapping page;
static int port;

static void respond(uint32_t id)
{
    memset(RING_GET_RESPONSE(&ring, ring.rsp_prod_pvt), 0, sizeof(struct hello_response));
    RING_GET_RESPONSE(&ring, ring.rsp_prod_pvt)->id = id;
    ring.rsp_prod_pvt++;
}

static void on_event(event_port_t rung, void *data)
{
    struct hello_request request;

    (void)data;
    if (ring.sring->req_prod == ring.req_cons) {
        return;
    }
    RING_COPY_REQUEST(&ring, ring.req_cons, &request);
    ring.req_cons++;
    if (strcmp(how, "vanish") == 0) {
        shutdown_crash();
    }
    respond(strcmp(how, "unasked") == 0 ? request.id + 1000 : request.id);
    ring.sring->rsp_prod = strcmp(how, "overrun") == 0 ? 1000 : ring.rsp_prod_pvt;
    (void)event_send(rung);
}

static int publish(struct device *device)
{
    return device_write(device, "max-length", "%d", HELLO_TEXT);
}

static int take_up(struct device *device)
{
    unsigned long number, remote;
    grant_reference_t reference;
    int result = device_read_number(device, "ring-ref", UINT32_MAX, &number);

    if (result == 0) {
        result = device_read_number(device, "event-channel", UINT32_MAX, &remote);
    }
    if (result != 0) {
        return result;
    }
    reference = (grant_reference_t)number;
    result = grant_map(device->other_domid, &reference, 1, false, &page);
    if (result != 0) {
        return result;
    }
    BACK_RING_INIT(&ring, (hello_sring_t *)page.address, MEMORY_PAGE_SIZE);
    port = event_bind_interdomain(device->other_domid, (event_port_t)remote, on_event, NULL);
    return port > 0 ? 0 : port;
}

static void release(struct device *device)
{
    (void)device;
    printf("the front end closed\n");
    if (port > 0) {
        event_close((event_port_t)port);
        grant_unmap(&page);
    }
    port = 0;
}

static const struct device_driver bad_back = {"hello", DEVICE_BACK_END, publish, take_up,
                                              NULL,    release};
DEVICE_DRIVER(bad_back);

int main(int argc, char **argv)
{
    how = argc > 1 ? argv[1] : "";
    device_start();
    thread_sleep_until(THREAD_FOREVER);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The front end of "hello", and an application that uses it. Arguments:
 *   [COUNT]   requests to send, several at a time; without, it sends one a second for ever
 * Its status says whether every answer was right.
 * Invariant HF1: the ring's page is lent until the back end has let go. HF2: an answer to what was not
 * asked ends the connection.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/device.h>
#include <pvk/event.h>
#include <pvk/grant.h>
#include <pvk/memory.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#include "hello.h"

#define SLOTS 64u

static struct {
    struct device *device; /* NULL: none that is connected */
    struct wait_queue changed;
    hello_front_ring_t ring;
    hello_sring_t *page;
    int reference, port; /* negative, 0: none */
    bool asked[SLOTS];   /* by id */
    unsigned int in_flight, answered, wrong;
    char last[HELLO_TEXT];
} hello;

/* ---- the driver --------------------------------------------------------------------------------- */

static void take_answers(event_port_t port, void *data)
{
    hello_front_ring_t *ring = &hello.ring;
    unsigned int more;

    (void)port;
    do {
        RING_IDX produced = __atomic_load_n(&ring->sring->rsp_prod, __ATOMIC_ACQUIRE);

        if (RING_RESPONSE_PROD_OVERFLOW(ring, produced)) {
            device_give_up(data, "the back end overran the ring");
            return;
        }
        while (ring->rsp_cons != produced) {
            struct hello_response response;

            RING_COPY_RESPONSE(ring, ring->rsp_cons, &response);
            ring->rsp_cons++;
            if (response.id >= SLOTS || !hello.asked[response.id]) { /* HF2 */
                device_give_up(data, "the back end answered what was not asked");
                return;
            }
            hello.asked[response.id] = false;
            hello.in_flight--;
            hello.answered++;
            hello.wrong += response.status != 0;
            response.text[HELLO_TEXT - 1] = '\0';
            strcpy(hello.last, response.text);
        }
        RING_FINAL_CHECK_FOR_RESPONSES(ring, more);
    } while (more);
    wait_queue_wake_all(&hello.changed);
}

/* Before Initialised: the ring and the port. */
static int hello_publish(struct device *device)
{
    int result;

    hello.reference = -1;
    hello.port = 0;
    hello.page = memory_alloc_page();
    if (hello.page == NULL) {
        return -ENOMEM;
    }
    XEN_FRONT_RING_INIT(&hello.ring, hello.page, MEMORY_PAGE_SIZE);
    hello.reference = grant_access(device->other_domid, hello.page, false);
    if (hello.reference < 0) {
        return hello.reference;
    }
    result = event_alloc_unbound(device->other_domid, take_answers, device);
    if (result < 0) {
        return result;
    }
    hello.port = result;
    result = device_write(device, "ring-ref", "%d", hello.reference);
    return result != 0 ? result : device_write(device, "event-channel", "%d", hello.port);
}

/* The back end is connected. */
static int hello_connect(struct device *device)
{
    unsigned long most;
    int result = device_read_number(device, "max-length", HELLO_TEXT, &most);

    if (result == 0) {
        hello.device = device;
        wait_queue_wake_all(&hello.changed);
    }
    return result;
}

/* The back end may hold the ring still, but answers no more. */
static void hello_disconnect(struct device *device)
{
    (void)device;
    hello.device = NULL;
    hello.in_flight = 0;
    memset(hello.asked, 0, sizeof(hello.asked));
    wait_queue_wake_all(&hello.changed);
}

static void hello_release(struct device *device)
{
    (void)device;
    if (hello.port > 0) {
        (void)event_close((event_port_t)hello.port);
    }
    /* A page that the back end holds all the same is never used again (HF1). */
    if (hello.page != NULL &&
        (hello.reference < 0 || grant_end_access((grant_reference_t)hello.reference) == 0)) {
        memory_free_page(hello.page);
    }
    hello.page = NULL;
}

static const struct device_driver hello_front = {
    .type = "hello",
    .side = DEVICE_FRONT_END,
    .publish = hello_publish,
    .connect = hello_connect,
    .disconnect = hello_disconnect,
    .release = hello_release,
};
DEVICE_DRIVER(hello_front);

/* ---- the application ---------------------------------------------------------------------------- */

/* Puts one request into the ring; waits for a connection and for room. What was under way when the device
 * went is lost, and asked again: the number counts those that are not. */
static void ask(void)
{
    struct hello_request request = {.id = 0};
    unsigned int notify;

    while (hello.device == NULL || RING_FULL(&hello.ring) || hello.in_flight == SLOTS) {
        (void)wait_queue_wait(&hello.changed, THREAD_FOREVER);
    }
    while (hello.asked[request.id]) {
        request.id++;
    }
    request.length = (uint32_t)snprintf(request.text, sizeof(request.text), "hello number %u",
                                        hello.answered + hello.in_flight);
    hello.asked[request.id] = true;
    hello.in_flight++;
    *RING_GET_REQUEST(&hello.ring, hello.ring.req_prod_pvt) = request;
    hello.ring.req_prod_pvt++;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&hello.ring, notify);
    if (notify) {
        (void)event_send((event_port_t)hello.port);
    }
}

int main(int argc, char **argv)
{
    unsigned int count = argc > 1 ? (unsigned int)atoi(argv[1]) : 0;

    if (device_start() < 0) {
        printf("hello: there is no store\n");
        return 1;
    }
    while (count == 0 || hello.answered < count) {
        if (count == 0 || hello.answered + hello.in_flight < count) {
            ask();
        } else {
            (void)wait_queue_wait(&hello.changed, THREAD_FOREVER);
        }
        if (count == 0) {
            thread_sleep(TIME_SECOND_NS);
            printf("hello: %s\n", hello.last);
        }
    }
    printf("hello: %u answers, the last is: %s\n", hello.answered, hello.last);
    return hello.wrong == 0 ? 0 : 1;
}

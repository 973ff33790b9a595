/* SPDX-License-Identifier: MIT */
/*
 * The back end of "hello": one file, which registers itself. driver.c makes a driver domain of it;
 * `make DOM0_BACKENDS=.../back.c` in xenlike's tree links it into dom0.
 * Invariant HB1: a request is copied out of the ring once, and only the copy is looked at. HB2: a front
 * end that breaks the rules loses its device, and nothing else happens.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/device.h>
#include <pvk/event.h>
#include <pvk/grant.h>
#include <pvk/memory.h>

#include "hello.h"

struct hello {
    char greeting[16];
    struct grant_mapping page; /* address NULL: not mapped */
    hello_back_ring_t ring;
    int port; /* 0: none */
};

static void answer(const struct hello *hello, const struct hello_request *request,
                   struct hello_response *response)
{
    int used = 0;

    memset(response, 0, sizeof(*response));
    response->id = request->id;
    if (request->length > sizeof(request->text)) {
        response->status = HELLO_TOO_LONG;
        return;
    }
    used = snprintf(response->text, sizeof(response->text), "%s", hello->greeting);
    for (uint32_t i = 0; i < request->length && used < HELLO_TEXT - 1; i++) {
        response->text[used++] = (char)toupper((unsigned char)request->text[i]);
    }
}

/* The front end rang: serve what is in the ring. */
static void serve(event_port_t port, void *data)
{
    struct device *device = data;
    struct hello *hello = device->data;
    hello_back_ring_t *ring = &hello->ring;
    unsigned int more, notify;

    do {
        RING_IDX produced = __atomic_load_n(&ring->sring->req_prod, __ATOMIC_ACQUIRE);

        if (RING_REQUEST_PROD_OVERFLOW(ring, produced)) {
            device_give_up(device, "the front end overran the ring");
            return;
        }
        while (ring->req_cons != produced) {
            struct hello_request request;
            struct hello_response response;

            RING_COPY_REQUEST(ring, ring->req_cons, &request); /* HB1 */
            ring->req_cons++;
            answer(hello, &request, &response);
            *RING_GET_RESPONSE(ring, ring->rsp_prod_pvt) = response;
            ring->rsp_prod_pvt++;
        }
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);
        if (notify) {
            (void)event_send(port);
        }
        RING_FINAL_CHECK_FOR_REQUESTS(ring, more);
    } while (more);
}

/* Before InitWait: what the front end may rely on. */
static int hello_publish(struct device *device)
{
    struct hello *hello = calloc(1, sizeof(*hello));
    char *greeting = device_read_own(device, "greeting");

    device->data = hello;
    if (hello != NULL) {
        snprintf(hello->greeting, sizeof(hello->greeting), greeting != NULL ? "%s " : "%s",
                 greeting != NULL ? greeting : "");
    }
    free(greeting);
    return hello == NULL ? -ENOMEM : device_write(device, "max-length", "%d", HELLO_TEXT);
}

/* The front end has published its ring. */
static int hello_connect(struct device *device)
{
    struct hello *hello = device->data;
    unsigned long reference, port;
    grant_reference_t page;
    hello_sring_t *sring;
    int result = device_read_number(device, "ring-ref", UINT32_MAX, &reference);

    if (result == 0) {
        result = device_read_number(device, "event-channel", UINT32_MAX, &port);
    }
    if (result == 0) {
        page = (grant_reference_t)reference;
        result = grant_map(device->other_domid, &page, 1, false, &hello->page);
    }
    if (result != 0) {
        hello->page.address = NULL;
        return result;
    }
    /* A ring that is new begins at 0; one that a crashed predecessor served, behind its last response. */
    sring = (hello_sring_t *)hello->page.address;
    BACK_RING_ATTACH(&hello->ring, sring, sring->rsp_prod, MEMORY_PAGE_SIZE);
    /* A port rings once when it is bound: what the front end asked before that is served. */
    result = event_bind_interdomain(device->other_domid, (event_port_t)port, serve, device);
    hello->port = result > 0 ? result : 0;
    return result > 0 ? 0 : result;
}

static void hello_release(struct device *device)
{
    struct hello *hello = device->data;

    if (hello == NULL) {
        return;
    }
    if (hello->port != 0) {
        (void)event_close((event_port_t)hello->port);
    }
    if (hello->page.address != NULL) {
        grant_unmap(&hello->page);
    }
    free(hello);
    device->data = NULL;
}

static const struct device_driver hello_back = {
    .type = "hello",
    .side = DEVICE_BACK_END,
    .publish = hello_publish,
    .connect = hello_connect,
    .release = hello_release,
};
DEVICE_DRIVER(hello_back);

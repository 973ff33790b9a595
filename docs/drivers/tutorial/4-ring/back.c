/* SPDX-License-Identifier: MIT */
/* Step 4, back end: serves a ring that the front end lent. */
#include <pvk/event.h>
#include <pvk/grant.h>
#include <pvk/memory.h>

#include "../store.h"
#include "sum.h"

static sum_back_ring_t ring;

static void on_event(event_port_t port, void *data)
{
    unsigned int more, notify;

    (void)data;
    do {
        RING_IDX produced = __atomic_load_n(&ring.sring->req_prod, __ATOMIC_ACQUIRE);

        while (ring.req_cons != produced) {
            struct sum_request request;

            /* Copied once; the front end can change its page at any time. */
            RING_COPY_REQUEST(&ring, ring.req_cons, &request);
            ring.req_cons++;
            *RING_GET_RESPONSE(&ring, ring.rsp_prod_pvt) =
                (struct sum_response){request.id, request.a + request.b};
            ring.rsp_prod_pvt++;
        }
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&ring, notify);
        if (notify) {
            event_send(port);
        }
        RING_FINAL_CHECK_FOR_REQUESTS(&ring, more);
    } while (more);
}

int main(void)
{
    struct ends ends;
    struct grant_mapping page;
    grant_reference_t reference;
    unsigned long remote;
    int port;

    find_front_end(&ends);
    reference = (grant_reference_t)wait_for_number(ends.other, "ring-ref");
    remote = wait_for_number(ends.other, "event-channel");
    if (grant_map(ends.other_domid, &reference, 1, false, &page) != 0) {
        printf("cannot map the ring\n");
        return 1;
    }
    BACK_RING_INIT(&ring, (sum_sring_t *)page.address, MEMORY_PAGE_SIZE);
    port = event_bind_interdomain(ends.other_domid, (event_port_t)remote, on_event, NULL);
    if (port < 0) {
        printf("cannot bind to the front end's port: %d\n", port);
        return 1;
    }
    printf("serving\n");
    stay(); /* the handler does the work */
    return 0;
}

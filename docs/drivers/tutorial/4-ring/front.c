/* SPDX-License-Identifier: MIT */
/* Step 4, front end: puts requests into the ring as fast as it has room, checks every response. */
#include <pvk/event.h>
#include <pvk/grant.h>
#include <pvk/memory.h>

#include "../store.h"
#include "sum.h"

#define COUNT 10000u

static sum_front_ring_t ring;
static struct semaphore changed;
static unsigned int answered, wrong;

/* Takes what there is, says from where on it wants to be rung again, and looks once more. */
static void on_event(event_port_t port, void *data)
{
    unsigned int more;

    (void)port;
    (void)data;
    do {
        RING_IDX produced = __atomic_load_n(&ring.sring->rsp_prod, __ATOMIC_ACQUIRE);

        while (ring.rsp_cons != produced) {
            struct sum_response response;

            RING_COPY_RESPONSE(&ring, ring.rsp_cons, &response);
            ring.rsp_cons++;
            answered++;
            wrong += response.sum != response.id + 2 * response.id;
        }
        RING_FINAL_CHECK_FOR_RESPONSES(&ring, more);
    } while (more);
    semaphore_up(&changed);
}

static void ask(uint32_t id, int port)
{
    struct sum_request *request = RING_GET_REQUEST(&ring, ring.req_prod_pvt);
    unsigned int notify;

    *request = (struct sum_request){id, id, 2 * id};
    ring.req_prod_pvt++;
    /* Only now does the back end see it; it is rung only if it asked to be. */
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring, notify);
    if (notify) {
        event_send((event_port_t)port);
    }
}

int main(void)
{
    struct ends ends;
    sum_sring_t *page = memory_alloc_page();
    int port, reference;

    find_back_end(&ends);
    if (page == NULL) {
        printf("no memory\n");
        return 1;
    }
    XEN_FRONT_RING_INIT(&ring, page, MEMORY_PAGE_SIZE);
    reference = grant_access(ends.other_domid, page, false);
    port = event_alloc_unbound(ends.other_domid, on_event, NULL);
    if (reference < 0 || port < 0) {
        printf("no grant or no port: %d, %d\n", reference, port);
        return 1;
    }
    store_write_number(ends.own, "ring-ref", (unsigned long)reference);
    store_write_number(ends.own, "event-channel", (unsigned long)port);
    printf("a ring of %u slots\n", RING_SIZE(&ring));
    for (uint32_t id = 0; id < COUNT; id++) {
        while (RING_FULL(&ring)) {
            semaphore_down(&changed, THREAD_FOREVER);
        }
        ask(id, port);
    }
    while (answered < COUNT) {
        semaphore_down(&changed, THREAD_FOREVER);
    }
    printf("%u sums, %u of them wrong\n", answered, wrong);
    return wrong != 0;
}

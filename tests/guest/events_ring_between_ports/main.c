/* SPDX-License-Identifier: MIT */
/*
 * Claim: an event rings the other end once, waits while its port is masked, and never runs a handler
 * in the middle of a thread. Both ends are in one domain.
 */
#include <errno.h>
#include <pvk/event.h>
#include <pvk/start.h>
#include <pvk/thread.h>
#include "outcome.h"

static int rings;
static struct semaphore rung;

static void count(event_port_t port, void *data)
{
    (void)port;
    (void)data;
    rings++;
    semaphore_up(&rung);
}

static void ignore(event_port_t port, void *data)
{
    (void)port;
    (void)data;
}

int main(void)
{
    int bell = event_alloc_unbound(start_domid(), count, NULL);
    int cord = event_bind_interdomain(start_domid(), (event_port_t)bell, ignore, NULL);

    OUTCOME_EXPECT(bell > 0 && cord > 0);
    OUTCOME_EXPECT_EQUAL(event_attach((event_port_t)bell, count, NULL), -EBUSY);
    OUTCOME_EXPECT_EQUAL(event_send((event_port_t)cord), 0);
    OUTCOME_EXPECT_EQUAL(rings, 0);
    OUTCOME_EXPECT(semaphore_down(&rung, THREAD_FOREVER));
    OUTCOME_EXPECT_EQUAL(rings, 1);
    event_mask((event_port_t)bell);
    OUTCOME_EXPECT_EQUAL(event_send((event_port_t)cord), 0);
    OUTCOME_EXPECT_EQUAL(event_send((event_port_t)cord), 0);
    thread_yield();
    OUTCOME_EXPECT_EQUAL(rings, 1);
    event_unmask((event_port_t)bell);
    thread_yield();
    OUTCOME_EXPECT_EQUAL(rings, 2);
    OUTCOME_EXPECT_EQUAL(event_close((event_port_t)bell), 0);
    OUTCOME_EXPECT_EQUAL(event_close((event_port_t)cord), 0);
    OUTCOME_EXPECT_EQUAL(event_send((event_port_t)cord), -EINVAL);
    outcome_success();
}

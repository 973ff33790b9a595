/* SPDX-License-Identifier: MIT */
/*
 * Claim: SCHEDOP_poll waits for one of its ports, though it is masked, or until its time, whichever is first; a port that is pending
 * already makes it return at once; more ports than allowed, or no such port, are refused.
 */
#include <public/event_channel.h>
#include <public/sched.h>
#include <pvk/event.h>
#include <pvk/hypercall.h>
#include <pvk/start.h>
#include <pvk/time.h>
#include "outcome.h"

#define SHORT_NS (20 * TIME_MILLISECOND_NS)
#define LONG_NS  (5 * TIME_SECOND_NS)

static void ignore(event_port_t port, void *data)
{
    (void)port;
    (void)data;
}

static long poll(uint32_t *ports, unsigned int count, uint64_t timeout)
{
    struct sched_poll poll = {.nr_ports = count, .timeout = timeout};

    set_xen_guest_handle(poll.ports, ports);
    return hypercall_sched_op(SCHEDOP_poll, &poll);
}

int main(void)
{
    uint32_t bell = (uint32_t)event_alloc_unbound(start_domid(), ignore, NULL);
    uint32_t cord = (uint32_t)event_bind_interdomain(start_domid(), bell, ignore, NULL);
    uint32_t nowhere = 5000;
    volatile struct vcpu_info *info = &start_shared_info()->vcpu_info[0];
    uint64_t begin, end;

    info->evtchn_upcall_mask = 1; /* a poll leaves it so, and needs it: a pending upcall ends it */
    event_mask(bell);
    event_set_pending(bell, false);
    begin = time_monotonic_ns();
    OUTCOME_EXPECT_EQUAL(poll(&bell, 1, begin + SHORT_NS), 0);
    end = time_monotonic_ns();
    OUTCOME_EXPECT(end >= begin + SHORT_NS && end < begin + LONG_NS);
    OUTCOME_EXPECT_EQUAL(info->evtchn_upcall_mask, 1);

    OUTCOME_EXPECT_EQUAL(event_send(cord), 0); /* pending now, and masked */
    begin = time_monotonic_ns();
    OUTCOME_EXPECT_EQUAL(poll(&bell, 1, begin + LONG_NS), 0);
    OUTCOME_EXPECT(time_monotonic_ns() < begin + LONG_NS / 2);

    event_set_pending(bell, false);
    OUTCOME_EXPECT_EQUAL(poll(&bell, 1, begin), 0); /* a time that is over */
    OUTCOME_EXPECT(time_monotonic_ns() < begin + LONG_NS / 2);
    OUTCOME_EXPECT_EQUAL(poll(&nowhere, 1, 0), -22);
    OUTCOME_EXPECT_EQUAL(poll(&bell, 129, 0), -22);
    info->evtchn_upcall_mask = 0;
    outcome_success();
}

/* SPDX-License-Identifier: MIT */
/*
 * Claim: threads sleep at least as long as they asked, wake in time, run in turns, and cost nothing
 * once they have ended. Underneath: set_timer_op, VIRQ_TIMER, SCHEDOP_block, pvclock.
 */
#include <pvk/memory.h>
#include <pvk/thread.h>
#include <pvk/time.h>
#include "outcome.h"

#define NAP_NS  (20 * TIME_MILLISECOND_NS)
#define LATE_NS (500 * TIME_MILLISECOND_NS)
#define CROWD   200

static int naps;
static struct semaphore done;

static void nap_three_times(void *weight)
{
    for (int i = 0; i < 3; i++) {
        thread_sleep(NAP_NS);
        naps += *(int *)weight;
    }
    semaphore_up(&done);
}

static void two_sleep_side_by_side(void)
{
    static int one = 1, ten = 10;
    uint64_t start = time_monotonic_ns();
    uint64_t took;

    OUTCOME_EXPECT(thread_create("one", nap_three_times, &one, 0) != NULL);
    OUTCOME_EXPECT(thread_create("ten", nap_three_times, &ten, 0) != NULL);
    OUTCOME_EXPECT(semaphore_down(&done, THREAD_FOREVER));
    OUTCOME_EXPECT(semaphore_down(&done, THREAD_FOREVER));
    took = time_monotonic_ns() - start;
    OUTCOME_EXPECT_EQUAL(naps, 33);
    OUTCOME_EXPECT(took >= 3 * NAP_NS);
    OUTCOME_EXPECT(took < 3 * NAP_NS + LATE_NS);
}

static void a_crowd_comes_and_goes(void)
{
    static int one = 1;
    size_t free_before = memory_nr_free_pages();

    naps = 0;
    for (int i = 0; i < CROWD; i++) {
        OUTCOME_EXPECT(thread_create("crowd", nap_three_times, &one, 0) != NULL);
    }
    for (int i = 0; i < CROWD; i++) {
        OUTCOME_EXPECT(semaphore_down(&done, THREAD_FOREVER));
    }
    thread_sleep(NAP_NS); /* the last one's stack goes at the next switch */
    OUTCOME_EXPECT_EQUAL(naps, 3 * CROWD);
    /* malloc keeps what it once took: stacks must be back, a few heap pages may be gone. */
    OUTCOME_EXPECT(free_before - memory_nr_free_pages() < 200);
}

int main(void)
{
    uint64_t start = time_monotonic_ns();

    two_sleep_side_by_side();
    OUTCOME_EXPECT(!semaphore_down(&done, start + NAP_NS)); /* a deadline that has passed */
    a_crowd_comes_and_goes();
    outcome_success();
}

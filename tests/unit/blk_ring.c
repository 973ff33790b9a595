/* SPDX-License-Identifier: MIT */
/*
 * io/ring.h under every interleaving of its two ends: a front end that puts requests and sleeps when it
 * was told to, a back end that takes them and sleeps after its final check. Each memory access is one
 * step; the search tries both ends at every step. No request may be left while the back end sleeps
 * and no bell is under way: that would be a lost wake-up.
 */
#include <criterion/criterion.h>
#include <string.h>

#define REQUESTS 3u

/* What both ends share, and where each stands. Steps are those of the macros in ring.h. */
struct world {
    unsigned int req_prod, req_event; /* shared */
    unsigned int put, before;         /* front: filled so far; req_prod before this push */
    unsigned int front_at;            /* 0: fill, 1: publish, 2: look at req_event */
    unsigned int taken, seen;         /* back: consumed; what it read of req_prod */
    unsigned int back_at; /* 0: look, 1: consume, 2: set event, 3: look again, 4: sleep */
    unsigned int bell;    /* rings not yet heard */
};

static unsigned int nr_worlds, nr_ends;
static int with_second_look;

static int front_can(const struct world *world)
{
    return world->front_at != 0 || world->put < REQUESTS;
}

static void front_step(struct world *world)
{
    switch (world->front_at) {
    case 0:
        world->before = world->req_prod;
        world->put++;
        world->front_at = 1;
        break;
    case 1:
        world->req_prod = world->put;
        world->front_at = 2;
        break;
    default:
        world->bell += (unsigned int)(world->req_prod - world->req_event) <
                       (unsigned int)(world->req_prod - world->before);
        world->front_at = 0;
    }
}

static int back_can(const struct world *world)
{
    return world->back_at != 4 || world->bell > 0;
}

static void back_step(struct world *world)
{
    switch (world->back_at) {
    case 0:
        world->seen = world->req_prod;
        world->back_at = world->seen != world->taken ? 1 : 2;
        break;
    case 1:
        world->taken++;
        world->back_at = world->seen != world->taken ? 1 : 0;
        break;
    case 2:
        world->req_event = world->taken + 1;
        world->back_at = with_second_look ? 3 : 4;
        break;
    case 3:
        world->back_at = world->req_prod != world->taken ? 0 : 4;
        break;
    default:
        world->bell = 0;
        world->back_at = 0;
    }
}

/* The number of ends in which a request is left and nobody will wake the back end. */
static unsigned int explore(struct world world)
{
    unsigned int lost = 0;
    struct world next;

    nr_worlds++;
    if (!front_can(&world) && !back_can(&world)) {
        nr_ends++;
        return world.taken != REQUESTS;
    }
    if (front_can(&world)) {
        next = world;
        front_step(&next);
        lost += explore(next);
    }
    if (back_can(&world)) {
        next = world;
        back_step(&next);
        lost += explore(next);
    }
    return lost;
}

Test(ring_interleavings, no_request_is_left_behind_a_sleeping_back_end)
{
    struct world world = {.req_event = 1};

    with_second_look = 1;
    cr_assert_eq(explore(world), 0);
    cr_assert_gt(nr_ends, 1000, "the search saw many schedules");
}

Test(ring_interleavings, without_the_second_look_a_request_is_lost)
{
    struct world world = {.req_event = 1};

    with_second_look = 0;
    cr_assert_gt(explore(world), 0, "the search finds lost wake-ups when there are some");
}

Test(ring_interleavings, indices_that_wrap_are_no_exception)
{
    struct world world = {.req_prod = 0xfffffffeu,
                          .req_event = 0xffffffffu,
                          .put = 0xfffffffeu,
                          .before = 0xfffffffeu,
                          .taken = 0xfffffffeu};
    unsigned int lost = 0;

    /* Front steps to the wrap by hand, the back end in between at every place. */
    with_second_look = 1;
    for (unsigned int mask = 0; mask < 1u << 18; mask++) {
        struct world now = world;

        for (unsigned int i = 0; i < 18; i++) {
            if ((mask >> i & 1) != 0 && (now.front_at != 0 || now.put != 1)) {
                front_step(&now);
            } else if (back_can(&now)) {
                back_step(&now);
            }
        }
        while (now.front_at != 0 || now.put != 1) {
            front_step(&now);
        }
        while (back_can(&now)) {
            back_step(&now);
        }
        lost += now.taken != 1;
    }
    cr_assert_eq(lost, 0);
}

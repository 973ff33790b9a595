/* SPDX-License-Identifier: MIT */
/*
 * The handshake table: two ends that obey it always meet, whoever moves first, and part again.
 */
#include <criterion/criterion.h>

#include "guest-pv-kernel/xenbus/xenbus_device.h"

/* One move of one end, written to its own node; false: it waits. Checks XD1. */
static bool move(enum xenbus_device_end end, enum xenbus_state *own, enum xenbus_state other,
                 bool has_initialised)
{
    enum xenbus_state to;

    switch (xenbus_device_next(end, *own, other)) {
    case XENBUS_DEVICE_PUBLISH:
        to = end == XENBUS_DEVICE_BACK ? XenbusStateInitWait
             : has_initialised         ? XenbusStateInitialised
                                       : XenbusStateConnected;
        break;
    case XENBUS_DEVICE_CONNECT:
        to = XenbusStateConnected;
        break;
    case XENBUS_DEVICE_CLOSE:
        to = *own == XenbusStateClosing ? XenbusStateClosed : XenbusStateClosing;
        break;
    case XENBUS_DEVICE_REOPEN:
        to = end == XENBUS_DEVICE_BACK ? XenbusStateInitWait : XenbusStateInitialising;
        break;
    default:
        return false;
    }
    cr_assert(xenbus_device_may_step(end, *own, to), "end %d: %s to %s", (int)end,
              xenbus_device_state_name(*own), xenbus_device_state_name(to));
    *own = to;
    return true;
}

/* `order` says, a bit each, who may move next; afterwards both run until they rest. */
static void settle(enum xenbus_state *front, enum xenbus_state *back, unsigned int order,
                   bool has_initialised)
{
    int left = 64;
    bool moved = true;

    for (int i = 0; i < 8; i++) {
        if ((order >> i & 1) != 0) {
            move(XENBUS_DEVICE_FRONT, front, *back, has_initialised);
        } else {
            move(XENBUS_DEVICE_BACK, back, *front, has_initialised);
        }
    }
    while (moved) {
        moved = move(XENBUS_DEVICE_BACK, back, *front, has_initialised);
        moved = move(XENBUS_DEVICE_FRONT, front, *back, has_initialised) || moved;
        cr_assert(left-- > 0, "the ends never rest");
    }
}

Test(xenbus_device, both_ends_connect_in_any_order_of_moves)
{
    for (unsigned int order = 0; order < 512; order++) {
        enum xenbus_state front = XenbusStateInitialising, back = XenbusStateInitialising;

        settle(&front, &back, order & 255, order >= 256);
        cr_assert_eq(front, XenbusStateConnected, "order %#x: front %s, back %s", order,
                     xenbus_device_state_name(front), xenbus_device_state_name(back));
        cr_assert_eq(back, XenbusStateConnected);
        cr_assert_eq(xenbus_device_whose_turn(front, back), '-');
    }
}

Test(xenbus_device, a_front_end_that_closes_may_begin_again)
{
    for (unsigned int order = 0; order < 256; order++) {
        enum xenbus_state front = XenbusStateClosing, back = XenbusStateConnected;

        settle(&front, &back, order, true);
        cr_assert_eq(front, XenbusStateClosed);
        cr_assert_eq(back, XenbusStateClosed);
        front = XenbusStateInitialising;
        settle(&front, &back, order, true);
        cr_assert_eq(front, XenbusStateConnected);
        cr_assert_eq(back, XenbusStateConnected);
    }
}

Test(xenbus_device, a_back_end_that_closes_closes_the_front_end)
{
    for (unsigned int order = 0; order < 256; order++) {
        enum xenbus_state front = XenbusStateConnected, back = XenbusStateClosing;

        settle(&front, &back, order, true);
        cr_assert_eq(front, XenbusStateClosed);
        cr_assert_eq(back, XenbusStateClosed);
    }
}

Test(xenbus_device, XD2_no_pair_of_states_lets_an_end_run_for_ever)
{
    for (int own = 0; own < 12; own++) {
        for (int other = 0; other < 12; other++) {
            for (int end = 0; end < XENBUS_DEVICE_ENDS; end++) {
                enum xenbus_state state = (enum xenbus_state)own;
                int left = 8;

                while (move((enum xenbus_device_end)end, &state, (enum xenbus_state)other, true)) {
                    cr_assert(left-- > 0, "end %d from %d beside %d", end, own, other);
                }
            }
        }
    }
}

Test(xenbus_device, a_vanished_other_end_is_gone_whatever_we_do)
{
    for (int own = 0; own <= XenbusStateReconfigured; own++) {
        cr_assert_eq(
            xenbus_device_next(XENBUS_DEVICE_FRONT, (enum xenbus_state)own, XenbusStateUnknown),
            XENBUS_DEVICE_GONE);
        cr_assert_eq(
            xenbus_device_next(XENBUS_DEVICE_BACK, (enum xenbus_state)own, XenbusStateUnknown),
            XENBUS_DEVICE_GONE);
    }
}

Test(xenbus_device, only_digits_of_states_are_states)
{
    cr_assert_eq(xenbus_device_parse_state("4"), XenbusStateConnected);
    cr_assert_eq(xenbus_device_parse_state("0"), XenbusStateUnknown);
    cr_assert_eq(xenbus_device_parse_state("9"), XenbusStateUnknown);
    cr_assert_eq(xenbus_device_parse_state("44"), XenbusStateUnknown);
    cr_assert_eq(xenbus_device_parse_state(""), XenbusStateUnknown);
    cr_assert_eq(xenbus_device_parse_state(NULL), XenbusStateUnknown);
    cr_assert_str_eq(xenbus_device_state_name((enum xenbus_state)77), "Unknown");
}

Test(xenbus_device, skipping_a_step_is_refused)
{
    cr_assert(
        !xenbus_device_may_step(XENBUS_DEVICE_BACK, XenbusStateInitialising, XenbusStateConnected));
    cr_assert(
        !xenbus_device_may_step(XENBUS_DEVICE_FRONT, XenbusStateClosed, XenbusStateConnected));
    cr_assert(!xenbus_device_may_step(XENBUS_DEVICE_FRONT, XenbusStateClosed, XenbusStateClosing));
    cr_assert(!xenbus_device_may_step(XENBUS_DEVICE_FRONT, XenbusStateInitialising,
                                      (enum xenbus_state)9));
}

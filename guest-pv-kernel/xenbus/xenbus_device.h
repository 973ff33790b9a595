/* SPDX-License-Identifier: MIT */
/*
 * The state machine of a split device, for front ends and back ends alike: which steps an end may
 * take, and what it has to do when the other end's `state` node changes. No store and no rings in
 * here, so that the same table serves a guest's driver, dom0's back ends, `pvctl device` and tests.
 * Owns: nothing.
 * Invariant XD1: an end's state is only ever written after xenbus_device_may_step() agreed.
 * XD2: a state that the other end writes out of order, or that is no state, never does more than
 * close this device.
 * Guest ABI: io/xenbus.h. Read next: xenbus_device.c, the table.
 */
#ifndef XENBUS_XENBUS_DEVICE_H
#define XENBUS_XENBUS_DEVICE_H

#include <stdbool.h>

#include <public/io/xenbus.h>

enum xenbus_device_end {
    XENBUS_DEVICE_FRONT,
    XENBUS_DEVICE_BACK,
    XENBUS_DEVICE_ENDS,
};

/* What an end does next, given its own state and the other end's. */
enum xenbus_device_action {
    /* Nothing: the other end's move. */
    XENBUS_DEVICE_WAIT,
    /* Front: read what the back end offers, write rings and ports, then step to Initialised, or
     * straight to Connected where the protocol has no Initialised step (net).
     * Back: write what it offers, then step to InitWait. */
    XENBUS_DEVICE_PUBLISH,
    /* Map or take up what the other end published, then step to Connected. */
    XENBUS_DEVICE_CONNECT,
    /* Step to Closing; when already there (or nothing is held): let what is under way end, release
     * everything, step to Closed. A back end that is Closing goes on serving until the front end has
     * closed, since that one may be in use and refuse. */
    XENBUS_DEVICE_CLOSE,
    /* Closed here, but the other end begins again: Back: forget the old rings, publish anew.
     * Front: it may begin again with Initialising, if it wants the device. */
    XENBUS_DEVICE_REOPEN,
    /* The other end's directory is gone, or it is Closed for good: release everything. The toolstack
     * removes the directories. */
    XENBUS_DEVICE_GONE,
};

/* `own` and `other` may be any number: what is no state counts as XenbusStateUnknown, which is also
 * the state of a node that is not there. */
enum xenbus_device_action xenbus_device_next(enum xenbus_device_end end, enum xenbus_state own,
                                             enum xenbus_state other);

/* Whether an end may write `to` while its node says `from`. Staying is always allowed. */
bool xenbus_device_may_step(enum xenbus_device_end end, enum xenbus_state from,
                            enum xenbus_state to);

/* The number in a `state` node; XenbusStateUnknown for NULL and for anything else. */
enum xenbus_state xenbus_device_parse_state(const char *text);

/* "Initialising", "InitWait" ...; "Unknown" for what is no state. */
const char *xenbus_device_state_name(enum xenbus_state state);

/* Which end has to move next: 'f', 'b', or '-' when both rest (connected, or both closed). */
char xenbus_device_whose_turn(enum xenbus_state front, enum xenbus_state back);

#endif

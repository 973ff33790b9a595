/* SPDX-License-Identifier: MIT */
/*
 * The handshake of a split device as two tables. Read them as: a row is my state, a column the
 * other end's.
 *
 *   back   Initialising -> InitWait -------------------> Connected -> Closing -> Closed -> InitWait
 *   front  Initialising ------------> Initialised -----> Connected -> Closing -> Closed -> Initialising
 *
 * Invariants XD1, XD2 (xenbus_device.h). Read next: ../drivers/blkfront.c
 */
#include "xenbus_device.h"

#include <stddef.h>

#define NR_STATES ((unsigned int)XenbusStateReconfigured + 1u)

#define WAIT    XENBUS_DEVICE_WAIT
#define PUBLISH XENBUS_DEVICE_PUBLISH
#define CONNECT XENBUS_DEVICE_CONNECT
#define CLOSE   XENBUS_DEVICE_CLOSE
#define REOPEN  XENBUS_DEVICE_REOPEN
#define GONE    XENBUS_DEVICE_GONE

/* clang-format off */
/* other:  Unknown  Initialising InitWait Initialised Connected Closing Closed Reconfiguring Reconfigured */
static const unsigned char actions[XENBUS_DEVICE_ENDS][NR_STATES][NR_STATES] = {
    [XENBUS_DEVICE_FRONT] = {
        /* Unknown, not begun   */ {GONE, WAIT,  WAIT,    WAIT,    WAIT,    WAIT,   WAIT,   WAIT,  WAIT},
        /* Initialising         */ {GONE, WAIT,  PUBLISH, WAIT,    WAIT,    CLOSE,  WAIT,   WAIT,  WAIT},
        /* InitWait: not ours   */ {GONE, CLOSE, CLOSE,   CLOSE,   CLOSE,   CLOSE,  CLOSE,  CLOSE, CLOSE},
        /* Initialised          */ {GONE, WAIT,  WAIT,    WAIT,    CONNECT, CLOSE,  CLOSE,  WAIT,  WAIT},
        /* Connected            */ {GONE, CLOSE, WAIT,    WAIT,    WAIT,    CLOSE,  CLOSE,  WAIT,  WAIT},
        /* Closing              */ {GONE, CLOSE, CLOSE,   CLOSE,   CLOSE,   CLOSE,  CLOSE,  CLOSE, CLOSE},
        /* Closed               */ {GONE, WAIT,  REOPEN,  WAIT,    WAIT,    WAIT,   WAIT,   WAIT,  WAIT},
        /* Reconfiguring        */ {GONE, WAIT,  WAIT,    WAIT,    WAIT,    CLOSE,  CLOSE,  WAIT,  WAIT},
        /* Reconfigured         */ {GONE, WAIT,  WAIT,    WAIT,    WAIT,    CLOSE,  CLOSE,  WAIT,  WAIT},
    },
    [XENBUS_DEVICE_BACK] = {
        /* Unknown, not begun   */ {GONE, PUBLISH, WAIT,  PUBLISH, PUBLISH, CLOSE,  WAIT,   WAIT,  WAIT},
        /* Initialising         */ {GONE, PUBLISH, WAIT,  PUBLISH, PUBLISH, CLOSE,  WAIT,   WAIT,  WAIT},
        /* InitWait             */ {GONE, WAIT,    WAIT,  CONNECT, CONNECT, CLOSE,  CLOSE,  WAIT,  WAIT},
        /* Initialised          */ {GONE, CLOSE,   CLOSE, CONNECT, CONNECT, CLOSE,  CLOSE,  CLOSE, CLOSE},
        /* Connected            */ {GONE, CLOSE,   WAIT,  WAIT,    WAIT,    CLOSE,  CLOSE,  WAIT,  WAIT},
        /* Closing              */ {GONE, CLOSE,   CLOSE, CLOSE,   WAIT,    WAIT,   CLOSE,  WAIT,  WAIT},
        /* Closed               */ {GONE, REOPEN,  WAIT,  WAIT,    WAIT,    WAIT,   WAIT,   WAIT,  WAIT},
        /* Reconfiguring        */ {GONE, CLOSE,   WAIT,  WAIT,    WAIT,    CLOSE,  CLOSE,  WAIT,  WAIT},
        /* Reconfigured         */ {GONE, CLOSE,   WAIT,  WAIT,    WAIT,    CLOSE,  CLOSE,  WAIT,  WAIT},
    },
};
/* clang-format on */

#define TO(state) (1u << XenbusState##state)

/* Where an end may go from each state; Closing and Closed are always open (an error, an unplug). */
static const unsigned short steps[XENBUS_DEVICE_ENDS][NR_STATES] = {
    [XENBUS_DEVICE_FRONT] =
        {
            [XenbusStateUnknown] = TO(Initialising),
            [XenbusStateInitialising] = TO(Initialised) | TO(Connected),
            [XenbusStateInitialised] = TO(Connected),
            [XenbusStateConnected] = TO(Reconfiguring) | TO(Reconfigured),
            [XenbusStateClosed] = TO(Initialising),
            [XenbusStateReconfiguring] = TO(Connected) | TO(Reconfigured),
            [XenbusStateReconfigured] = TO(Connected),
        },
    [XENBUS_DEVICE_BACK] =
        {
            [XenbusStateUnknown] = TO(Initialising) | TO(InitWait),
            [XenbusStateInitialising] = TO(InitWait),
            [XenbusStateInitWait] = TO(Initialised) | TO(Connected),
            [XenbusStateInitialised] = TO(Connected),
            [XenbusStateConnected] = TO(Reconfiguring) | TO(Reconfigured),
            [XenbusStateClosed] = TO(Initialising) | TO(InitWait),
            [XenbusStateReconfiguring] = TO(Connected) | TO(Reconfigured),
            [XenbusStateReconfigured] = TO(Connected),
        },
};

static unsigned int known(enum xenbus_state state)
{
    return (unsigned int)state < NR_STATES ? (unsigned int)state : (unsigned int)XenbusStateUnknown;
}

enum xenbus_device_action xenbus_device_next(enum xenbus_device_end end, enum xenbus_state own,
                                             enum xenbus_state other)
{
    return (enum xenbus_device_action)actions[end][known(own)][known(other)];
}

bool xenbus_device_may_step(enum xenbus_device_end end, enum xenbus_state from,
                            enum xenbus_state to)
{
    if ((unsigned int)to >= NR_STATES || to == XenbusStateUnknown) {
        return false;
    }
    if (known(from) == (unsigned int)to || to == XenbusStateClosed) {
        return true;
    }
    if (to == XenbusStateClosing) {
        return from != XenbusStateClosed;
    }
    return (steps[end][known(from)] >> (unsigned int)to & 1u) != 0;
}

enum xenbus_state xenbus_device_parse_state(const char *text)
{
    unsigned int digit;

    if (text == NULL || text[0] < '0' || text[0] > '9' || text[1] != '\0') {
        return XenbusStateUnknown;
    }
    digit = (unsigned int)(text[0] - '0');
    return digit < NR_STATES ? (enum xenbus_state)digit : XenbusStateUnknown;
}

const char *xenbus_device_state_name(enum xenbus_state state)
{
    static const char *const names[NR_STATES] = {
        "Unknown", "Initialising", "InitWait",      "Initialised",  "Connected",
        "Closing", "Closed",       "Reconfiguring", "Reconfigured",
    };

    return names[known(state)];
}

/* An end has to move when the table gives it something to do. */
char xenbus_device_whose_turn(enum xenbus_state front, enum xenbus_state back)
{
    enum xenbus_device_action back_does = xenbus_device_next(XENBUS_DEVICE_BACK, back, front);
    enum xenbus_device_action front_does = xenbus_device_next(XENBUS_DEVICE_FRONT, front, back);

    if (back_does != XENBUS_DEVICE_WAIT && back_does != XENBUS_DEVICE_GONE) {
        return 'b';
    }
    if (front_does != XENBUS_DEVICE_WAIT && front_does != XENBUS_DEVICE_GONE) {
        return 'f';
    }
    if (back == XenbusStateInitWait || (back == XenbusStateConnected && front == back - 1)) {
        return 'f';
    }
    return back == XenbusStateInitialising ? 'b' : '-';
}

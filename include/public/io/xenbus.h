/* SPDX-License-Identifier: MIT */
/*
 * States of a paravirtual device, written by each end in its own xenstore node `state`.
 * Ends advance in step: InitWait, Initialised, Connected; Closing, Closed.
 */
#ifndef _XEN_PUBLIC_IO_XENBUS_H
#define _XEN_PUBLIC_IO_XENBUS_H

enum xenbus_state {
    XenbusStateUnknown = 0,
    XenbusStateInitialising = 1,
    XenbusStateInitWait = 2,    /* set up, waits for what the other end publishes */
    XenbusStateInitialised = 3, /* rings and ports published, waits for the connection */
    XenbusStateConnected = 4,
    XenbusStateClosing = 5, /* wants to end: an error or an unplug */
    XenbusStateClosed = 6,
    XenbusStateReconfiguring = 7,
    XenbusStateReconfigured = 8,
};
typedef enum xenbus_state XenbusState;

#endif

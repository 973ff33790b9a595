/* SPDX-License-Identifier: MIT */
/* A front end of "hello" (examples/out-of-tree) as a driver for Mini-OS would be written. */
#ifndef HELLOFRONT_H
#define HELLOFRONT_H

#include <mini-os/events.h>
#include <mini-os/gnttab.h>
#include <mini-os/wait.h>
#include <mini-os/xenbus.h>
#include <xen/io/xenbus.h>

#include "examples/out-of-tree/hello.h"

struct hellofront_dev {
    domid_t dom;
    hello_front_ring_t ring;
    grant_ref_t ring_ref;
    evtchn_port_t evtchn;
    char *nodename, *backend;
    xenbus_event_queue events;
    struct wait_queue_head queue;
};

/* NULL: there is none, or its back end does not want it. */
struct hellofront_dev *init_hellofront(const char *nodename);
/* One request; waits for its answer. */
void hellofront_ask(struct hellofront_dev *dev, const char *text, char answer[HELLO_TEXT]);
void shutdown_hellofront(struct hellofront_dev *dev);

#endif

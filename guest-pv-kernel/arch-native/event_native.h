/* SPDX-License-Identifier: MIT */
/*
 * Inside the port: an interrupt line is the event port of its number plus one (port 0 is none).
 */
#ifndef EVENT_NATIVE_H
#define EVENT_NATIVE_H

#include <pvk/event.h>

#define EVENT_PORT_OF_LINE(line) ((event_port_t)(line) + 1)

/* The processor took an interrupt: tells the controller, leaves the port pending. */
void event_interrupt(unsigned int line);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What an architecture folder gives the core, besides the public headers: the native port for bare
 * hardware implements the same list.
 */
#ifndef ARCH_H
#define ARCH_H

#include <stddef.h>
#include <stdint.h>

void event_init(void);
void console_init(void);

/* newlib's sbrk: grows (or shrinks) the heap, whose old end it returns. NULL: out of memory. */
void *memory_heap_grow(long bytes);

/* Sleeps until an event is pending or time_monotonic_ns() reaches the deadline; events that came
 * are dispatched. */
void event_idle(uint64_t deadline_ns);
/* Whether a handler would run. */
int event_pending(void);

/* The console's transport. console_transport_write returns the bytes taken, 0 when there is no
 * room; console_transport_wait returns when there may be room again or after 10 ms. */
size_t console_transport_write(const char *bytes, size_t count);
size_t console_transport_read(char *bytes, size_t count);
void console_transport_wait(void);
/* Whether everything written was taken by the other end. */
int console_transport_empty(void);
/* Whether the other end wants CR LF made by us. */
int console_transport_is_raw(void);

#endif

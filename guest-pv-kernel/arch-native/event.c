/* SPDX-License-Identifier: MIT */
/*
 * Interrupts as event ports: two 8259 controllers, a pending bit per line, and handlers that run
 * between threads as everywhere else (EV1, event.h): threads run with interrupts off, they are let
 * in here.
 * Owns: the interrupt controllers, the timer that ends a sleep.
 * Beside it: ../arch-pv/event.c, where a hypervisor sets the bits. Read next: time.c
 */
#include <errno.h>
#include <stddef.h>
#include <pvk/time.h>
#include "../core/arch.h"
#include "event_native.h"
#include "ports.h"
#include "time_native.h"
#include "traps.h"

#define NR_LINES         16u
#define CONTROLLER_1     0x20u /* command; the mask is one above */
#define CONTROLLER_2     0xa0u
#define END_OF_INTERRUPT 0x20u
#define CASCADE_LINE     2u

static struct {
    event_handler_t handler;
    void *data;
} handlers[NR_LINES];
static uint16_t pending_lines;
static uint16_t masked_lines = 0xffff & ~(1u << CASCADE_LINE);

static void write_masks(void)
{
    port_write(CONTROLLER_1 + 1, (uint8_t)masked_lines);
    port_write(CONTROLLER_2 + 1, (uint8_t)(masked_lines >> 8));
}

void event_interrupt(unsigned int line)
{
    pending_lines |= (uint16_t)(1u << line);
    if (line >= 8) {
        port_write(CONTROLLER_2, END_OF_INTERRUPT);
    }
    port_write(CONTROLLER_1, END_OF_INTERRUPT);
}

void event_mask(event_port_t port)
{
    masked_lines |= (uint16_t)(1u << (port - 1));
    write_masks();
}

void event_unmask(event_port_t port)
{
    masked_lines &= (uint16_t) ~(1u << (port - 1));
    write_masks();
}

int event_attach(event_port_t port, event_handler_t handler, void *data)
{
    if (port == 0 || port > NR_LINES) {
        return -EINVAL;
    }
    if (handlers[port - 1].handler != NULL) {
        return -EBUSY;
    }
    handlers[port - 1].handler = handler;
    handlers[port - 1].data = data;
    event_unmask(port);
    return 0;
}

int event_pending(void)
{
    /* Lets in what waits at the processor's door; `sti` opens it one instruction later. */
    __asm__ volatile("sti; nop; cli" ::: "memory");
    return pending_lines != 0;
}

void event_dispatch(void)
{
    while (pending_lines != 0) {
        unsigned int line = (unsigned int)__builtin_ctz(pending_lines);

        pending_lines &= (uint16_t) ~(1u << line);
        if (handlers[line].handler != NULL) {
            handlers[line].handler(EVENT_PORT_OF_LINE(line), handlers[line].data);
        }
    }
}

void event_idle(uint64_t deadline_ns)
{
    uint64_t now = time_monotonic_ns();

    if (deadline_ns > now) {
        if (deadline_ns != UINT64_MAX) {
            time_ring_after(deadline_ns - now);
        }
        if (!event_pending()) {
            /* Opens the door and sleeps in one step: `sti` takes effect after `hlt` has begun. */
            __asm__ volatile("sti; hlt; cli" ::: "memory");
        }
    }
    event_dispatch();
}

/* The timer only has to end the sleep. */
static void timer_rang(event_port_t port, void *data)
{
    (void)port;
    (void)data;
}

void event_init(void)
{
    /* Both controllers: edge triggered, cascaded on line 2, vectors from 32, plain 8086 mode. */
    port_write(CONTROLLER_1, 0x11);
    port_write(CONTROLLER_2, 0x11);
    port_write(CONTROLLER_1 + 1, TRAP_FIRST_INTERRUPT);
    port_write(CONTROLLER_2 + 1, TRAP_FIRST_INTERRUPT + 8);
    port_write(CONTROLLER_1 + 1, 1u << CASCADE_LINE);
    port_write(CONTROLLER_2 + 1, CASCADE_LINE);
    port_write(CONTROLLER_1 + 1, 1);
    port_write(CONTROLLER_2 + 1, 1);
    write_masks();
    (void)event_attach(EVENT_PORT_OF_LINE(TIME_LINE), timer_rang, NULL);
}

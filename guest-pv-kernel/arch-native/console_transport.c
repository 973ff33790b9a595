/* SPDX-License-Identifier: MIT */
/*
 * Where console bytes go: the first serial port, a 16550. Writing waits for the wire, reading is an
 * interrupt. Beside it: ../arch-pv/console_transport.c. Read next: ../core/console.c
 */
#include <stddef.h>
#include "../core/core.h"
#include "../core/arch.h"
#include "event_native.h"
#include "ports.h"

#define UART             0x3f8u
#define UART_LINE        4u /* its interrupt line */
#define INTERRUPT_ENABLE (UART + 1)
#define FIFO_CONTROL     (UART + 2)
#define NO_REASON        0x01u /* FIFO_CONTROL, when read: nothing to report */
#define LINE_CONTROL     (UART + 3)
#define MODEM_CONTROL    (UART + 4)
#define LINE_STATUS      (UART + 5)
#define RECEIVED         0x01u
#define CAN_SEND         0x20u
#define FIFO_BYTES       16u

size_t console_transport_write(const char *bytes, size_t count)
{
    if ((port_read(LINE_STATUS) & CAN_SEND) == 0) {
        return 0;
    }
    count = count < FIFO_BYTES ? count : FIFO_BYTES;
    for (size_t i = 0; i < count; i++) {
        port_write(UART, (uint8_t)bytes[i]);
    }
    return count;
}

size_t console_transport_read(char *bytes, size_t count)
{
    size_t got = 0;

    while (got < count && (port_read(LINE_STATUS) & RECEIVED) != 0) {
        bytes[got++] = (char)port_read(UART);
    }
    return got;
}

void console_transport_wait(void)
{
    while ((port_read(LINE_STATUS) & CAN_SEND) == 0) {
        __asm__ volatile("pause");
    }
}

int console_transport_empty(void)
{
    return (port_read(LINE_STATUS) & CAN_SEND) != 0;
}

int console_transport_is_raw(void)
{
    return 1;
}

/* A received byte, or room for more to send. The controller sees only a rising line, so all reasons
 * are taken before we leave; bytes that find no room wait in the UART for the next reader. */
static void console_rang(event_port_t port, void *data)
{
    (void)port;
    (void)data;
    for (unsigned int i = 0; i < FIFO_BYTES && (port_read(FIFO_CONTROL) & NO_REASON) == 0; i++) {
        core_console_event();
    }
}

void console_init(void)
{
    port_write(LINE_CONTROL, 0x80); /* the next two are the divisor: 115,200 */
    port_write(UART, 1);
    port_write(INTERRUPT_ENABLE, 0);
    port_write(LINE_CONTROL, 0x03); /* 8 bits, no parity */
    port_write(FIFO_CONTROL, 0x07);
    port_write(MODEM_CONTROL, 0x0b); /* bit 3 lets the interrupt out */
    (void)event_attach(EVENT_PORT_OF_LINE(UART_LINE), console_rang, NULL);
    port_write(INTERRUPT_ENABLE, 0x03);
    (void)port_read(LINE_STATUS);
}

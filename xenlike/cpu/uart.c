/* SPDX-License-Identifier: MIT */
/* A 16550 at 0x3f8, IRQ 4, and the debug port. */
#include "uart.h"

#include "apic.h"
#include "irq.h"
#include "registers.h"

#define COM1            0x3f8
#define UART_DATA       (COM1 + 0)
#define UART_INTERRUPTS (COM1 + 1)
#define UART_FIFO       (COM1 + 2)
#define UART_LINE       (COM1 + 3)
#define UART_MODEM      (COM1 + 4)
#define UART_STATUS     (COM1 + 5)
#define STATUS_RECEIVED 0x01
#define STATUS_CAN_SEND 0x20
#define DEBUG_PORT      0xe9
#define UART_IRQ        4
#define SEND_PATIENCE   100000 /* polls; a dead UART must not stop the machine */

static bool is_ready;

void uart_init(void)
{
    port_out8(UART_INTERRUPTS, 0);
    port_out8(UART_LINE, 0x80); /* divisor latch */
    port_out8(UART_DATA, 1);    /* 115,200 */
    port_out8(UART_INTERRUPTS, 0);
    port_out8(UART_LINE, 0x03);  /* 8n1 */
    port_out8(UART_FIFO, 0x07);  /* on, cleared, interrupt at one byte */
    port_out8(UART_MODEM, 0x0b); /* DTR, RTS, OUT2: the gate of its interrupt line */
    is_ready = true;
}

static void uart_put(char byte)
{
    for (int i = 0; i < SEND_PATIENCE && (port_in8(UART_STATUS) & STATUS_CAN_SEND) == 0; i++) {
        cpu_pause();
    }
    port_out8(UART_DATA, (uint8_t)byte);
}

void uart_write(const char *text, size_t size)
{
    if (!is_ready) {
        return;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n') {
            uart_put('\r');
        }
        uart_put(text[i]);
    }
}

int uart_receive(void)
{
    if (!is_ready || (port_in8(UART_STATUS) & STATUS_RECEIVED) == 0) {
        return -1;
    }
    return port_in8(UART_DATA);
}

void uart_enable_interrupt(void)
{
    if (is_ready) {
        apic_route_isa(UART_IRQ, IRQ_VECTOR_UART);
        port_out8(UART_INTERRUPTS, 0x01);
    }
}

void debug_port_write(const char *text, size_t size)
{
    __asm__ volatile("rep outsb" : "+S"(text), "+c"(size) : "d"(DEBUG_PORT) : "memory");
}

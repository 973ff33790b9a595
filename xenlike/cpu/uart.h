/* SPDX-License-Identifier: MIT */
/* The two ways out for text: QEMU's debug console (port 0xe9) and the first UART. Polling out, interrupts in. */
#pragma once

#include "../lib/compiler.h"

/* console=com1: 115,200 8n1. Before this uart_write does nothing. */
void uart_init(void);
void uart_write(const char *text, size_t size);
/* The next byte received, or -1. */
int uart_receive(void);
/* Reception raises IRQ_VECTOR_UART. */
void uart_enable_interrupt(void);
void debug_port_write(const char *text, size_t size);

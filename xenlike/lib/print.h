/* SPDX-License-Identifier: MIT */
/* Formatted output of the hypervisor's own log, and into buffers. Both end with a terminating NUL. */
#pragma once

#include <stdarg.h>

#include "compiler.h"

/* To the log ring (comm/console.c), from there to the debug console and the UART. Any context. */
void print(const char *format, ...) PRINTF_LIKE(1, 2);
/* As C's: the length that the whole text has; never writes past size bytes. Knows %d %u %x %lx %llx %p %s %c %zu, widths, 0 and -. */
int print_to_buffer(char *buffer, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
int print_to_buffer_v(char *buffer, size_t size, const char *format, va_list arguments)
    PRINTF_LIKE(3, 0);

/* SPDX-License-Identifier: MIT */
/*
 * CHECK: our own invariants, always compiled in. Never used on a guest's input: that is refused with an
 * errno, or the domain is crashed (domain_crash).
 */
#pragma once

#include "compiler.h"

/* Stops the machine with registers and a symbolic backtrace (cpu/panic.c; tests: abort). */
NORETURN COLD void panic(const char *format, ...) PRINTF_LIKE(1, 2);

#define CHECK(condition)                                                        \
    do {                                                                        \
        if (unlikely(!(condition))) {                                           \
            panic("%s:%d: this must hold: %s", __FILE__, __LINE__, #condition); \
        }                                                                       \
    } while (0)

/* SPDX-License-Identifier: MIT */
/*
 * How a guest test ends: one of four outcomes, printed as "outcome: WORD reason", which
 * tests/guest/run.py waits for.
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <pvk/shutdown.h>

static inline _Noreturn void outcome_print(const char *word, const char *format, va_list arguments)
{
    char reason[256];

    vsnprintf(reason, sizeof(reason), format, arguments);
    printf("\noutcome: %s %s\n", word, reason);
    fflush(stdout);
    shutdown_poweroff(0);
}

/* The claim holds. */
static inline _Noreturn void outcome_success(void)
{
    printf("\noutcome: success\n");
    fflush(stdout);
    shutdown_poweroff(0);
}

#define OUTCOME(name)                                                          \
    static inline _Noreturn void __attribute__((format(printf, 1, 2), unused)) \
    outcome_##name(const char *format, ...)                                    \
    {                                                                          \
        va_list arguments;                                                     \
                                                                               \
        va_start(arguments, format);                                           \
        outcome_print(#name, format, arguments);                               \
    }

OUTCOME(skip)    /* the claim cannot be tried here; say why */
OUTCOME(error)   /* the test itself is broken */
OUTCOME(failure) /* the hypervisor does not do what the claim says */

/* Fails the test with the condition's text unless it holds. */
#define OUTCOME_EXPECT(condition)                                         \
    do {                                                                  \
        if (!(condition)) {                                               \
            outcome_failure("%s:%d: %s", __FILE__, __LINE__, #condition); \
        }                                                                 \
    } while (0)

/* Fails unless a hypercall returned what it should. */
#define OUTCOME_EXPECT_EQUAL(actual, expected)                                        \
    do {                                                                              \
        long outcome_actual = (long)(actual), outcome_expected = (long)(expected);    \
                                                                                      \
        if (outcome_actual != outcome_expected) {                                     \
            outcome_failure("%s:%d: %s is %ld, not %ld", __FILE__, __LINE__, #actual, \
                            outcome_actual, outcome_expected);                        \
        }                                                                             \
    } while (0)

#endif

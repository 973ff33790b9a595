/* SPDX-License-Identifier: MIT */
/*
 * As much of Criterion's interface as our unit suites use, for machines that have no Criterion: other
 * processors under an emulator (make cross-tests). Each test is a process of its own, forked by
 * ../main.c; the report is TAP.
 */
#ifndef PORTABLE_CRITERION_H
#define PORTABLE_CRITERION_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct portable_options {
    void (*init)(void);
    void (*fini)(void);
    double timeout; /* seconds; ignored: whoever runs the suite has a limit */
};

struct portable_test {
    struct portable_test *next;
    const char *suite, *name; /* name NULL: the suite's own options */
    void (*function)(void);
    struct portable_options options;
};

void portable_register(struct portable_test *test);
/* Says what is wrong; a fatal one ends the test. */
void portable_fail(const char *file, int line, const char *text, bool is_fatal);
_Noreturn void portable_skip(const char *reason);

#define PORTABLE_REGISTER(id, text_suite, text_name, entry, ...)                     \
    __attribute__((constructor)) static void portable_add_##id(void)                 \
    {                                                                                \
        static struct portable_test test = {.suite = text_suite,                     \
                                            .name = text_name,                       \
                                            .function = entry,                       \
                                            .options = {.timeout = 0, __VA_ARGS__}}; \
        portable_register(&test);                                                    \
    }

/* Options may name the time limit again. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define Test(suite, name, ...)                                                           \
    static void suite##_##name##_test(void);                                             \
    PORTABLE_REGISTER(suite##_##name, #suite, #name, suite##_##name##_test, __VA_ARGS__) \
    static void suite##_##name##_test(void)
#define TestSuite(suite, ...) PORTABLE_REGISTER(suite##_suite, #suite, NULL, NULL, __VA_ARGS__)

#define PORTABLE_CHECK(fatal, text, condition)                \
    do {                                                      \
        if (!(condition)) {                                   \
            portable_fail(__FILE__, __LINE__, (text), fatal); \
        }                                                     \
    } while (0)

#define cr_assert(condition, ...)     PORTABLE_CHECK(true, #condition, condition)
#define cr_assert_not(condition, ...) PORTABLE_CHECK(true, "not " #condition, !(condition))
#define cr_assert_null(a, ...)        PORTABLE_CHECK(true, #a " is not NULL", (a) == NULL)
#define cr_assert_not_null(a, ...)    PORTABLE_CHECK(true, #a " is NULL", (a) != NULL)
#define cr_assert_eq(a, b, ...)       PORTABLE_CHECK(true, #a " == " #b, (a) == (b))
#define cr_assert_neq(a, b, ...)      PORTABLE_CHECK(true, #a " != " #b, (a) != (b))
#define cr_assert_lt(a, b, ...)       PORTABLE_CHECK(true, #a " < " #b, (a) < (b))
#define cr_assert_leq(a, b, ...)      PORTABLE_CHECK(true, #a " <= " #b, (a) <= (b))
#define cr_assert_gt(a, b, ...)       PORTABLE_CHECK(true, #a " > " #b, (a) > (b))
#define cr_assert_geq(a, b, ...)      PORTABLE_CHECK(true, #a " >= " #b, (a) >= (b))
#define cr_assert_str_eq(a, b, ...)   PORTABLE_CHECK(true, #a " == " #b, strcmp((a), (b)) == 0)
#define cr_assert_arr_eq(a, b, n, ...) \
    PORTABLE_CHECK(true, #a " == " #b, memcmp((a), (b), (n)) == 0)
#define cr_assert_fail(...) portable_fail(__FILE__, __LINE__, "must not be reached", true)

#define cr_expect(condition, ...)     PORTABLE_CHECK(false, #condition, condition)
#define cr_expect_not(condition, ...) PORTABLE_CHECK(false, "not " #condition, !(condition))
#define cr_expect_null(a, ...)        PORTABLE_CHECK(false, #a " is not NULL", (a) == NULL)
#define cr_expect_not_null(a, ...)    PORTABLE_CHECK(false, #a " is NULL", (a) != NULL)
#define cr_expect_eq(a, b, ...)       PORTABLE_CHECK(false, #a " == " #b, (a) == (b))
#define cr_expect_neq(a, b, ...)      PORTABLE_CHECK(false, #a " != " #b, (a) != (b))
#define cr_expect_lt(a, b, ...)       PORTABLE_CHECK(false, #a " < " #b, (a) < (b))
#define cr_expect_leq(a, b, ...)      PORTABLE_CHECK(false, #a " <= " #b, (a) <= (b))
#define cr_expect_gt(a, b, ...)       PORTABLE_CHECK(false, #a " > " #b, (a) > (b))
#define cr_expect_geq(a, b, ...)      PORTABLE_CHECK(false, #a " >= " #b, (a) >= (b))
#define cr_expect_str_eq(a, b, ...)   PORTABLE_CHECK(false, #a " == " #b, strcmp((a), (b)) == 0)

#define cr_log_info(...)   ((void)printf("# " __VA_ARGS__), (void)putchar('\n'))
#define cr_skip_test(text) portable_skip(text)

#endif

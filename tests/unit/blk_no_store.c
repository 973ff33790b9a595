/* SPDX-License-Identifier: MIT */
/*
 * The store's calls, for suites that link vbd.c for its names only: none may happen.
 */
#include <criterion/criterion.h>

#include "dom0-tools/libpv/store.h"

#define NEVER(type, name, ...)                       \
    type name(__VA_ARGS__);                          \
    type name(__VA_ARGS__)                           \
    {                                                \
        cr_assert_fail("the store is not for here"); \
        return (type)0;                              \
    }

/* clang-format off */
#pragma GCC diagnostic ignored "-Wunused-parameter"
NEVER(char *, store_read_at, struct store *s, uint32_t t, const char *f, ...)
NEVER(int, store_write, struct store *s, uint32_t t, const char *p, const char *v)
NEVER(int, store_write_at, struct store *s, uint32_t t, const char *v, const char *f, ...)
NEVER(int, store_make_directory, struct store *s, uint32_t t, const char *p)
NEVER(int, store_remove, struct store *s, uint32_t t, const char *p)
NEVER(int, store_directory, struct store *s, uint32_t t, const char *p, char ***n, size_t *c)
NEVER(int, store_set_permissions, struct store *s, uint32_t t, const char *p, const char *const *n, size_t c)
NEVER(int, store_transaction_start, struct store *s, uint32_t *t)
NEVER(int, store_transaction_end, struct store *s, uint32_t t, bool c)

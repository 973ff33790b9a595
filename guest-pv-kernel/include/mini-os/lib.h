/* SPDX-License-Identifier: MIT */
/*
 * What is left: assertions, sizes, texts. The functions of <string.h> and <stdio.h> are newlib's.
 */
#ifndef MINI_OS_LIB_H
#define MINI_OS_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mini-os/console.h>
#include <mini-os/gntmap.h>
#include <mini-os/os.h>
#include <mini-os/semaphore.h>
#include <mini-os/xenbus.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define RAND_MIX          2654435769U

#define ASSERT(condition)                                                               \
    do {                                                                                \
        if (!(condition)) {                                                             \
            printk("ASSERTION FAILED: %s at %s:%d.\n", #condition, __FILE__, __LINE__); \
            BUG();                                                                      \
        }                                                                               \
    } while (0)
#define BUG_ON(condition) ASSERT(!(condition))

#define BUILD_BUG_ON_ZERO(condition) (sizeof(char[1 - 2 * !!(condition)]) - 1)
#define BUILD_BUG_ON(condition)      ((void)BUILD_BUG_ON_ZERO(condition))

#ifdef __cplusplus
}
#endif

#endif

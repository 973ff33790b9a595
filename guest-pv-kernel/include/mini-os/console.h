/* SPDX-License-Identifier: MIT */
/*
 * Output past all buffers: for threads and event handlers alike.
 */
#ifndef MINI_OS_CONSOLE_H
#define MINI_OS_CONSOLE_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* At most 1023 bytes at a time. */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define xprintk printk
/* `direct` is of no meaning here. */
void print(int direct, const char *format, va_list arguments);

#ifdef __cplusplus
}
#endif

#endif

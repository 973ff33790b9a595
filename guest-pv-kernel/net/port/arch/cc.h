/* SPDX-License-Identifier: MIT */
/*
 * What lwIP asks of its compiler and libc. Included by lwIP only.
 */
#ifndef NET_PORT_CC_H
#define NET_PORT_CC_H

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/types.h>

#include <pvk/console.h>
#include <pvk/shutdown.h>

#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif

#define LWIP_RAND() ((u32_t)rand())

#define LWIP_PLATFORM_DIAG(message) \
    do {                            \
        console_printf message;     \
    } while (0)
#define LWIP_PLATFORM_ASSERT(message) panic("lwIP: %s", message)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Hints to the compiler.
 */
#ifndef MINI_OS_COMPILER_H
#define MINI_OS_COMPILER_H

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier()   __asm__ volatile("" : : : "memory")

#ifndef __packed
#define __packed __attribute__((__packed__))
#endif
#ifndef __maybe_unused
#define __maybe_unused __attribute__((__unused__))
#endif
#ifndef __used
#define __used __attribute__((__used__))
#endif

#endif

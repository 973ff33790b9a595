/* SPDX-License-Identifier: MIT */
/* What C lacks: branch hints, container_of, lock annotations, checked arithmetic, static assertions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)                       (sizeof(a) / sizeof((a)[0]))
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define compiler_barrier() __asm__ volatile("" ::: "memory")
/* One load or store, never repeated or torn: for memory that a guest or another CPU writes. */
#define READ_ONCE(x)         (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

/* Arithmetic on numbers a guest chose: true when the result did not fit. */
#define ckd_add(result, a, b) __builtin_add_overflow(a, b, result)

#define min_u64(a, b) ((uint64_t)(a) < (uint64_t)(b) ? (uint64_t)(a) : (uint64_t)(b))
#define max_u64(a, b) ((uint64_t)(a) > (uint64_t)(b) ? (uint64_t)(a) : (uint64_t)(b))

/* As many ones as so many bytes have bits: 1 to 8. */
static inline uint64_t mask_of_bytes(unsigned int bytes)
{
    return ~UINT64_C(0) >> (64 - bytes * 8);
}

#define NORETURN          __attribute__((noreturn))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define COLD              __attribute__((cold))

/* Checked by clang -Wthread-safety; nothing under gcc. */
#if defined(__clang__)
#define CAPABILITY(name)  __attribute__((capability(name)))
#define MUST_HOLD(lock)   __attribute__((requires_capability(lock)))
#define ACQUIRES(lock)    __attribute__((acquire_capability(lock)))
#define RELEASES(lock)    __attribute__((release_capability(lock)))
#define UNCHECKED_LOCKING __attribute__((no_thread_safety_analysis))
#else
#define CAPABILITY(name)
#define MUST_HOLD(lock)
#define ACQUIRES(lock)
#define RELEASES(lock)
#define UNCHECKED_LOCKING
#endif

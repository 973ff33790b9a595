/* SPDX-License-Identifier: MIT */
/*
 * Integer types by their short names.
 */
#ifndef MINI_OS_TYPES_H
#define MINI_OS_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef uint64_t paddr_t;
typedef uint64_t maddr_t;

#endif

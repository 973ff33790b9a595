/* SPDX-License-Identifier: MIT */
/*
 * Time, from the pvclock page: nanoseconds without a hypercall.
 */
#ifndef PVK_TIME_H
#define PVK_TIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIME_SECOND_NS      1000000000ull
#define TIME_MILLISECOND_NS 1000000ull
#define TIME_MICROSECOND_NS 1000ull

/* Nanoseconds since the machine started; never goes back. */
uint64_t time_monotonic_ns(void);
/* How long the first processor has run this kernel, waiting not counted. */
uint64_t time_running_ns(void);
/* Nanoseconds since 1970-01-01 UTC. */
uint64_t time_wall_ns(void);

#ifdef __cplusplus
}
#endif

#endif

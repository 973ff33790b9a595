/* SPDX-License-Identifier: MIT */
/*
 * Time in nanoseconds since the machine began. Sleeping threads: sched.h.
 */
#ifndef MINI_OS_TIME_H
#define MINI_OS_TIME_H

#include <sys/time.h>
#include <mini-os/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef s64 s_time_t;

#define SECONDS(count)   ((s_time_t)(count)*1000000000ll)
#define MILLISECS(count) ((s_time_t)(count)*1000000ll)
#define MICROSECS(count) ((s_time_t)(count)*1000ll)
#define Time_Max         ((s_time_t)0x7fffffffffffffffll)

u64 monotonic_clock(void);
#define NOW() ((s_time_t)monotonic_clock())

int gettimeofday(struct timeval *__restrict time, void *__restrict zone);
/* Lets events be handled until one came, or until then. */
void block_domain(s_time_t until);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Inside the port: the timer.
 */
#ifndef TIME_NATIVE_H
#define TIME_NATIVE_H

#include <stdint.h>

#define TIME_LINE 0u /* its interrupt line */

/* Measures the TSC against the timer: 10 ms. */
void time_init(void);

/* One interrupt on TIME_LINE after `ns`, or after 50 ms if that is sooner. */
void time_ring_after(uint64_t ns);

#endif

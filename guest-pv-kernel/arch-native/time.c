/* SPDX-License-Identifier: MIT */
/*
 * Time from the TSC, measured once against the 8254 timer, and the date from the CMOS clock. Under a
 * hypervisor all of this is a page to read (../arch-pv/time.c).
 * Owns: timer channels 0 (interrupts) and 2 (measuring), the CMOS clock.
 */
#include <pvk/time.h>
#include "ports.h"
#include "time_native.h"

#define TIMER_HZ        1193182ull
#define TIMER_CHANNEL_0 0x40u
#define TIMER_CHANNEL_2 0x42u
#define TIMER_COMMAND   0x43u
#define GATE_PORT       0x61u /* bit 0: channel 2 counts; bit 5: it has reached zero */
#define MEASURE_TICKS   (TIMER_HZ / 100)
#define LONGEST_NS      (50 * TIME_MILLISECOND_NS)
#define CMOS_ADDRESS    0x70u
#define CMOS_DATA       0x71u

static uint64_t tsc_start;
static uint64_t ns_per_tick; /* times 2^32: no division to read the time */
static uint64_t wall_at_start_ns;

static uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return ((uint64_t)high << 32) | low;
}

uint64_t time_monotonic_ns(void)
{
    unsigned __int128 ticks = read_tsc() - tsc_start;

    return (uint64_t)((ticks * ns_per_tick) >> 32);
}

/* Nobody else has this processor; the time it was halted is not subtracted. */
uint64_t time_running_ns(void)
{
    return time_monotonic_ns();
}

uint64_t time_wall_ns(void)
{
    return wall_at_start_ns + time_monotonic_ns();
}

static unsigned int cmos(uint8_t index)
{
    unsigned int bcd;

    port_write(CMOS_ADDRESS, index);
    bcd = port_read(CMOS_DATA);
    return (bcd >> 4) * 10 + (bcd & 15);
}

/* Days since 1970-01-01 of a date of this century. */
static uint64_t days_since_1970(unsigned int year, unsigned int month, unsigned int day)
{
    static const unsigned short before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned int leap_days = (year - 1969) / 4 + (year % 4 == 0 && month > 2 ? 1u : 0u);

    return (year - 1970) * 365ull + leap_days + before[(month - 1) % 12] + day - 1;
}

/* The CMOS clock counts in BCD and must not be read while it steps: the same second read twice. */
static uint64_t read_date_ns(void)
{
    unsigned int second, minute, hour, day, month, year;

    do {
        second = cmos(0);
        minute = cmos(2);
        hour = cmos(4);
        day = cmos(7);
        month = cmos(8);
        year = 2000 + cmos(9);
    } while (cmos(0) != second);
    return (days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) *
           TIME_SECOND_NS;
}

void time_init(void)
{
    uint64_t begin;

    /* Channel 2, mode 0: the output rises when the count is done. */
    port_write(GATE_PORT, (uint8_t)((port_read(GATE_PORT) & ~3u) | 1u));
    port_write(TIMER_COMMAND, 0xb0);
    port_write(TIMER_CHANNEL_2, (uint8_t)MEASURE_TICKS);
    port_write(TIMER_CHANNEL_2, (uint8_t)(MEASURE_TICKS >> 8));
    begin = read_tsc();
    while ((port_read(GATE_PORT) & 0x20) == 0) {
    }
    ns_per_tick = (TIME_SECOND_NS << 32) / ((read_tsc() - begin) * TIMER_HZ / MEASURE_TICKS);
    tsc_start = begin;
    wall_at_start_ns = read_date_ns() - time_monotonic_ns();
}

void time_ring_after(uint64_t ns)
{
    uint64_t ticks = (ns < LONGEST_NS ? ns : LONGEST_NS) * TIMER_HZ / TIME_SECOND_NS + 1;

    port_write(TIMER_COMMAND, 0x30); /* channel 0, mode 0: one interrupt */
    port_write(TIMER_CHANNEL_0, (uint8_t)ticks);
    port_write(TIMER_CHANNEL_0, (uint8_t)(ticks >> 8));
}

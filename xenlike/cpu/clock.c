/* SPDX-License-Identifier: MIT */
/*
 * The one clock: nanoseconds from the TSC, by a multiplier measured against the PIT.
 *
 * Owns: scale, the LAPIC one-shot timer. Invariant: CK1 time never runs back, and is the same on all CPUs.
 * Guest ABI: struct vcpu_time_info. Read next: domain/guest_time.c, domain/timer.c.
 */
#include "clock.h"

#include <public/xen.h>

#include "../lib/print.h"
#include "apic.h"
#include "machine.h"
#include "percpu.h"
#include "registers.h"

#define PIT_HZ            1193182
#define PIT_CHANNEL_2     0x42
#define PIT_COMMAND       0x43
#define PIT_CONTROL       0x61
#define CALIBRATION_TICKS (PIT_HZ / 250) /* 4 ms */

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#define NS_PER_SECOND UINT64_C(1000000000)

/* ns = ((ticks - base) << shift) * multiplier >> 32 */
static struct {
    uint64_t base;
    uint32_t multiplier;
    int8_t shift;
} scale;
static uint64_t tsc_khz;
static uint64_t apic_counts_per_ns; /* fixed point, 32 fraction bits */
static uint64_t ticks_per_ns;       /* fixed point, 32 fraction bits */
static uint64_t wall_clock_base_ns;

/* Counts down from 0xffff; read by latching. */
static uint16_t pit_read(void)
{
    port_out8(PIT_COMMAND, 0x80);
    uint16_t low = port_in8(PIT_CHANNEL_2);
    return (uint16_t)(low | port_in8(PIT_CHANNEL_2) << 8);
}

static void pit_start(void)
{
    port_out8(PIT_CONTROL, (uint8_t)((port_in8(PIT_CONTROL) & ~2) | 1)); /* gate on, speaker off */
    port_out8(PIT_COMMAND, 0xb0);                                        /* channel 2, mode 0 */
    port_out8(PIT_CHANNEL_2, 0xff);
    port_out8(PIT_CHANNEL_2, 0xff);
}

struct sample {
    uint64_t tsc;
    uint32_t apic;
    uint16_t pit;
};

/* All three clocks at nearly one moment: the tightest of some tries, since a host may have paused us within one. */
static struct sample clock_sample(void)
{
    struct sample best = {0};
    uint64_t best_width = UINT64_MAX;

    for (int i = 0; i < 4; i++) {
        uint64_t before = read_tsc();
        uint16_t pit = pit_read();
        uint64_t after = read_tsc();
        uint32_t apic = apic_timer_count();

        if (after - before < best_width) {
            best_width = after - before;
            best = (struct sample){before + (after - before) / 2, apic, pit};
        }
    }
    return best;
}

static void scale_init(uint64_t khz)
{
    uint64_t hz = khz * 1000;

    scale.shift = 0;
    while (hz > 2 * NS_PER_SECOND) {
        hz >>= 1;
        scale.shift--;
    }
    while (hz <= NS_PER_SECOND) {
        hz <<= 1;
        scale.shift++;
    }
    scale.multiplier = (uint32_t)((NS_PER_SECOND << 32) / hz);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar. */
static uint64_t days_since_1970(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t y = month <= 2 ? year - 1 : year;
    uint64_t shifted_month =
        month <= 2 ? month + 9 : month - 3; /* March is 0: the leap day comes last */

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * shifted_month + 2) / 5 + day - 1 - 719468;
}

static uint8_t cmos_read(uint8_t index)
{
    port_out8(CMOS_INDEX, index);
    return port_in8(CMOS_DATA);
}

static uint64_t cmos_value(uint8_t index, bool binary)
{
    uint8_t value = cmos_read(index);

    return binary ? value : (uint64_t)((value >> 4) * 10 + (value & 15));
}

static uint64_t real_time_clock_seconds(void)
{
    bool binary = (cmos_read(0x0b) & 4) != 0;
    uint64_t second, minute, hour, day, month, year;

    /* Bounded: on a machine without the clock the bit may read as one for ever. */
    for (int i = 0; i < 10000 && (cmos_read(0x0a) & 0x80) != 0; i++) {
        cpu_pause();
    }
    do {
        second = cmos_value(0, binary);
        minute = cmos_value(2, binary);
        hour = cmos_value(4, binary);
        day = cmos_value(7, binary);
        month = cmos_value(8, binary);
        year = 2000 + cmos_value(9, binary);
    } while (second != cmos_value(0, binary));
    return days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

void clock_init(void)
{
    struct sample end;

    apic_timer_mask(true);
    apic_timer_start(UINT32_MAX);
    pit_start();
    struct sample start = clock_sample();
    do {
        end = clock_sample();
    } while ((uint16_t)(start.pit - end.pit) < CALIBRATION_TICKS);
    apic_timer_start(0);
    uint64_t pit_ticks = (uint16_t)(start.pit - end.pit);
    uint64_t tsc_ticks = end.tsc - start.tsc;
    tsc_khz = tsc_ticks * PIT_HZ / (pit_ticks * 1000);
    apic_counts_per_ns =
        ((uint64_t)(start.apic - end.apic) << 32) / (pit_ticks * NS_PER_SECOND / PIT_HZ);
    ticks_per_ns = (tsc_ticks << 32) / (pit_ticks * NS_PER_SECOND / PIT_HZ);
    scale_init(tsc_khz);
    scale.base = read_tsc();
    wall_clock_base_ns = real_time_clock_seconds() * NS_PER_SECOND - machine_now_ns();
    apic_timer_mask(false);
    print("clock: TSC %lu.%03lu MHz\n", (unsigned long)(tsc_khz / 1000),
          (unsigned long)(tsc_khz % 1000));
}

uint64_t machine_now_ns(void)
{
    uint64_t delta = read_tsc() - scale.base;

    delta = scale.shift >= 0 ? delta << scale.shift : delta >> -scale.shift;
    return (uint64_t)((unsigned __int128)delta * scale.multiplier >> 32);
}

uint64_t machine_ticks(void)
{
    return read_tsc();
}

uint64_t machine_tick_frequency_khz(void)
{
    return tsc_khz;
}

void machine_clock_parameters(struct vcpu_time_info *time)
{
    time->tsc_timestamp = scale.base;
    time->system_time = 0;
    time->tsc_to_system_mul = scale.multiplier;
    time->tsc_shift = scale.shift;
    time->flags = 0;
}

uint64_t machine_wall_clock_base_ns(void)
{
    return wall_clock_base_ns;
}

void machine_set_deadline(uint64_t when_ns)
{
    struct cpu_local *local = cpu_local();

    if (when_ns == local->deadline_ns) {
        return;
    }
    local->deadline_ns = when_ns;
    if (when_ns == UINT64_MAX) {
        local->deadline_ticks = UINT64_MAX;
        apic_timer_start(0);
        return;
    }
    uint64_t now = machine_now_ns();
    uint64_t delta = when_ns > now ? when_ns - now : 0;
    /* A far one comes early, and the timer code sets the next. Two seconds keep the products within 64 bits. */
    delta = min_u64(delta, 2 * NS_PER_SECOND);
    uint64_t count = (uint64_t)((unsigned __int128)delta * apic_counts_per_ns >> 32) + 1;
    local->deadline_ticks = read_tsc() + (uint64_t)((unsigned __int128)delta * ticks_per_ns >> 32);
    apic_timer_start((uint32_t)min_u64(count, UINT32_MAX));
}

void clock_deadline_passed(void)
{
    cpu_local()->deadline_ns = UINT64_MAX;
    cpu_local()->deadline_ticks = UINT64_MAX;
}

bool clock_deadline_is_due(void)
{
    return read_tsc() >= cpu_local()->deadline_ticks;
}

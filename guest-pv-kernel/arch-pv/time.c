/* SPDX-License-Identifier: MIT */
/*
 * Time from vcpu_info: the hypervisor publishes (TSC, system time) pairs and a scale; between them
 * we count TSC ticks ourselves. The version is odd while it writes. Guest ABI: vcpu_time_info,
 * shared_info.wc_*.
 */
#include <public/vcpu.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/start.h>
#include <pvk/time.h>

static uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return ((uint64_t)high << 32) | low;
}

static uint64_t scale(uint64_t ticks, uint32_t multiplier, int8_t shift)
{
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (uint64_t)(((unsigned __int128)ticks * multiplier) >> 32);
}

uint64_t time_monotonic_ns(void)
{
    static uint64_t last;
    const struct vcpu_time_info *time = &start_shared_info()->vcpu_info[0].time;
    uint32_t version;
    uint64_t now;

    do {
        version = __atomic_load_n(&time->version, __ATOMIC_ACQUIRE) & ~1u;
        now = time->system_time +
              scale(read_tsc() - time->tsc_timestamp, time->tsc_to_system_mul, time->tsc_shift);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (__atomic_load_n(&time->version, __ATOMIC_RELAXED) != version);
    /* Successive pairs may disagree by a few ns; users rely on never going back. */
    if (now > last) {
        last = now;
    }
    return last;
}

uint64_t time_running_ns(void)
{
    struct vcpu_runstate_info info;

    return hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info) == 0 ? info.time[RUNSTATE_running]
                                                                      : 0;
}

uint64_t time_wall_ns(void)
{
    const struct shared_info *shared = start_shared_info();
    uint32_t version;
    uint64_t boot_ns;

    do {
        version = __atomic_load_n(&shared->wc_version, __ATOMIC_ACQUIRE) & ~1u;
        boot_ns = (((uint64_t)shared->wc_sec_hi << 32) | shared->wc_sec) * TIME_SECOND_NS +
                  shared->wc_nsec;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (__atomic_load_n(&shared->wc_version, __ATOMIC_RELAXED) != version);
    return boot_ns + time_monotonic_ns();
}

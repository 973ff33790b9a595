/* SPDX-License-Identifier: MIT */
/*
 * Time as guests see it.
 *
 * Owns: vcpu_time_info, wc_*, the timers in struct vcpu, the areas a vCPU registered.
 * Invariant: TI1 version is odd while the rest changes, and there is one writer; TI2 a clock once published stays valid: the
 * parameters are constant, so nothing needs to be published again at a switch.
 * Locks: none; the vCPU's own CPU. Guest ABI: docs/abi/time.md. Read next: timer.c.
 */
#include "guest_time.h"

#include <public/errno.h>
#include <public/sched.h>

#include "../comm/event_channel.h"
#include "../mm/frame_alloc.h"
#include "../mm/guest_access.h"
#include "schedule.h"

#define CLOCK_EPOCH         1
#define PERIODIC_DEFAULT_NS 10000000 /* until the guest stops it, a tick of 100 Hz while it runs */
#define PERIODIC_MIN_NS     1000000
#define TIME_DELTA_MAX_NS   (UINT64_C(1) << 50)
#define FAR_TIMER_NS        100000000
#define SECOND_NS           UINT64_C(1000000000)

#define NR_WATCHDOGS 2
struct domain_watchdogs {
    struct timer timers[NR_WATCHDOGS];
    bool used[NR_WATCHDOGS];
};

/* --- Clock ----------------------------------------------------------------------------------------- */

void guest_time_publish(struct vcpu *v)
{
    struct vcpu_time_info *time = &v->info->time;
    uint32_t version = (READ_ONCE(time->version) | 1) + 1; /* even, and not the old one */

    WRITE_ONCE(time->version, version - 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    machine_clock_parameters(time);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    WRITE_ONCE(time->version, version);
    v->time_stamp_published = CLOCK_EPOCH;
}

void guest_time_publish_area(struct vcpu *v)
{
    struct vcpu_time_info time = {.version = 2};

    machine_clock_parameters(&time);
    /* The guest's mapping is its own affair: an area that faults is skipped. */
    (void)guest_access_write(v->time_area, &time, sizeof(time));
}

void guest_time_publish_wall_clock(struct domain *d)
{
    struct shared_info *shared = d->shared_info;
    uint64_t base_ns = machine_wall_clock_base_ns();
    uint64_t seconds = base_ns / SECOND_NS + (uint64_t)(int64_t)d->time_offset_seconds;
    uint32_t version = (READ_ONCE(shared->wc_version) | 1) + 1;

    WRITE_ONCE(shared->wc_version, version - 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    shared->wc_sec = (uint32_t)seconds;
    shared->wc_sec_hi = (uint32_t)(seconds >> 32);
    shared->wc_nsec = (uint32_t)(base_ns % SECOND_NS);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    WRITE_ONCE(shared->wc_version, version);
}

/* --- Timers of a vCPU -------------------------------------------------------------------------------- */

static void timer_event(void *argument)
{
    event_channel_raise_virq(argument, VIRQ_TIMER);
}

static void periodic_arm(struct vcpu *v)
{
    timer_set(&v->periodic_timer, v->periodic_next_ns);
}

static void periodic_event(void *argument)
{
    struct vcpu *v = argument;

    event_channel_raise_virq(v, VIRQ_TIMER);
    /* Periods that passed unseen are not made up for. */
    v->periodic_next_ns = max_u64(v->periodic_next_ns, machine_now_ns()) + v->periodic_ns;
    periodic_arm(v);
}

static void poll_ended(void *argument)
{
    struct vcpu *v = argument;

    if ((__atomic_fetch_and(&v->pause_flags, ~VCPU_POLLING, __ATOMIC_SEQ_CST) & VCPU_POLLING) !=
        0) {
        v->poll_port = 0;
        schedule_wake(v);
    }
}

void guest_time_vcpu_init(struct vcpu *v)
{
    timer_init(&v->singleshot_timer, timer_event, v);
    timer_init(&v->periodic_timer, periodic_event, v);
    timer_init(&v->poll_timer, poll_ended, v);
    v->periodic_ns = PERIODIC_DEFAULT_NS;
}

void guest_time_vcpu_stop(struct vcpu *v)
{
    v->periodic_ns = 0;
    timer_stop(&v->singleshot_timer);
    timer_stop(&v->periodic_timer);
    timer_stop(&v->poll_timer);
    timer_stop(&v->sched.cap_timer);
}

void guest_time_set_timer(struct vcpu *v, uint64_t timeout_ns)
{
    uint64_t now_ns = machine_now_ns();

    if (timeout_ns == 0) {
        timer_stop(&v->singleshot_timer);
        return;
    }
    /* A guest that computed a time days ahead has more likely wrapped its arithmetic: it is asked again soon. */
    if ((int64_t)timeout_ns < 0 ||
        (timeout_ns > now_ns && timeout_ns - now_ns > TIME_DELTA_MAX_NS)) {
        timeout_ns = now_ns + FAR_TIMER_NS;
    }
    timer_set(&v->singleshot_timer, timeout_ns);
}

int guest_time_set_periodic(struct vcpu *v, uint64_t period_ns)
{
    if (v != current_vcpu() ||
        (period_ns != 0 && (period_ns < PERIODIC_MIN_NS || period_ns > TIME_DELTA_MAX_NS))) {
        return -XEN_EINVAL;
    }
    timer_stop(&v->periodic_timer);
    v->periodic_ns = period_ns;
    if (period_ns != 0) {
        v->periodic_next_ns = machine_now_ns() + period_ns;
        periodic_arm(v);
    }
    return 0;
}

/* --- Entering and leaving a CPU ------------------------------------------------------------------------ */

static void write_entry_time(gva_t area, const struct vcpu_runstate_info *info)
{
    (void)guest_access_write(GVA(area.v + offsetof(struct vcpu_runstate_info, state_entry_time)),
                             &info->state_entry_time, sizeof(info->state_entry_time));
}

/* The areas lie in the guest kernel's address space; from user mode that has to be looked at for a moment. */
static void write_areas(struct vcpu *v)
{
    struct vcpu_runstate_info info = v->runstate;
    gva_t area = v->runstate_area;

    if (!v->pv.in_kernel) {
        machine_load_base(v->kernel_base, false);
    }
    if (area.v != 0) {
        bool flagged = (v->domain->vm_assist & (1u << VMASST_TYPE_runstate_update_flag)) != 0;

        if (flagged) {
            info.state_entry_time |= XEN_RUNSTATE_UPDATE;
            write_entry_time(area, &info);
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
        }
        (void)guest_access_write(area, &info, sizeof(info));
        if (flagged) {
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            info.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
            write_entry_time(area, &info);
        }
    }
    if (v->time_area.v != 0 && v->time_stamp_published != CLOCK_EPOCH) {
        guest_time_publish_area(v);
    }
    if (!v->pv.in_kernel) {
        machine_load_base(v->user_base, false);
    }
}

void guest_time_enter(struct vcpu *v)
{
    if ((v->runstate_area.v | v->time_area.v) != 0) {
        write_areas(v);
    }
    if (unlikely(v->time_stamp_published != CLOCK_EPOCH)) {
        guest_time_publish(v);
    }
    if (v->periodic_ns != 0 && v->virq_port[VIRQ_TIMER] != 0) {
        if (v->periodic_next_ns <= machine_now_ns()) {
            periodic_event(v);
        } else {
            periodic_arm(v);
        }
    }
}

void guest_time_leave(struct vcpu *v)
{
    if (timer_is_armed(&v->periodic_timer)) {
        timer_stop(&v->periodic_timer);
    }
}

/* --- Watchdogs ----------------------------------------------------------------------------------------- */

static void watchdog_expired(void *argument)
{
    domain_shutdown(argument, SHUTDOWN_watchdog);
}

static int watchdog_new(struct domain *d, uint32_t timeout_seconds)
{
    if (timeout_seconds == 0) {
        return -XEN_EINVAL;
    }
    if (d->watchdogs == NULL) {
        d->watchdogs = hv_alloc(sizeof(*d->watchdogs));
        if (d->watchdogs == NULL) {
            return -XEN_ENOMEM;
        }
    }
    for (uint32_t i = 0; i < NR_WATCHDOGS; i++) {
        if (!d->watchdogs->used[i]) {
            d->watchdogs->used[i] = true;
            timer_init(&d->watchdogs->timers[i], watchdog_expired, d);
            timer_set(&d->watchdogs->timers[i], machine_now_ns() + timeout_seconds * SECOND_NS);
            return (int)i + 1;
        }
    }
    return -XEN_ENOSPC;
}

int guest_time_set_watchdog(struct domain *d, uint32_t id, uint32_t timeout_seconds)
{
    if (id == 0) {
        return watchdog_new(d, timeout_seconds);
    }
    id--;
    if (id >= NR_WATCHDOGS || d->watchdogs == NULL || !d->watchdogs->used[id]) {
        return -XEN_EINVAL;
    }
    if (timeout_seconds == 0) {
        timer_stop(&d->watchdogs->timers[id]);
        d->watchdogs->used[id] = false;
    } else {
        timer_set(&d->watchdogs->timers[id], machine_now_ns() + timeout_seconds * SECOND_NS);
    }
    return 0;
}

void guest_time_stop_watchdogs(struct domain *d)
{
    for (uint32_t i = 0; d->watchdogs != NULL && i < NR_WATCHDOGS; i++) {
        if (d->watchdogs->used[i]) {
            timer_stop(&d->watchdogs->timers[i]);
        }
    }
    hv_free(d->watchdogs);
    d->watchdogs = NULL;
}

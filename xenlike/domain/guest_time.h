/* SPDX-License-Identifier: MIT */
/*
 * Time as guests see it: the pvclock page, the wall clock, the timers of a vCPU, run-state areas, watchdogs.
 * Guest ABI: docs/abi/time.md. Read next: guest_time.c, timer.h.
 */
#pragma once

#include "domain.h"

void guest_time_vcpu_init(struct vcpu *v);
/* Stops all timers, for good. */
void guest_time_vcpu_stop(struct vcpu *v);

/* Writes the clock into v's vcpu_info. */
void guest_time_publish(struct vcpu *v);
/* The same into the area the running vCPU registered. */
void guest_time_publish_area(struct vcpu *v);
/* Writes the wall clock at system time 0 into the domain's shared_info. */
void guest_time_publish_wall_clock(struct domain *d);

/* The vCPU got a CPU and its state is loaded; it loses the CPU. */
void guest_time_enter(struct vcpu *v);
void guest_time_leave(struct vcpu *v);

/* set_timer_op of the running vCPU: system time in ns, 0 none; one that has passed expires at once. */
void guest_time_set_timer(struct vcpu *v, uint64_t timeout_ns);
/* 0 ends it. -EINVAL another vCPU's, under 1 ms, over 2^50 ns. */
int guest_time_set_periodic(struct vcpu *v, uint64_t period_ns);
/* SCHEDOP_watchdog: the id for a new one, else 0; -EINVAL no such id, or nothing to start; -ENOSPC both taken; -ENOMEM. */
int guest_time_set_watchdog(struct domain *d, uint32_t id, uint32_t timeout_seconds);
void guest_time_stop_watchdogs(struct domain *d);

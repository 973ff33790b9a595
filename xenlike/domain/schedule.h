/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: weighted fair, one runqueue per CPU, direct hand-off on block, yield and send.
 *
 * Invariant: SC1 the running vCPU is in no queue; SC2 a runnable vCPU that does not run is in exactly one. Locks: runqueue.
 * No stack is switched: schedule() changes `current`, loads its context (cpu/switch.c) and the exit path enters it.
 */
#pragma once

#include <public/sched.h>

#include "domain.h"

void schedule_vcpu_init(struct vcpu *v);
void schedule_vcpu_destroy(struct vcpu *v);
/* v may have become runnable: queue it, and ask the CPU for a switch when it deserves the CPU. */
void schedule_wake(struct vcpu *v);
/* v must stop (pause flags were set): unqueue, or kick the CPU it runs on. sync: return when it runs nowhere. */
void schedule_sleep(struct vcpu *v);
void schedule_sleep_sync(struct vcpu *v);
/* From the exit path with work pending: picks the next vCPU (idle waits here with interrupts on) and switches to it. */
void schedule(void);
/* The running vCPU gives way. */
void schedule_yield(void);
/* SCHEDOP_block without events pending; SCHEDOP_poll (0, -EINVAL, -EFAULT). */
void schedule_block(void);
int schedule_poll(const struct sched_poll *poll);
/* SCHEDOP_pin_override of the running vCPU; a negative CPU unpins. -EINVAL no such CPU online. */
int schedule_pin(struct vcpu *v, int32_t cpu);

void schedule_runstate(struct vcpu *v, struct vcpu_runstate_info *info); /* up to date */
uint64_t schedule_domain_time_ns(const struct domain *d);
uint64_t schedule_idle_time_ns(unsigned int cpu);

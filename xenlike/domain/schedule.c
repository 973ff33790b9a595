/* SPDX-License-Identifier: MIT */
/*
 * The scheduler. Each vCPU has a virtual time that grows with the time it runs, the slower the heavier its domain; of those that
 * want a CPU the one with the least gets it. A sleeper comes back a little in front, so that it answers at once.
 *
 * Owns: the runqueues, sched, runstate. Invariants SC1, SC2: schedule.h. SC3: a CPU has a slice timer only while somebody waits for it, or
 * its vCPU's domain has a cap.
 * Locks: runqueue. Guest ABI: docs/abi/sched_op.md. Read next: lib/heap.h, cpu/switch.c.
 */
#include "schedule.h"

#include <public/errno.h>

#include "../comm/event_channel.h"
#include "../cpu/switch.h"
#include "../lib/check.h"
#include "../mm/guest_access.h"
#include "dom0_restart.h"
#include "guest_time.h"

#define NORMAL_WEIGHT  256
#define LEAD_NS        1000000 /* how far the running one may get ahead of the first that waits */
#define WAKE_CREDIT_NS 2000000 /* how far behind the running ones a sleeper may come back */
#define SLICE_MIN_NS   200000
#define CAP_AHEAD_NS   10000000 /* how far a domain may run ahead of its cap */
#define POLL_PORTS_MAX 128

struct runqueue {
    spinlock_t lock;
    /* Under lock. */
    struct heap queue;     /* who waits, by virtual time */
    struct vcpu *running;  /* NULL: idle */
    uint64_t virtual_time; /* of the one that got the CPU last; never goes back */
    uint64_t idle_ns;      /* in whole, up to idle_since_ns while idle */
    uint64_t idle_since_ns;
    /* This CPU's own. */
    struct timer slice_timer;
    bool started;
};

static struct runqueue runqueues[MAX_CPUS];

/* --- Accounts ---------------------------------------------------------------------------------- */

static void set_state(struct vcpu *v, int state, uint64_t now_ns)
{
    struct vcpu_runstate_info *info = &v->runstate;

    info->time[info->state] += now_ns - info->state_entry_time;
    info->state = state;
    info->state_entry_time = now_ns;
}

static int resting_state(const struct vcpu *v)
{
    bool stopped = (v->pause_flags & (VCPU_DOWN | VCPU_SHUTDOWN)) != 0 || v->pause_count != 0 ||
                   v->domain->pause_count != 0;

    return stopped ? RUNSTATE_offline : RUNSTATE_blocked;
}

static void charge(struct vcpu *v, uint64_t now_ns)
{
    uint32_t weight = v->domain->weight != 0 ? v->domain->weight : NORMAL_WEIGHT;

    uint64_t ran_ns = now_ns - v->sched.entered_ns;
    uint32_t cap = v->domain->cap_percent;

    v->sched.virtual_time += ran_ns * NORMAL_WEIGHT / weight;
    v->sched.entered_ns = now_ns;
    v->domain->cap_paid_ns =
        cap != 0 ? max_u64(v->domain->cap_paid_ns, now_ns - ran_ns) + ran_ns * 100 / cap : 0;
}

/* What it may still run before it has to wait for its cap. */
static uint64_t cap_left_ns(const struct domain *d, uint64_t now_ns)
{
    uint64_t most_ns = now_ns + CAP_AHEAD_NS;

    return d->cap_paid_ns >= most_ns
               ? 0
               : (most_ns - max_u64(d->cap_paid_ns, now_ns)) * d->cap_percent / 100;
}

static void cap_ended(void *argument)
{
    struct vcpu *v = argument;

    __atomic_fetch_and(&v->pause_flags, ~VCPU_CAPPED, __ATOMIC_SEQ_CST);
    schedule_wake(v);
}

void schedule_runstate(struct vcpu *v, struct vcpu_runstate_info *info)
{
    struct runqueue *rq = &runqueues[v->processor];
    uint64_t now_ns = machine_now_ns();

    spin_lock(&rq->lock);
    *info = v->runstate;
    spin_unlock(&rq->lock);
    info->time[info->state] += now_ns - info->state_entry_time;
}

uint64_t schedule_domain_time_ns(const struct domain *d)
{
    uint64_t sum_ns = d->cpu_time_ns;

    FOR_EACH_VCPU (d, v) {
        struct vcpu_runstate_info info;

        schedule_runstate(v, &info);
        sum_ns += info.time[RUNSTATE_running];
    }
    return sum_ns;
}

uint64_t schedule_idle_time_ns(unsigned int cpu)
{
    struct runqueue *rq = &runqueues[cpu];

    spin_lock(&rq->lock);
    uint64_t sum_ns =
        rq->idle_ns + (rq->running == NULL ? machine_now_ns() - rq->idle_since_ns : 0);
    spin_unlock(&rq->lock);
    return sum_ns;
}

/* --- Life of a vCPU ------------------------------------------------------------------------------ */

static void slice_ended(void *argument)
{
    machine_kick(machine_cpu());
}

void schedule_vcpu_init(struct vcpu *v)
{
    /* EXERCISE: with several CPUs online, choose the one with the fewest vCPUs, and let an idle CPU steal. */
    v->processor = 0;
    v->sched.target = 0;
    timer_init(&v->sched.cap_timer, cap_ended, v);
    v->hard_affinity = v->soft_affinity = ~UINT64_C(0);
    v->sched.virtual_time = runqueues[0].virtual_time;
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = machine_now_ns();
}

void schedule_vcpu_destroy(struct vcpu *v)
{
    CHECK(!v->sched.node.queued && !v->sched.running);
}

void schedule_wake(struct vcpu *v)
{
    struct runqueue *rq = &runqueues[v->processor];

    spin_lock(&rq->lock);
    if (v->sched.node.queued || v->sched.running || !vcpu_is_runnable(v)) {
        spin_unlock(&rq->lock);
        return;
    }
    uint64_t now_ns = machine_now_ns();
    set_state(v, RUNSTATE_runnable, now_ns);
    uint64_t earliest = rq->virtual_time - WAKE_CREDIT_NS;
    if (heap_before(v->sched.virtual_time, earliest)) {
        v->sched.virtual_time = earliest;
    }
    if (rq->running != NULL) {
        charge(rq->running, now_ns);
    }
    bool first = rq->queue.root == NULL;
    heap_push(&rq->queue, &v->sched.node, v->sched.virtual_time);
    /* Preempt, or (the first that waits) let the CPU arm its slice timer. */
    if (first || rq->running == NULL ||
        heap_before(v->sched.virtual_time, rq->running->sched.virtual_time)) {
        machine_kick(v->processor);
    }
    spin_unlock(&rq->lock);
}

void schedule_sleep(struct vcpu *v)
{
    struct runqueue *rq = &runqueues[v->processor];

    spin_lock(&rq->lock);
    if (v->sched.node.queued) {
        heap_remove(&rq->queue, &v->sched.node);
        set_state(v, resting_state(v), machine_now_ns());
    } else if (v->sched.running) {
        machine_kick(v->processor);
    } else if (v->runstate.state != RUNSTATE_offline) {
        set_state(v, resting_state(v), machine_now_ns());
    }
    spin_unlock(&rq->lock);
}

void schedule_sleep_sync(struct vcpu *v)
{
    schedule_sleep(v);
    while (v != current_vcpu() && __atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE)) {
        machine_relax();
    }
}

/* --- Choosing ------------------------------------------------------------------------------------ */

/* May the running one go on? */
static bool keeps_cpu(const struct runqueue *rq, const struct vcpu *v)
{
    const struct heap_node *first = rq->queue.root;

    if (!vcpu_is_runnable(v) || v->sched.target != v->processor) {
        return false;
    }
    return first == NULL ||
           (!v->sched.yielded && !heap_before(first->key + LEAD_NS, v->sched.virtual_time));
}

/* Puts back the one that loses the CPU, into the queue or to rest. */
static void put_back(struct runqueue *rq, struct vcpu *v, uint64_t now_ns)
{
    rq->running = NULL;
    __atomic_store_n(&v->sched.running, false, __ATOMIC_RELEASE);
    guest_time_leave(v);
    if (!vcpu_is_runnable(v)) {
        set_state(v, resting_state(v), now_ns);
        return;
    }
    set_state(v, RUNSTATE_runnable, now_ns);
    if (v->sched.yielded && rq->queue.root != NULL &&
        heap_before(v->sched.virtual_time, rq->queue.root->key)) {
        v->sched.virtual_time = rq->queue.root->key;
    }
    if (v->sched.target == v->processor) {
        heap_push(&rq->queue, &v->sched.node, v->sched.virtual_time);
    }
}

/* The vCPU for this CPU; NULL: none wants it. *moved: one that shall run elsewhere. */
static struct vcpu *choose(struct runqueue *rq, struct vcpu **moved)
{
    uint64_t now_ns = machine_now_ns();
    struct vcpu *v = rq->running;

    if (v != NULL) {
        charge(v, now_ns);
        if (v->domain->cap_percent != 0 && cap_left_ns(v->domain, now_ns) == 0) {
            __atomic_fetch_or(&v->pause_flags, VCPU_CAPPED, __ATOMIC_SEQ_CST);
            timer_set(&v->sched.cap_timer, v->domain->cap_paid_ns);
        }
        if (keeps_cpu(rq, v)) {
            v->sched.yielded = false;
            return v;
        }
        put_back(rq, v, now_ns);
        *moved = v->sched.target != v->processor ? v : NULL;
        v->sched.yielded = false;
        rq->idle_since_ns = now_ns;
    }
    struct heap_node *first = heap_take(&rq->queue);
    v = first != NULL ? container_of(first, struct vcpu, sched.node) : NULL;
    if (v != NULL) {
        rq->idle_ns += now_ns - rq->idle_since_ns;
        rq->running = v;
        v->sched.running = true;
        v->sched.entered_ns = now_ns;
        set_state(v, RUNSTATE_running, now_ns);
        if (heap_before(rq->virtual_time, v->sched.virtual_time)) {
            rq->virtual_time = v->sched.virtual_time;
        }
    }
    return v;
}

/* SC3. The slice ends when the running one has got LEAD_NS ahead of the first that waits. */
static void set_slice(struct runqueue *rq, struct vcpu *v)
{
    uint64_t weight = v->domain->weight != 0 ? v->domain->weight : NORMAL_WEIGHT;
    uint64_t lead_ns = UINT64_MAX;

    if (rq->queue.root == NULL && v->domain->cap_percent == 0) {
        if (timer_is_armed(&rq->slice_timer)) {
            timer_stop(&rq->slice_timer);
        }
        return;
    }
    if (rq->queue.root != NULL) {
        lead_ns = rq->queue.root->key + LEAD_NS - v->sched.virtual_time;
        lead_ns = lead_ns * weight / NORMAL_WEIGHT + 1;
    }
    if (v->domain->cap_percent != 0) {
        lead_ns = min_u64(lead_ns, cap_left_ns(v->domain, v->sched.entered_ns));
    }
    timer_set(&rq->slice_timer, v->sched.entered_ns + max_u64(lead_ns, SLICE_MIN_NS));
}

static void start(struct runqueue *rq)
{
    timer_init(&rq->slice_timer, slice_ended, NULL);
    rq->idle_since_ns = machine_now_ns();
    rq->started = true;
}

static void move(struct vcpu *v)
{
    v->processor = v->sched.target;
    schedule_wake(v);
}

void schedule(void)
{
    struct runqueue *rq = &runqueues[machine_cpu()];
    struct vcpu *next, *moved = NULL;

    if (unlikely(!rq->started)) {
        start(rq);
    }
    for (;;) {
        spin_lock(&rq->lock);
        next = choose(rq, &moved);
        spin_unlock(&rq->lock);
        if (moved != NULL) {
            switch_idle(); /* its state leaves this CPU before another may load it */
            move(moved);
            moved = NULL;
        }
        if (next != NULL) {
            break;
        }
        switch_idle();
        if (dom0_restart_is_due()) {
            dom0_restart();
            continue;
        }
        if (timer_is_armed(&rq->slice_timer)) {
            timer_stop(&rq->slice_timer);
        }
        machine_wait_for_interrupt();
    }
    set_slice(rq, next);
    if (next != current_vcpu()) {
        switch_to(next);
        guest_time_enter(next);
    }
}

/* --- What a guest asks ----------------------------------------------------------------------------- */

void schedule_yield(void)
{
    unsigned int cpu = machine_cpu();

    if (READ_ONCE(runqueues[cpu].queue.root) != NULL) {
        current_vcpu()->sched.yielded = true;
        machine_kick(cpu);
    }
}

void schedule_block(void)
{
    struct vcpu *v = current_vcpu();

    WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
    __atomic_fetch_or(&v->pause_flags, VCPU_BLOCKED, __ATOMIC_SEQ_CST);
    /* EC3: an event that came before the flag was set found nobody to wake. */
    if (event_channel_upcall_wanted(v)) {
        __atomic_fetch_and(&v->pause_flags, ~VCPU_BLOCKED, __ATOMIC_SEQ_CST);
        return;
    }
    machine_kick(machine_cpu());
}

/* 1 one of the ports is pending, 0 none, -EFAULT, -EINVAL. */
static int poll_ports(struct vcpu *v, const struct sched_poll *poll)
{
    for (unsigned int i = 0; i < poll->nr_ports; i++) {
        evtchn_port_t port;

        if (copy_from_guest_offset(&port, poll->ports, i) != 0) {
            return -XEN_EFAULT;
        }
        if (poll->nr_ports == 1) {
            v->poll_port = port;
        }
        int pending = event_channel_poll(v->domain, port);
        if (pending != 0) {
            return pending;
        }
    }
    return 0;
}

int schedule_poll(const struct sched_poll *poll)
{
    struct vcpu *v = current_vcpu();

    if (poll->nr_ports > POLL_PORTS_MAX) {
        return -XEN_EINVAL;
    }
    if (!guest_access_range_ok(GVA((uint64_t)poll->ports.p),
                               poll->nr_ports * sizeof(evtchn_port_t))) {
        return -XEN_EFAULT;
    }
    timer_stop(&v->poll_timer); /* of a poll that an event ended */
    v->poll_port = ~UINT32_C(0);
    WRITE_ONCE(v->domain->has_polled, true);
    __atomic_fetch_or(&v->pause_flags, VCPU_POLLING, __ATOMIC_SEQ_CST);
    /* Looked at after the flag was set, as in schedule_block. */
    int result = event_channel_upcall_wanted(v) ? 1 : poll_ports(v, poll);
    if (result != 0) {
        v->poll_port = 0;
        __atomic_fetch_and(&v->pause_flags, ~VCPU_POLLING, __ATOMIC_SEQ_CST);
        return result < 0 ? result : 0;
    }
    if (poll->timeout != 0) {
        timer_set(&v->poll_timer, poll->timeout);
    }
    machine_kick(machine_cpu());
    return 0;
}

int schedule_pin(struct vcpu *v, int32_t cpu)
{
    if (cpu < 0) {
        v->sched.pinned = false;
        return 0;
    }
    if (cpu >= MAX_CPUS || ((machine_cpus_online() >> cpu) & 1) == 0) {
        return -XEN_EINVAL;
    }
    v->sched.pinned = true;
    v->sched.target = (uint32_t)cpu;
    if (v->sched.target != v->processor) {
        machine_kick(machine_cpu());
    }
    return 0;
}

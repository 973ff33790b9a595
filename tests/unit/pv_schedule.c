/* SPDX-License-Identifier: MIT */
/* The heap behind runqueues and timers, the scheduler's fairness over a long run, blocking and polling; software timers. */
#include "pv_support.h"

#include <public/errno.h>
#include <public/sched.h>
#include <stdlib.h>

#include "xenlike/domain/schedule.h"
#include "xenlike/domain/timer.h"

#define MS UINT64_C(1000000)

/* --- Queue ------------------------------------------------------------------------------------------- */

Test(heap, HP1_gives_them_back_in_order_of_their_keys)
{
    static struct heap_node nodes[200];
    struct heap heap = {NULL};
    uint64_t last = 0;

    srand(1);
    for (int i = 0; i < 200; i++) {
        heap_push(&heap, &nodes[i], (uint64_t)(rand() % 50));
    }
    for (int i = 0; i < 200; i += 3) {
        heap_remove(&heap, &nodes[i]);
        cr_expect(!nodes[i].queued);
    }
    for (int i = 0; i < 200 - 67; i++) {
        struct heap_node *node = heap_take(&heap);

        cr_assert_not_null(node);
        cr_expect_geq(node->key, last);
        cr_expect_neq((node - nodes) % 3, 0, "a removed one came back");
        last = node->key;
    }
    cr_expect_null(heap_take(&heap));
}

Test(heap, HP2_random_operations_against_a_plain_array)
{
    static struct heap_node nodes[32];
    struct heap heap = {NULL};

    srand(2);
    for (int step = 0; step < 100000; step++) {
        struct heap_node *node = &nodes[rand() % 32], *least = NULL;

        if (!node->queued) {
            heap_push(&heap, node, (uint64_t)(rand() % 1000) - 500); /* the keys may wrap */
        } else if (rand() % 2 == 0) {
            heap_remove(&heap, node);
        } else {
            for (int i = 0; i < 32; i++) {
                if (nodes[i].queued && (least == NULL || heap_before(nodes[i].key, least->key))) {
                    least = &nodes[i];
                }
            }
            cr_assert_eq(heap_take(&heap)->key, least->key);
        }
    }
}

/* --- Fairness ------------------------------------------------------------------------------------------ */

#define NR 4
static struct vcpu *spinners[NR];

static void make_spinners(const uint32_t weights[NR])
{
    fake_machine_init(256);
    for (unsigned int i = 0; i < NR; i++) {
        struct domain *d = fake_domain_create((domid_t)(i + 1), 64, false);
        static struct vcpu_info infos[NR];

        d->weight = weights[i];
        spinners[i] = d->vcpus[0];
        spinners[i]->info = &infos[i];
        schedule_vcpu_init(spinners[i]);
    }
    /* schedule() idles with nothing to do, so somebody must be there first. */
    for (unsigned int i = 0; i < NR; i++) {
        schedule_wake(spinners[i]);
    }
}

/* Runs: time passes to the next deadline, as if nobody ever gave up the CPU. */
static void run_for(uint64_t ns)
{
    uint64_t end = fake_now_ns + ns;

    while (fake_now_ns < end) {
        fake_kicked = 0;
        schedule();
        cr_assert_neq(fake_deadline_ns, UINT64_MAX, "somebody waits, so a slice ends");
        fake_now_ns = fake_deadline_ns;
        timer_expired();
    }
    schedule();
}

static uint64_t ran(unsigned int i)
{
    struct vcpu_runstate_info info;

    schedule_runstate(spinners[i], &info);
    return info.time[RUNSTATE_running];
}

Test(schedule, equal_weights_get_equal_time)
{
    static const uint32_t weights[NR] = {256, 256, 256, 256};

    make_spinners(weights);
    run_for(4000 * MS);
    for (unsigned int i = 0; i < NR; i++) {
        cr_expect_gt(ran(i), 990 * MS);
        cr_expect_lt(ran(i), 1010 * MS);
    }
}

Test(schedule, time_is_shared_by_weight)
{
    static const uint32_t weights[NR] = {128, 256, 512, 1024};

    make_spinners(weights);
    run_for(15000 * MS);
    for (unsigned int i = 0; i < NR; i++) {
        uint64_t due = (UINT64_C(1000) << i) * MS;

        cr_expect_gt(ran(i), due * 98 / 100, "number %u", i);
        cr_expect_lt(ran(i), due * 102 / 100, "number %u", i);
    }
}

Test(schedule, a_cap_holds_with_and_without_others)
{
    static const uint32_t weights[NR] = {256, 256, 256, 256};

    make_spinners(weights);
    spinners[0]->domain->cap_percent = 5; /* its fair part would be 25 */
    run_for(10000 * MS);
    cr_expect_gt(ran(0), 490 * MS);
    cr_expect_lt(ran(0), 510 * MS);
    for (unsigned int i = 1; i < NR; i++) {
        cr_expect_gt(ran(i), 3100 * MS, "the others have what it may not");
    }
    spinners[0]->domain->cap_percent = 0;
    uint64_t before_ns = ran(0);
    run_for(10000 * MS);
    cr_expect_gt(ran(0) - before_ns, 2400 * MS, "without a cap it has its part again");
}

Test(schedule, SC3_one_alone_has_no_slices)
{
    static const uint32_t weights[NR] = {256, 256, 256, 256};

    make_spinners(weights);
    schedule();
    for (unsigned int i = 0; i < NR; i++) {
        if (spinners[i] != current_vcpu()) {
            spinners[i]->pause_count = 1;
            schedule_sleep(spinners[i]);
        }
    }
    schedule();
    cr_expect_eq(fake_deadline_ns, UINT64_MAX);
}

Test(schedule, one_that_slept_long_runs_at_once_but_not_for_long)
{
    static const uint32_t weights[NR] = {256, 256, 256, 256};
    struct vcpu *sleeper;
    uint64_t before;

    make_spinners(weights);
    sleeper = spinners[3];
    schedule_sleep(sleeper);
    sleeper->pause_flags = VCPU_BLOCKED;
    schedule_sleep(sleeper);
    run_for(1000 * MS);
    sleeper->pause_flags = 0;
    fake_kicked = 0;
    schedule_wake(sleeper);
    cr_expect_eq(fake_kicked, 1);
    schedule();
    cr_expect_eq(current_vcpu(), sleeper);
    before = ran(3);
    run_for(400 * MS);
    cr_expect_lt(ran(3) - before, 110 * MS, "a second of sleep is not saved up");
}

Test(schedule, yield_lets_the_next_one_run)
{
    static const uint32_t weights[NR] = {256, 256, 256, 256};
    struct vcpu *first;

    make_spinners(weights);
    schedule();
    first = current_vcpu();
    schedule_yield();
    schedule();
    cr_expect_neq(current_vcpu(), first);
}

Test(schedule, EC3_block_sees_an_event_that_came_before, .init = pv_setup)
{
    pv_vcpu->info->evtchn_upcall_mask = 1;
    pv_vcpu->info->evtchn_upcall_pending = 1;
    schedule_block();
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 0, "T7: block unmasks");
    cr_expect_eq(pv_vcpu->pause_flags, 0);
    pv_vcpu->info->evtchn_upcall_pending = 0;
    schedule_block();
    cr_expect_eq(pv_vcpu->pause_flags, VCPU_BLOCKED);
}

Test(schedule, poll_returns_at_once_for_a_pending_port, .init = pv_setup)
{
    evtchn_port_t *ports = fake_flat(0x200000, 4096);
    struct sched_poll poll = {.ports = {(evtchn_port_t *)0x200000}, .nr_ports = 2};

    ports[0] = 3;
    ports[1] = 7; /* pv_support: pending */
    pv_vcpu->info->evtchn_upcall_mask = 1;
    cr_expect_eq(schedule_poll(&poll), 0);
    cr_expect_eq(pv_vcpu->pause_flags, 0);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 1, "T7: poll leaves the mask");
    ports[1] = 4;
    cr_expect_eq(schedule_poll(&poll), 0);
    cr_expect_eq(pv_vcpu->pause_flags, VCPU_POLLING);
    cr_expect_eq(pv_vcpu->poll_port, UINT32_MAX);
}

Test(schedule, poll_refuses_and_faults, .init = pv_setup)
{
    evtchn_port_t *ports = fake_flat(0x200000, 4096);
    struct sched_poll poll = {.ports = {(evtchn_port_t *)0x200000}, .nr_ports = 129};

    cr_expect_eq(schedule_poll(&poll), -XEN_EINVAL);
    poll.nr_ports = 1;
    ports[0] = 4096;
    cr_expect_eq(schedule_poll(&poll), -XEN_EINVAL);
    ports[0] = 1;
    fake_fail_access = 1;
    cr_expect_eq(schedule_poll(&poll), -XEN_EFAULT);
    poll.ports.p = (evtchn_port_t *)HV_VIRT_START;
    cr_expect_eq(schedule_poll(&poll), -XEN_EFAULT);
    cr_expect_eq(pv_vcpu->pause_flags, 0);
}

/* --- Timers ---------------------------------------------------------------------------------------------- */

static uint64_t last_fired_ns;
static unsigned int nr_fired;

static void fired(void *argument)
{
    struct timer *timer = argument;

    cr_expect_geq(timer->node.key, last_fired_ns, "timers expire in order");
    cr_expect_leq(timer->node.key, fake_now_ns);
    last_fired_ns = timer->node.key;
    nr_fired++;
}

Test(timer, TM1_thousands_expire_in_order_and_the_deadline_is_the_least)
{
    static struct timer timers[3000];
    unsigned int armed = 0;

    fake_machine_init(256);
    srand(3);
    for (int i = 0; i < 3000; i++) {
        timer_init(&timers[i], fired, &timers[i]);
        timer_set(&timers[i], (uint64_t)(rand() % 100000));
    }
    for (int i = 0; i < 3000; i += 2) {
        timer_stop(&timers[i]);
        timer_stop(&timers[i]);
    }
    for (int i = 0; i < 3000; i += 5) {
        timer_set(&timers[i], (uint64_t)(rand() % 100000));
    }
    for (int i = 0; i < 3000; i++) {
        armed += timer_is_armed(&timers[i]);
    }
    while (fake_deadline_ns != UINT64_MAX) {
        fake_now_ns = fake_deadline_ns;
        fake_deadline_ns = UINT64_MAX; /* a one-shot */
        timer_expired();
    }
    cr_expect_eq(nr_fired, armed);
    for (int i = 0; i < 3000; i++) {
        cr_expect(!timer_is_armed(&timers[i]));
    }
}

Test(timer, TM1_one_that_is_set_for_the_end_of_time_does_not_expire_now)
{
    static struct timer never, soon;

    fake_machine_init(256);
    timer_init(&never, fired, &never);
    timer_init(&soon, fired, &soon);
    timer_set(&never, UINT64_MAX);
    timer_set(&soon, fake_now_ns + 10);
    cr_expect_eq(fake_deadline_ns, fake_now_ns + 10);
    fake_now_ns += 10;
    timer_expired();
    cr_expect_eq(nr_fired, 1);
    cr_expect(timer_is_armed(&never));
}

/* --- Waiting for another CPU ------------------------------------------------------------------------------- */

static spinlock_t contended;
static unsigned int relaxed;

static void other_cpu_lets_go(void)
{
    if (++relaxed == 3) {
        contended.taken = 0;
    }
}

Test(spinlock, TL2_who_waits_for_a_lock_answers_flushes_meanwhile)
{
    contended.taken = 1;
    fake_relax = other_cpu_lets_go;
    spin_lock(&contended);
    cr_expect_eq(relaxed, 3, "machine_relax() is where a CPU answers");
    cr_expect_eq(contended.taken, 1);
    spin_unlock(&contended);
}

static struct vcpu *waited_for;

static void other_cpu_stops_it(void)
{
    relaxed++;
    waited_for->sched.running = false;
}

Test(schedule, TL2_who_waits_for_a_vcpu_to_stop_answers_flushes_meanwhile, .init = pv_setup)
{
    static struct vcpu other;

    other.domain = pv_domain;
    other.sched.running = true;
    waited_for = &other;
    fake_relax = other_cpu_stops_it;
    schedule_sleep_sync(&other);
    cr_expect_eq(relaxed, 1);
}

/* SPDX-License-Identifier: MIT */
/* FIFO event channels: the change from 2-level and back, words and queues, and guests that write to them meanwhile. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "comm_world.h"
#include "xenlike/comm/event_channel.h"
#include "xenlike/comm/event_internal.h"

#define WORDS   1024u
#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)
#define BUSY    (1u << EVTCHN_FIFO_BUSY)

static struct domain *guest;
static mfn_t control_frame, array_frame, guards[2]; /* the frames around the two */
static struct evtchn_fifo_control_block *control;
static event_word_t *words;

static int64_t op(uint32_t cmd, void *argument, size_t size)
{
    return world_call(hc_event_channel_op, cmd, argument, size);
}

static int64_t init_control(uint64_t frame, uint32_t offset, uint32_t vcpu)
{
    struct evtchn_init_control i = {.control_gfn = frame, .offset = offset, .vcpu = vcpu};
    int64_t result = op(EVTCHNOP_init_control, &i, sizeof(i));
    cr_assert_eq(i.link_bits, result == 0 ? EVTCHN_FIFO_LINK_BITS : 0);
    return result;
}

static int64_t expand(uint64_t frame)
{
    struct evtchn_expand_array e = {.array_gfn = frame};
    return op(EVTCHNOP_expand_array, &e, sizeof(e));
}

static int64_t priority(uint32_t port, uint32_t level)
{
    struct evtchn_set_priority p = {.port = port, .priority = level};
    return op(EVTCHNOP_set_priority, &p, sizeof(p));
}

static int64_t on_port(uint32_t cmd, uint32_t port)
{
    return op(cmd, &port, sizeof(port));
}

static uint32_t ipi_to(uint32_t vcpu)
{
    struct evtchn_bind_ipi b = {.vcpu = vcpu};
    return op(EVTCHNOP_bind_ipi, &b, sizeof(b)) == 0 ? b.port : 0;
}

static int64_t reset(void)
{
    struct evtchn_reset r = {.dom = DOMID_SELF};
    return op(EVTCHNOP_reset, &r, sizeof(r));
}

/* A guest whose vCPU 0 runs, with frames for a control block and a page of words; all is still 2-level. */
static void start(unsigned int vcpus)
{
    world_start();
    guest = world_guest(vcpus);
    guards[1] = frame_alloc_domain(guest, 0, 0);
    control_frame = frame_alloc_domain(guest, 0, 0);
    array_frame = frame_alloc_domain(guest, 0, 0);
    guards[0] = frame_alloc_domain(guest, 0, 0);
    control = (void *)((char *)machine_frame(control_frame) + 1024);
    words = machine_frame(array_frame);
    fake_run(guest->vcpus[0]);
}

static void start_fifo(unsigned int vcpus)
{
    start(vcpus);
    cr_assert_eq(init_control(control_frame.n, 1024, 0), 0);
    cr_assert_eq(expand(array_frame.n), 0);
}

/* Takes a queue apart as a guest does; how many ports it had, the first few in `ports`. */
static unsigned int consume(uint32_t level, uint32_t *ports, unsigned int room)
{
    unsigned int count = 0;
    control->ready &= ~(1u << level);
    for (uint32_t port = control->head[level]; port != 0; count++) {
        cr_assert_lt(count, WORDS, "the queue is a loop");
        if (count < room) {
            ports[count] = port;
        }
        uint32_t next = words[port] & EVTCHN_FIFO_LINK_MASK;
        words[port] &= ~(PENDING | LINKED | EVTCHN_FIFO_LINK_MASK);
        port = next;
    }
    return count;
}

Test(fifo, control_blocks_are_refused_where_they_cannot_be)
{
    start(2);
    mfn_t foreign = frame_alloc_domain(world.dom0, 0, 0), table = frame_alloc_domain(guest, 0, 0);
    cr_assert_eq(frame_get_and_type(table, guest, FRAME_SEG_DESC), 0);
    cr_assert_eq(init_control(control_frame.n, 0, 2), -XEN_ENOENT);
    cr_assert_eq(init_control(control_frame.n, 0, ~0u), -XEN_ENOENT);
    cr_assert_eq(init_control(control_frame.n, 4096 - 72 + 8, 0), -XEN_EINVAL, "leaves the page");
    cr_assert_eq(init_control(control_frame.n, ~0u & ~7u, 0), -XEN_EINVAL);
    cr_assert_eq(init_control(control_frame.n, 4, 0), -XEN_EINVAL, "misaligned");
    cr_assert_eq(init_control(foreign.n, 0, 0), -XEN_EINVAL);
    cr_assert_eq(init_control(table.n, 0, 0), -XEN_EINVAL, "PT3: a descriptor page");
    cr_assert_eq(init_control(~UINT64_C(0), 0, 0), -XEN_EINVAL);
    cr_assert_eq(expand(array_frame.n), -XEN_EOPNOTSUPP, "still 2-level");
    cr_assert_eq(init_control(control_frame.n, 4096 - 72, 0), 0, "the last place that fits");
    cr_assert_eq(init_control(control_frame.n, 0, 0), -XEN_EINVAL, "a second block");
    cr_assert_eq(init_control(control_frame.n, 0, 1), 0, "another vCPU's in the same frame");
    cr_assert_eq(expand(foreign.n), -XEN_EINVAL);
    cr_assert_eq(expand(table.n), -XEN_EINVAL);
    cr_assert_eq(expand(UINT64_C(1) << 40), -XEN_EINVAL);
    cr_assert_eq(expand(array_frame.n), 0);
    fake_fail_access = 1;
    cr_assert_eq(expand(array_frame.n), -XEN_EFAULT);
    cr_assert_eq(hc_event_channel_op_compat(WORLD_BUFFER + WORLD_BUFFER_SIZE, 0, 0, 0, 0, 0),
                 -XEN_EFAULT);
}

Test(fifo, PT3_registered_frames_cannot_become_tables_until_reset_or_death)
{
    start_fifo(1);
    cr_assert_eq(frame_current_type(control_frame), FRAME_WRITABLE);
    cr_assert_eq(frame_current_type(array_frame), FRAME_WRITABLE);
    cr_assert_eq(frame_get_and_type(array_frame, guest, FRAME_SEG_DESC), -XEN_EBUSY);
    cr_assert_eq(reset(), 0);
    cr_assert_eq(frame_current_type(control_frame), FRAME_NONE);
    cr_assert_eq(frame_get_and_type(array_frame, guest, FRAME_SEG_DESC), 0);
    frame_put_and_type(array_frame);
    cr_assert_eq(expand(array_frame.n), -XEN_EOPNOTSUPP, "2-level again");
    uint32_t port = ipi_to(0);
    on_port(EVTCHNOP_send, port);
    cr_assert_eq(guest->shared_info->evtchn_pending[0], UINT64_C(1) << port);
    cr_assert_eq(init_control(control_frame.n, 0, 0), 0, "and once more FIFO");
    cr_assert_eq(expand(array_frame.n), 0);
    cr_assert_eq(words[port], PENDING | LINKED);
    world_kill(guest);
    cr_assert_eq(frame_current_type(array_frame), FRAME_NONE);
}

Test(fifo, a_domains_death_gives_every_frame_back)
{
    world_start();
    uint64_t before = 0;
    for (int i = 0; i < 3; i++) {
        guest = world_guest(4);
        fake_run(guest->vcpus[0]);
        for (uint32_t v = 0; v < 4; v++) {
            cr_assert_eq(init_control(frame_alloc_domain(guest, 0, 0).n, 0, v), 0);
            cr_assert_eq(expand(frame_alloc_domain(guest, 0, 0).n), 0);
        }
        cr_assert_neq(ipi_to(3), 0);
        world_kill(guest);
        before = i == 0 ? frame_alloc_nr_free() : before;
    }
    cr_assert_eq(frame_alloc_nr_free(), before);
}

Test(fifo, what_was_pending_before_stays_pending)
{
    start(1);
    uint32_t sent = ipi_to(0), quiet = ipi_to(0), later = ipi_to(0);
    on_port(EVTCHNOP_send, sent);
    cr_assert_eq(init_control(control_frame.n, 1024, 0), 0);
    cr_assert_eq(on_port(EVTCHNOP_send, later), 0, "there is no word for it, yet");
    cr_assert_eq(on_port(EVTCHNOP_unmask, later), 0);
    cr_assert_eq(control->ready, 0);
    cr_assert_eq(expand(array_frame.n), 0);
    uint32_t ports[2];
    cr_assert_eq(words[quiet], 0);
    cr_assert_eq(control->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
    cr_assert_eq(consume(EVTCHN_FIFO_PRIORITY_DEFAULT, ports, 2), 2);
    cr_assert_eq(ports[0], sent);
    cr_assert_eq(ports[1], later);
}

Test(fifo, ports_are_queued_in_the_order_of_their_sends)
{
    start_fifo(1);
    uint32_t sent[5], seen[5];
    for (int i = 0; i < 5; i++) {
        sent[i] = ipi_to(0);
    }
    guest->vcpus[0]->info->evtchn_upcall_pending = 0;
    for (int i = 4; i >= 0; i--) {
        cr_assert_eq(on_port(EVTCHNOP_send, sent[i]), 0);
        cr_assert_eq(on_port(EVTCHNOP_send, sent[i]), 0, "twice is once");
    }
    cr_assert_eq(guest->vcpus[0]->info->evtchn_upcall_pending, 1);
    cr_assert_eq(consume(EVTCHN_FIFO_PRIORITY_DEFAULT, seen, 5), 5);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(seen[i], sent[4 - i]);
    }
    guest->vcpus[0]->info->evtchn_upcall_pending = 0;
    on_port(EVTCHNOP_send, sent[2]);
    cr_assert_eq(guest->vcpus[0]->info->evtchn_upcall_pending, 1, "a queue that was taken is new");
    cr_assert_eq(consume(EVTCHN_FIFO_PRIORITY_DEFAULT, seen, 5), 1);
    cr_assert_eq(seen[0], sent[2]);
}

Test(fifo, EC2_a_masked_port_is_pending_and_in_no_queue_until_it_is_unmasked)
{
    start_fifo(1);
    uint32_t port = ipi_to(0), seen;
    words[port] = MASKED;
    on_port(EVTCHNOP_send, port);
    cr_assert_eq(words[port], MASKED | PENDING);
    cr_assert_eq(control->ready, 0);
    cr_assert_eq(on_port(EVTCHNOP_unmask, port), 0);
    cr_assert_eq(words[port], LINKED | PENDING);
    cr_assert_eq(consume(EVTCHN_FIFO_PRIORITY_DEFAULT, &seen, 1), 1);
    cr_assert_eq(seen, port);
    cr_assert_eq(on_port(EVTCHNOP_unmask, port), 0);
    cr_assert_eq(words[port], 0, "nothing was pending");
}

Test(fifo, each_priority_and_each_vcpu_has_its_queue)
{
    start_fifo(2);
    mfn_t second = frame_alloc_domain(guest, 0, 0);
    struct evtchn_fifo_control_block *other = machine_frame(second);
    uint32_t low = ipi_to(0), high = ipi_to(0), far = ipi_to(1), seen;
    guest->vcpus[1]->pause_flags = VCPU_BLOCKED;
    on_port(EVTCHNOP_send, far);
    cr_assert_eq(words[far], PENDING, "its vCPU has no queues");
    words[far] = 0;
    cr_assert_eq(init_control(second.n, 0, 1), 0);
    cr_assert_eq(priority(low, EVTCHN_FIFO_PRIORITY_MIN), 0);
    cr_assert_eq(priority(high, EVTCHN_FIFO_PRIORITY_MAX), 0);
    on_port(EVTCHNOP_send, low);
    on_port(EVTCHNOP_send, high);
    on_port(EVTCHNOP_send, far);
    cr_assert_eq(control->ready, 0x8001);
    cr_assert_eq(control->head[15], low);
    cr_assert_eq(control->head[0], high);
    cr_assert_eq(other->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
    cr_assert_eq(other->head[EVTCHN_FIFO_PRIORITY_DEFAULT], far);
    cr_assert_eq(guest->vcpus[1]->pause_flags, 0, "EC3: woken");
    /* The last of a queue goes to another: the first queue must not be continued at it. */
    cr_assert_eq(consume(0, &seen, 1), 1);
    cr_assert_eq(priority(high, 3), 0);
    on_port(EVTCHNOP_send, high);
    uint32_t next = ipi_to(0);
    cr_assert_eq(priority(next, 0), 0);
    on_port(EVTCHNOP_send, next);
    cr_assert_eq(consume(3, &seen, 1), 1);
    cr_assert_eq(seen, high);
    cr_assert_eq(consume(0, &seen, 1), 1);
    cr_assert_eq(seen, next);
}

Test(fifo, priorities_are_refused_with_xens_errnos)
{
    start(1);
    uint32_t port = ipi_to(0);
    cr_assert_eq(priority(port, 3), -XEN_ENOSYS, "2-level");
    cr_assert_eq(priority(port + 1, 3), -XEN_EACCES, "a free one");
    cr_assert_eq(priority(~0u, 3), -XEN_EINVAL);
    cr_assert_eq(init_control(control_frame.n, 0, 0), 0);
    cr_assert_eq(priority(port, 16), -XEN_EINVAL);
    cr_assert_eq(priority(port, ~0u), -XEN_EINVAL);
    cr_assert_eq(priority(port + 1, 3), -XEN_EACCES);
    cr_assert_eq(priority(0, 3), -XEN_EACCES);
    cr_assert_eq(priority(100000, 3), -XEN_EINVAL);
    cr_assert_eq(priority(port, 15), 0);
}

Test(fifo, a_port_that_is_closed_in_a_queue_is_not_given_again_before_it_left)
{
    start_fifo(1);
    uint32_t port = ipi_to(0), seen;
    on_port(EVTCHNOP_send, port);
    cr_assert_eq(on_port(EVTCHNOP_close, port), 0);
    cr_assert_eq(words[port], LINKED, "what was pending is forgotten");
    cr_assert_eq(ipi_to(0), port + 1);
    cr_assert_eq(consume(EVTCHN_FIFO_PRIORITY_DEFAULT, &seen, 1), 1);
    cr_assert_eq(ipi_to(0), port);
    cr_assert_eq(on_port(EVTCHNOP_send, port), 0);
    cr_assert_eq(control->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
    for (uint32_t i = 1; i < WORDS; i++) {
        words[i] |= LINKED;
    }
    cr_assert_eq(ipi_to(0), 0, "a guest that links all its free ports has none");
}

Test(fifo, a_poller_wakes_for_its_port)
{
    start_fifo(2);
    uint32_t wanted = ipi_to(0), other = ipi_to(0);
    words[wanted] = words[other] = MASKED;
    guest->vcpus[1]->pause_flags = VCPU_POLLING;
    guest->vcpus[1]->poll_port = wanted;
    guest->has_polled = true;
    on_port(EVTCHNOP_send, other);
    cr_assert_eq(guest->vcpus[1]->pause_flags, VCPU_POLLING);
    cr_assert_eq(event_channel_poll(guest, wanted), 0);
    on_port(EVTCHNOP_send, wanted);
    cr_assert_eq(guest->vcpus[1]->pause_flags, 0);
    cr_assert_eq(event_channel_poll(guest, wanted), 1);
    cr_assert_eq(event_channel_poll(guest, 50), -XEN_EINVAL, "a free one");
    cr_assert_eq(event_channel_poll(guest, ~0u), -XEN_EINVAL);
}

Test(fifo, the_upcall_is_raised_where_the_vcpu_info_has_moved_to)
{
    start_fifo(1);
    mfn_t place = frame_alloc_domain(guest, 0, 0);
    uint32_t port = ipi_to(0);
    cr_assert_eq(event_channel_register_vcpu_info(guest->vcpus[0], place.n, 64), 0);
    struct vcpu_info *info = (void *)((char *)machine_frame(place) + 64);
    info->evtchn_upcall_pending = 0;
    on_port(EVTCHNOP_send, port);
    cr_assert_eq(info->evtchn_upcall_pending, 1);
}

Test(fifo, the_toolstacks_limit_counts_and_the_words_are_131072)
{
    start_fifo(1);
    uint32_t port = 0, last = 0;
    while ((port = ipi_to(0)) != 0) {
        last = port;
    }
    cr_assert_eq(last, 1023, "the guest's configuration says so");
    fake_run(world.dom0->vcpus[0]);
    world.dom0->max_frames = 8;
    cr_assert_eq(init_control(frame_alloc_domain(world.dom0, 0, 0).n, 0, 0), 0);
    mfn_t same = frame_alloc_domain(world.dom0, 0, 0);
    for (int i = 0; i < 128; i++) {
        cr_assert_eq(expand(same.n), 0);
    }
    cr_assert_eq(expand(same.n), -XEN_ENOSPC);
    for (int i = 0; i < 5000; i++) {
        last = ipi_to(0);
    }
    cr_assert_eq(last, 5000, "more than 2-level has");
    cr_assert_eq(on_port(EVTCHNOP_send, last), 0);
    fake_preempt_every = 3;
    int64_t result;
    while ((result = reset()) == -XEN_ERESTART) {
    }
    cr_assert_eq(result, 0);
    fake_preempt_every = 0;
    cr_assert_eq(on_port(EVTCHNOP_send, 4096), -XEN_EINVAL);
    for (int i = 0; i < 5000; i++) {
        last = ipi_to(0) != 0 ? (uint32_t)i + 1 : last;
    }
    cr_assert_eq(last, 4095);
}

/* What the guest wrote into the words, its links above all, is nobody's index. */
Test(fifo, EF1_links_of_the_guests_are_never_followed)
{
    start_fifo(1);
    uint32_t ports[3] = {ipi_to(0), ipi_to(0), ipi_to(0)};
    char *before = machine_frame(guards[0]), *after = machine_frame(guards[1]);
    cr_assert(guards[0].n == array_frame.n - 1 && guards[1].n == control_frame.n + 1);
    char kept[2][PAGE_SIZE];
    memcpy(kept[0], before, PAGE_SIZE);
    memcpy(kept[1], after, PAGE_SIZE);
    for (uint32_t value = 0; value < 64; value++) {
        for (uint32_t i = 0; i < 3; i++) {
            words[ports[i]] = value << 26 | (value % 3 == 0 ? ports[i] : EVTCHN_FIFO_LINK_MASK);
        }
        memset(control, (int)(value * 4), sizeof(*control));
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t port = ports[(value + i) % 3];
            cr_assert_eq(on_port(EVTCHNOP_send, port), 0);
            cr_assert_eq(on_port(EVTCHNOP_unmask, port), 0);
            cr_assert_neq(words[port] & PENDING, 0);
        }
    }
    cr_assert_eq(memcmp(kept[0], before, PAGE_SIZE), 0);
    cr_assert_eq(memcmp(kept[1], after, PAGE_SIZE), 0);
}

static volatile bool stop_writing;

static void *write_madly(void *seed)
{
    uint64_t state = (uint64_t)seed;
    while (!stop_writing) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint32_t port = 1 + (uint32_t)(state >> 61) % 4;
        uint32_t *place = (state >> 60 & 1) != 0 ? &words[port] : &control->head[port];
        __atomic_store_n(place, (uint32_t)(state >> 20), __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Another vCPU of the guest rewrites words and heads all the time: every call ends, and the guest works again once it stops. */
Test(fifo, EF2_words_that_change_meanwhile_hold_nobody_up)
{
    start_fifo(1);
    uint32_t ports[4] = {ipi_to(0), ipi_to(0), ipi_to(0), ipi_to(0)}, seen[4];
    pthread_t writers[2];
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(pthread_create(&writers[i], NULL, write_madly, (void *)(i + 1)), 0);
    }
    for (int i = 0; i < 50000; i++) {
        uint32_t port = ports[i % 4];
        cr_assert_eq(on_port(i % 3 == 0 ? EVTCHNOP_unmask : EVTCHNOP_send, port), 0);
        if (i % 97 == 0) {
            (void)priority(port, (uint32_t)i % 16);
        }
    }
    stop_writing = true;
    for (size_t i = 0; i < 2; i++) {
        pthread_join(writers[i], NULL);
    }
    memset(control, 0, sizeof(*control));
    memset(words, 0, PAGE_SIZE);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(priority(ports[i], 9), 0);
        cr_assert_eq(on_port(EVTCHNOP_send, ports[i]), 0);
    }
    cr_assert_eq(consume(9, seen, 4), 4);
    cr_assert_eq(seen[0], ports[0]);
    cr_assert_eq(seen[3], ports[3]);
}

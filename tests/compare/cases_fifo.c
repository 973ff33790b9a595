/* SPDX-License-Identifier: MIT */
/* FIFO event channels: how a domain changes to them, what an event word and a queue look like afterwards, and the way back. */
#include <stdlib.h>
#include <string.h>

#include <public/event_channel.h>
#include <public/sched.h>
#include <public/xen.h>
#include <pvk/hypercall.h>

#include "compare.h"

#define WORDS_PER_PAGE (4096 / sizeof(event_word_t))
#define LAST_OFFSET    (4096 - sizeof(struct evtchn_fifo_control_block))

static struct spare_page control_page, array_page;
static volatile struct evtchn_fifo_control_block *control;
static volatile event_word_t *words;

static long init_control(uint64_t frame, uint32_t offset, uint32_t vcpu)
{
    struct evtchn_init_control op = {.control_gfn = frame, .offset = offset, .vcpu = vcpu};
    long result = hypercall_event_channel_op(EVTCHNOP_init_control, &op);
    return result != 0 ? result : op.link_bits;
}

static long expand(uint64_t frame)
{
    struct evtchn_expand_array op = {.array_gfn = frame};
    return hypercall_event_channel_op(EVTCHNOP_expand_array, &op);
}

static long priority(uint32_t port, uint32_t level)
{
    struct evtchn_set_priority op = {.port = port, .priority = level};
    return hypercall_event_channel_op(EVTCHNOP_set_priority, &op);
}

static long on_port(unsigned int command, uint32_t port)
{
    return hypercall_event_channel_op(command, &port);
}

static uint32_t ipi(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};
    return hypercall_event_channel_op(EVTCHNOP_bind_ipi, &op) == 0 ? op.port : 0;
}

/* P, M, L, B as a number of four binary digits. */
static long bits(uint32_t port)
{
    uint32_t word = words[port];
    return (long)(word >> EVTCHN_FIFO_PENDING & 1) * 1000 +
           (long)(word >> EVTCHN_FIFO_MASKED & 1) * 100 +
           (long)(word >> EVTCHN_FIFO_LINKED & 1) * 10 + (long)(word >> EVTCHN_FIFO_BUSY & 1);
}

static uint32_t link_of(uint32_t port)
{
    return words[port] & EVTCHN_FIFO_LINK_MASK;
}

/* As a guest does that has handled everything. */
static void consume(const uint32_t *ports, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        words[ports[i]] = 0;
    }
    control->ready = 0;
}

static long poll_port(uint32_t port)
{
    struct sched_poll poll = {.nr_ports = 1, .timeout = 1};
    set_xen_guest_handle(poll.ports, &port);
    return hypercall_sched_op(SCHEDOP_poll, &poll);
}

static void changing(uint32_t early)
{
    struct spare_page table = spare_page();
    memset(table.address, 0, 4096);
    (void)spare_map(table, ENTRY_PRESENT);
    (void)on_port(EVTCHNOP_send, early);
    show("fifo.init vcpu 77", init_control(control_page.mfn, 0, 77));
    show("fifo.init beyond the page", init_control(control_page.mfn, LAST_OFFSET + 8, 0));
    show("fifo.init offset 2^31", init_control(control_page.mfn, 1u << 31, 0));
    show("fifo.init misaligned", init_control(control_page.mfn, 4, 0));
    show("fifo.init no frame", init_control(~0ul >> 12, 0, 0));
    show("fifo.init not ours", init_control(0, 0, 0));
    show("fifo.still two-level", expand(array_page.mfn));
    show("fifo.two-level priority", priority(early, 3));
    show("fifo.two-level poll of port 60", poll_port(60));
    show("fifo.two-level poll of port 300", poll_port(300));
    show("fifo.two-level poll of port 4095", poll_port(4095));
    show("fifo.two-level poll of port 4096", poll_port(4096));
    struct evtchn_op compat = {.cmd = EVTCHNOP_expand_array};
    show("fifo.compat", hypercall1(__HYPERVISOR_event_channel_op_compat, (unsigned long)&compat));
    show("fifo.init", init_control(control_page.mfn, LAST_OFFSET, 0));
    show("fifo.init again", init_control(control_page.mfn, 0, 0));
    show("fifo.send before the array", on_port(EVTCHNOP_send, early));
    show("fifo.unmask before the array", on_port(EVTCHNOP_unmask, early));
    show("fifo.expand no frame", expand(~0ul >> 12));
    show("fifo.expand not ours", expand(0));
    show("fifo.expand", expand(array_page.mfn));
    show("fifo.what was pending is linked", bits(early));
    show("fifo.ready", control->ready);
    show("fifo.head", control->head[EVTCHN_FIFO_PRIORITY_DEFAULT] == early);
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = array_page.mfn};
    (void)spare_map(array_page, ENTRY_PRESENT);
    show("fifo.array as a page table", hypercall_mmuext_op(&pin, 1, NULL, DOMID_SELF));
    (void)spare_map(array_page, ENTRY_PRESENT | ENTRY_WRITE);
}

static void words_and_queues(uint32_t early)
{
    uint32_t ports[3] = {early, ipi(), ipi()};
    consume(ports, 3);
    words[early] = 1u << EVTCHN_FIFO_MASKED;
    show("word.send masked", on_port(EVTCHNOP_send, early));
    show("word.masked", bits(early));
    show("word.not ready", control->ready);
    show("word.unmask", on_port(EVTCHNOP_unmask, early));
    show("word.unmasked", bits(early));
    show("word.unmasked is ready", control->ready);
    (void)on_port(EVTCHNOP_send, ports[1]);
    (void)on_port(EVTCHNOP_send, ports[2]);
    show("queue.first names second", link_of(ports[0]) == ports[1]);
    show("queue.second names third", link_of(ports[1]) == ports[2]);
    show("queue.third names none", link_of(ports[2]));
    show("queue.head stays", control->head[EVTCHN_FIFO_PRIORITY_DEFAULT] == early);
    consume(ports, 3);
    (void)on_port(EVTCHNOP_send, ports[1]);
    show("queue.a new head", control->head[EVTCHN_FIFO_PRIORITY_DEFAULT] == ports[1]);
    words[ports[1]] |= 1u << EVTCHN_FIFO_BUSY;
    (void)on_port(EVTCHNOP_send, ports[2]);
    show("queue.busy is cleared", bits(ports[1]));
    consume(ports, 3);
    words[ports[0]] = 1u << EVTCHN_FIFO_LINKED | ports[0];
    (void)on_port(EVTCHNOP_send, ports[0]);
    show("queue.linked already", bits(ports[0]));
    show("queue.linked already, not ready", control->ready);
    consume(ports, 3);
    struct evtchn_status state = {.dom = DOMID_SELF, .port = ports[0]};
    words[ports[0]] = 1u << EVTCHN_FIFO_PENDING | 1u << EVTCHN_FIFO_MASKED;
    show("word.status", hypercall_event_channel_op(EVTCHNOP_status, &state));
    show("word.poll", poll_port(ports[0]));
    consume(ports, 3);
}

static void priorities(void)
{
    uint32_t ports[2] = {ipi(), ipi()};
    show("priority.16", priority(ports[0], 16));
    show("priority.2^32-1", priority(ports[0], ~0u));
    show("priority.port 0", priority(0, 1));
    show("priority.port max", priority(~0u, 1));
    show("priority.15", priority(ports[0], 15));
    show("priority.0", priority(ports[1], 0));
    (void)on_port(EVTCHNOP_send, ports[0]);
    (void)on_port(EVTCHNOP_send, ports[1]);
    show("priority.ready", control->ready);
    show("priority.head 15", control->head[15] == ports[0]);
    show("priority.head 0", control->head[0] == ports[1]);
    words[ports[1]] &= ~(1u << EVTCHN_FIFO_PENDING);
    show("priority.change of a linked one", priority(ports[1], 9));
    (void)on_port(EVTCHNOP_send, ports[1]);
    show("priority.it stays where it is", control->ready);
    show("close.linked", on_port(EVTCHNOP_close, ports[1]));
    show("close.pending is gone", bits(ports[1]));
    uint32_t other = ipi();
    show("close.a linked number is not given again", other != ports[1]);
    consume(ports, 2);
    show("close.unlinked it is", ipi() == ports[1]);
    (void)on_port(EVTCHNOP_send, ports[1]);
    show("close.its priority is the default", control->ready);
    consume(ports, 2);
    show("close.priority of a closed one", on_port(EVTCHNOP_close, other));
    show("close.priority is set", priority(other, 1));
}

static void many(void)
{
    struct evtchn_send send = {.port = 100000};
    uint32_t last = 0;
    long result = 0;
    for (unsigned int i = 1; i < 128 && result == 0; i++) {
        struct spare_page page = spare_page();
        memset(page.address, 0, 4096);
        result = expand(page.mfn);
    }
    show("many.128 pages", result);
    show("many.129 pages", expand(spare_page().mfn));
    for (unsigned int i = 0; i < 4200; i++) {
        last = ipi();
    }
    show("many.beyond two-level", last > 4096);
    show("many.send", on_port(EVTCHNOP_send, last));
    show("many.close", on_port(EVTCHNOP_close, last));
    show("many.poll", poll_port(last));
    show("many.poll beyond", poll_port(100000));
    show("many.poll 2^17", poll_port(1u << 17));
    show("many.send to none", hypercall_event_channel_op(EVTCHNOP_send, &send));
}

static void back(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = array_page.mfn};
    show("fifo.reset", hypercall_event_channel_op(EVTCHNOP_reset, &reset));
    show("fifo.two-level again", expand(array_page.mfn));
    show("fifo.port 1 is free", ipi() == 1);
    memset(array_page.address, 0, 4096);
    (void)spare_map(array_page, ENTRY_PRESENT);
    show("fifo.the array's frame is free", hypercall_mmuext_op(&pin, 1, NULL, DOMID_SELF));
    pin.cmd = MMUEXT_UNPIN_TABLE;
    (void)hypercall_mmuext_op(&pin, 1, NULL, DOMID_SELF);
    (void)spare_map(array_page, ENTRY_PRESENT | ENTRY_WRITE);
    show("fifo.init after reset", init_control(control_page.mfn, 0, 0));
}

void cases_fifo(void)
{
    control_page = spare_page();
    array_page = spare_page();
    memset(control_page.address, 0, 4096);
    memset(array_page.address, 0, 4096);
    control = (void *)((char *)control_page.address + LAST_OFFSET);
    words = array_page.address;
    uint32_t early = ipi();
    changing(early);
    words_and_queues(early);
    priorities();
    many();
    back();
}

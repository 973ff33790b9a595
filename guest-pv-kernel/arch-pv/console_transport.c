/* SPDX-License-Identifier: MIT */
/*
 * Where console bytes go: a shared ring with the back end (a domU), else the hypervisor's own
 * console by console_io (dom0; it also adds the CR to each LF there). Invariant CR1: we write only
 * in_cons and out_prod, and clamp what the other end claims. Guest ABI: io/console.h, console_io,
 * VIRQ_CONSOLE. Read next: ../core/console.c
 */
#include <string.h>
#include <public/xen.h>
#include <public/event_channel.h>
#include <public/io/console.h>
#include <public/sched.h>
#include <pvk/event.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/start.h>
#include <pvk/time.h>
#include "../core/core.h"
#include "../core/arch.h"

#define IO_CHUNK 512u

static struct xencons_interface *ring;
static event_port_t ring_port;

static uint32_t ring_room(void)
{
    uint32_t used = ring->out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);

    return used > sizeof(ring->out) ? 0 : (uint32_t)sizeof(ring->out) - used;
}

static size_t ring_write(const char *bytes, size_t count)
{
    uint32_t room = ring_room();
    uint32_t produced = ring->out_prod;

    count = count < room ? count : room;
    for (size_t i = 0; i < count; i++) {
        ring->out[MASK_XENCONS_IDX(produced++, ring->out)] = bytes[i];
    }
    __atomic_store_n(&ring->out_prod, produced, __ATOMIC_SEQ_CST);
    event_send(ring_port);
    return count;
}

size_t console_transport_write(const char *bytes, size_t count)
{
    static char chunk[IO_CHUNK]; /* the hypervisor's argument is not const */

    if (ring != NULL) {
        return ring_write(bytes, count);
    }
    count = count < IO_CHUNK ? count : IO_CHUNK;
    memcpy(chunk, bytes, count);
    (void)hypercall_console_io(CONSOLEIO_write, (unsigned int)count, chunk);
    return count;
}

static size_t ring_read(char *bytes, size_t count)
{
    uint32_t consumed = ring->in_cons;
    uint32_t available = __atomic_load_n(&ring->in_prod, __ATOMIC_ACQUIRE) - consumed;

    available = available > sizeof(ring->in) ? (uint32_t)sizeof(ring->in) : available;
    count = count < available ? count : available;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = ring->in[MASK_XENCONS_IDX(consumed++, ring->in)];
    }
    __atomic_store_n(&ring->in_cons, consumed, __ATOMIC_SEQ_CST);
    if (count > 0) {
        event_send(ring_port);
    }
    return count;
}

size_t console_transport_read(char *bytes, size_t count)
{
    long got;

    if (ring != NULL) {
        return ring_read(bytes, count);
    }
    got = hypercall_console_io(CONSOLEIO_read, (unsigned int)count, bytes);
    return got < 0 ? 0 : (size_t)got;
}

/* The port's pending bit would end the poll at once, so it is put aside and raised again after: its
 * handler has not run. */
void console_transport_wait(void)
{
    evtchn_port_t port = ring_port;
    struct sched_poll poll = {.nr_ports = 1,
                              .timeout = time_monotonic_ns() + 10 * TIME_MILLISECOND_NS};

    if (ring != NULL) {
        event_set_pending(port, false);
        if (ring_room() == 0) {
            set_xen_guest_handle(poll.ports, &port);
            (void)hypercall_sched_op(SCHEDOP_poll, &poll);
        }
        event_set_pending(port, true);
    }
}

int console_transport_empty(void)
{
    return ring == NULL || ring_room() == sizeof(ring->out);
}

int console_transport_is_raw(void)
{
    return ring != NULL;
}

static void console_rang(event_port_t port, void *data)
{
    (void)port;
    (void)data;
    core_console_event();
}

void console_init(void)
{
    const struct start_info *start = start_information();

    if (start_is_initial_domain()) {
        (void)event_bind_virq(VIRQ_CONSOLE, console_rang, NULL);
    } else if (start->console.domU.mfn != 0) {
        ring = memory_address_of_pfn(memory_pfn_of_mfn(start->console.domU.mfn));
        ring_port = start->console.domU.evtchn;
        (void)event_attach(ring_port, console_rang, NULL);
    }
}

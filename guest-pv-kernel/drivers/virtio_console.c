/* SPDX-License-Identifier: MIT */
/*
 * virtio-serial (see virtio_console.h); section numbers are those of the virtio 1.0 specification.
 *
 * Owns: struct virtio_console, never freed.
 * Invariant: VC1, VC2 (virtio_console.h).
 * Read next: virtio_pci.c.
 */
#include "virtio_console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/memory.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#include "virtio_pci.h"

#define FEATURE_MULTIPORT (1ull << 1)

/* 5.3.4: where max_nr_ports lies in the device's configuration. */
#define CONFIG_MAX_PORTS 4u

/* 5.3.6.2: control messages. */
#define CONTROL_DEVICE_READY 0u
#define CONTROL_PORT_ADD     1u
#define CONTROL_PORT_REMOVE  2u
#define CONTROL_PORT_READY   3u
#define CONTROL_PORT_OPEN    6u
#define CONTROL_PORT_NAME    7u

/* 5.3.2: queues of port 0, control, then ports 1 and up. We serve the first few ports. */
#define QUEUE_CONTROL_IN  2u
#define QUEUE_CONTROL_OUT 3u
#define PORT_LIMIT        4u

#define RECEIVE_BUFFERS   8u /* also the size of the transmit queue: more than TRANSMIT_SLOTS */
#define RECEIVE_SIZE      4096u
#define RECEIVE_ORDER     3u
#define TRANSMIT_ORDER    3u
#define TRANSMIT_SLOTS    4u
#define CONTROL_BUFFERS   16u
#define CONTROL_SIZE      128u
#define CONTROL_OUT_SLOTS 32u
#define CONTROL_OUT_SIZE  32u
#define NO_PORT           UINT32_MAX

struct control_message {
    uint32_t port;
    uint16_t event;
    uint16_t value;
};

struct receive_buffer {
    uint8_t *bytes;
    uint32_t length;
    uint32_t taken;
    struct receive_buffer *next; /* in the list of unread ones */
};

struct transmit_slot {
    uint8_t *bytes;
    bool in_flight;
    bool abandoned; /* its sender does not wait any more */
    uint64_t sequence;
};

struct virtio_console {
    struct virtio_device device;
    struct virtio_device_queue receive[PORT_LIMIT];
    struct virtio_device_queue transmit[PORT_LIMIT];
    struct virtio_device_queue control_in;
    struct virtio_device_queue control_out;
    unsigned int nr_ports;
    const char *wanted_name;
    uint32_t wanted; /* the port's number once its name is known */
    bool connected;
    bool changed; /* the host came or went since the last read */
    uint8_t *control_pages;
    unsigned int next_control_out;
    struct wait_queue readable;

    struct receive_buffer buffers[RECEIVE_BUFFERS];
    struct receive_buffer *unread;
    struct receive_buffer *last_unread;

    struct mutex transmit_mutex;
    struct wait_queue sent;
    struct transmit_slot slots[TRANSMIT_SLOTS];
    uint64_t next_sequence;
};

static uint16_t receive_queue_index(unsigned int port)
{
    return (uint16_t)(port == 0 ? 0 : 2 + 2 * port);
}

/* Control messages out are fire and forget; a slot is long taken when its turn comes again. */
static void send_control(struct virtio_console *console, uint32_t port, uint16_t event,
                         uint16_t value)
{
    unsigned int slot = console->next_control_out++ % CONTROL_OUT_SLOTS;
    uint8_t *bytes = console->control_pages + MEMORY_PAGE_SIZE + slot * CONTROL_OUT_SIZE;
    struct control_message message = {.port = port, .event = event, .value = value};
    struct virtio_buffer buffer = {memory_machine_address_of(bytes), sizeof(message)};
    uint32_t written;

    while (virtio_queue_take(&console->control_out.ring, &written) != NULL) {
    }
    memcpy(bytes, &message, sizeof(message));
    if (virtio_queue_add(&console->control_out.ring, &buffer, 1, 0, bytes) == 0) {
        virtio_pci_kick(&console->control_out);
    }
}

static void post(struct virtio_device_queue *queue, uint8_t *bytes, uint32_t size, void *token)
{
    struct virtio_buffer buffer = {memory_machine_address_of(bytes), size};

    /* There are as many descriptors as buffers: this cannot run out. */
    (void)virtio_queue_add(&queue->ring, &buffer, 0, 1, token);
}

static void post_receive(struct virtio_console *console, struct receive_buffer *buffer)
{
    post(&console->receive[console->wanted], buffer->bytes, RECEIVE_SIZE, buffer);
}

/* Move what the device has filled to the list of unread buffers. */
static void collect_received(struct virtio_console *console)
{
    struct receive_buffer *buffer;
    uint32_t length;

    if (console->wanted == NO_PORT) {
        return;
    }
    while ((buffer = virtio_queue_take(&console->receive[console->wanted].ring, &length)) != NULL) {
        buffer->length = length < RECEIVE_SIZE ? length : RECEIVE_SIZE;
        buffer->taken = 0;
        buffer->next = NULL;
        if (console->unread == NULL) {
            console->unread = buffer;
        } else {
            console->last_unread->next = buffer;
        }
        console->last_unread = buffer;
        wait_queue_wake_all(&console->readable);
    }
}

/* Give the first unread buffer back to the device. */
static void recycle(struct virtio_console *console)
{
    struct receive_buffer *buffer = console->unread;

    console->unread = buffer->next;
    post_receive(console, buffer);
}

/* The device sends in order: what was given to it before `sequence` and is not back was lost. */
static void forget_before(struct virtio_console *console, uint64_t sequence)
{
    for (unsigned int i = 0; i < TRANSMIT_SLOTS; i++) {
        struct transmit_slot *slot = &console->slots[i];
        if (slot->in_flight && slot->sequence < sequence) {
            virtio_queue_forget(&console->transmit[console->wanted].ring, slot);
            slot->in_flight = false;
        }
    }
}

static void collect_sent(struct virtio_console *console)
{
    struct transmit_slot *slot;
    uint32_t length;

    if (console->wanted == NO_PORT) {
        return;
    }
    while ((slot = virtio_queue_take(&console->transmit[console->wanted].ring, &length)) != NULL) {
        slot->in_flight = false;
        forget_before(console, slot->sequence);
        wait_queue_wake_all(&console->sent);
    }
}

/* QEMU never returns the chain that it was sending when it found the host gone. It may also hold a
 * chain that we gave it a moment ago. So nobody waits for either, and the buffers stay as they are
 * until a later chain comes back (forget_before). */
static void abandon_sent(struct virtio_console *console)
{
    collect_sent(console);
    for (unsigned int i = 0; i < TRANSMIT_SLOTS; i++) {
        console->slots[i].abandoned = true;
    }
    wait_queue_wake_all(&console->sent);
}

/* VC1. The device wrote the bytes of the old connection before it told us of its end, so they are
 * all in the queue by now. */
static void set_connected(struct virtio_console *console, bool connected)
{
    collect_received(console);
    while (console->unread != NULL) {
        recycle(console);
    }
    virtio_pci_kick(&console->receive[console->wanted]);
    if (!connected) {
        abandon_sent(console);
    }
    console->connected = connected;
    console->changed = true;
    wait_queue_wake_all(&console->readable);
}

static void adopt_port(struct virtio_console *console, uint32_t port)
{
    console->wanted = port;
    for (unsigned int i = 0; i < RECEIVE_BUFFERS; i++) {
        post_receive(console, &console->buffers[i]);
    }
    virtio_pci_kick(&console->receive[port]);
    send_control(console, port, CONTROL_PORT_OPEN, 1);
    wait_queue_wake_all(&console->readable);
}

static void on_control(struct virtio_console *console, const uint8_t *bytes, uint32_t length)
{
    struct control_message message;

    if (length < sizeof(message) || length > CONTROL_SIZE) {
        return;
    }
    memcpy(&message, bytes, sizeof(message));
    if (message.port >= console->nr_ports) {
        return;
    }
    if (message.event == CONTROL_PORT_ADD) {
        send_control(console, message.port, CONTROL_PORT_READY, 1);
    } else if (message.event == CONTROL_PORT_NAME && console->wanted == NO_PORT) {
        const char *name = (const char *)bytes + sizeof(message);
        size_t name_length = strnlen(name, length - sizeof(message));
        if (name_length == strlen(console->wanted_name) &&
            memcmp(name, console->wanted_name, name_length) == 0) {
            adopt_port(console, message.port);
        }
    } else if (message.event == CONTROL_PORT_OPEN && message.port == console->wanted) {
        set_connected(console, message.value != 0);
    } else if (message.event == CONTROL_PORT_REMOVE && message.port == console->wanted) {
        set_connected(console, false);
    }
}

static void on_interrupt(event_port_t port, void *data)
{
    struct virtio_console *console = data;
    uint8_t *bytes;
    uint32_t length;

    (void)port;
    while ((bytes = virtio_queue_take(&console->control_in.ring, &length)) != NULL) {
        on_control(console, bytes, length);
        post(&console->control_in, bytes, CONTROL_SIZE, bytes);
        virtio_pci_kick(&console->control_in);
    }
    collect_received(console);
    collect_sent(console);
}

static int set_up_queues(struct virtio_console *console)
{
    struct virtio_device *device = &console->device;
    int result =
        virtio_pci_setup_queue(device, QUEUE_CONTROL_IN, CONTROL_BUFFERS, &console->control_in);

    if (result == 0) {
        result = virtio_pci_setup_queue(device, QUEUE_CONTROL_OUT, CONTROL_OUT_SLOTS,
                                        &console->control_out);
    }
    for (unsigned int port = 0; result == 0 && port < console->nr_ports; port++) {
        uint16_t index = receive_queue_index(port);
        result = virtio_pci_setup_queue(device, index, RECEIVE_BUFFERS, &console->receive[port]);
        if (result == 0) {
            result = virtio_pci_setup_queue(device, (uint16_t)(index + 1), RECEIVE_BUFFERS,
                                            &console->transmit[port]);
        }
    }
    return result;
}

static int allocate_buffers(struct virtio_console *console)
{
    uint8_t *receive = memory_alloc_dma(RECEIVE_ORDER, 0);

    console->control_pages = memory_alloc_dma(1, 0);
    if (receive == NULL || console->control_pages == NULL) {
        return -ENOMEM;
    }
    for (unsigned int i = 0; i < TRANSMIT_SLOTS; i++) {
        console->slots[i].bytes = memory_alloc_dma(TRANSMIT_ORDER, 0);
        if (console->slots[i].bytes == NULL) {
            return -ENOMEM;
        }
    }
    for (unsigned int i = 0; i < RECEIVE_BUFFERS; i++) {
        console->buffers[i].bytes = receive + i * RECEIVE_SIZE;
    }
    return 0;
}

static int start(struct virtio_console *console)
{
    int result = virtio_pci_find(VIRTIO_TYPE_CONSOLE, 0, &console->device);

    if (result < 0) {
        return result;
    }
    result = virtio_pci_start(&console->device, FEATURE_MULTIPORT, on_interrupt, console);
    if (result < 0) {
        return result;
    }
    if ((console->device.features & FEATURE_MULTIPORT) == 0) {
        return -ENODEV;
    }
    uint32_t most = virtio_pci_config32(&console->device, CONFIG_MAX_PORTS);
    console->nr_ports = most < PORT_LIMIT ? most : PORT_LIMIT;
    result = allocate_buffers(console);
    if (result == 0) {
        result = set_up_queues(console);
    }
    if (result < 0) {
        virtio_pci_fail(&console->device);
        return result;
    }
    virtio_pci_ready(&console->device);
    for (unsigned int i = 0; i < CONTROL_BUFFERS; i++) {
        uint8_t *bytes = console->control_pages + i * CONTROL_SIZE;
        post(&console->control_in, bytes, CONTROL_SIZE, bytes);
    }
    virtio_pci_kick(&console->control_in);
    send_control(console, 0, CONTROL_DEVICE_READY, 1);
    return 0;
}

int virtio_console_open(const char *port_name, struct virtio_console **console)
{
    struct virtio_console *new_console = calloc(1, sizeof(*new_console));
    uint64_t deadline = time_monotonic_ns() + TIME_SECOND_NS;

    if (new_console == NULL) {
        return -ENOMEM;
    }
    new_console->wanted = NO_PORT;
    new_console->wanted_name = port_name;
    int result = start(new_console);
    if (result < 0) {
        return result; /* its memory stays: the device may have seen it */
    }
    while (new_console->wanted == NO_PORT) {
        if (!wait_queue_wait(&new_console->readable, deadline)) {
            virtio_pci_fail(&new_console->device);
            return -ENODEV;
        }
    }
    *console = new_console;
    return 0;
}

ssize_t virtio_console_read(struct virtio_console *console, void *buffer, size_t count)
{
    while (console->unread == NULL && !console->changed) {
        if (!wait_queue_wait(&console->readable, THREAD_FOREVER)) {
            return -EINTR;
        }
    }
    if (console->changed) {
        console->changed = false;
        return 0;
    }
    struct receive_buffer *first = console->unread;
    uint32_t left = first->length - first->taken;
    size_t taken = count < left ? count : left;
    memcpy(buffer, first->bytes + first->taken, taken);
    first->taken += (uint32_t)taken;
    if (first->taken == first->length) {
        recycle(console);
        virtio_pci_kick(&console->receive[console->wanted]);
    }
    return (ssize_t)taken;
}

bool virtio_console_connected(const struct virtio_console *console)
{
    return console->connected;
}

/* A slot that the device does not hold; the oldest is given up when all are lost. */
static struct transmit_slot *free_slot(struct virtio_console *console)
{
    struct transmit_slot *oldest = &console->slots[0];

    for (unsigned int i = 0; i < TRANSMIT_SLOTS; i++) {
        struct transmit_slot *slot = &console->slots[i];
        if (!slot->in_flight) {
            return slot;
        }
        oldest = slot->sequence < oldest->sequence ? slot : oldest;
    }
    forget_before(console, oldest->sequence + 1);
    return oldest;
}

static void transmit(struct virtio_console *console, struct transmit_slot *slot, size_t length)
{
    struct virtio_device_queue *queue = &console->transmit[console->wanted];
    struct virtio_buffer buffer = {memory_machine_address_of(slot->bytes), (uint32_t)length};

    if (virtio_queue_add(&queue->ring, &buffer, 1, 0, slot) < 0) {
        return;
    }
    slot->in_flight = true;
    slot->abandoned = false;
    slot->sequence = console->next_sequence++;
    virtio_pci_kick(queue);
    while (slot->in_flight && !slot->abandoned) {
        wait_queue_wait_always(&console->sent);
    }
}

void virtio_console_write(struct virtio_console *console, const void *header, size_t header_length,
                          const void *payload, size_t payload_length)
{
    mutex_lock(&console->transmit_mutex);
    if (console->connected && header_length + payload_length <= VIRTIO_CONSOLE_WRITE_MAX) {
        struct transmit_slot *slot = free_slot(console);
        memcpy(slot->bytes, header, header_length);
        if (payload_length != 0) {
            memcpy(slot->bytes + header_length, payload, payload_length);
        }
        transmit(console, slot, header_length + payload_length);
    }
    mutex_unlock(&console->transmit_mutex);
}

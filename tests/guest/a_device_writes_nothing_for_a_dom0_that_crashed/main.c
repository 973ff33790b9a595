/* SPDX-License-Identifier: MIT */
/*
 * DR1. A first domain asks a slow disk for more than it gives in three seconds, and crashes. The disk has taken the requests: no ring
 * needs to be whole for it to write where they say. The next domain takes all its memory and sees that nothing appears in it: the device
 * was stopped before the frames had another owner.
 *
 * Append: dom0-restart
 * QEMU: -drive file=hypervisor,format=raw,if=none,id=slow,readonly=on,throttling.bps-total=40000 -device virtio-blk-pci,drive=slow,disable-legacy=on
 * Xen: no
 */
#include <stdlib.h>
#include <string.h>

#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#include "../../../guest-pv-kernel/drivers/virtio_pci.h"
#include "outcome.h"

#define NR_REQUESTS  40
#define FIRST_SECTOR 64 /* the image holds code there, not zeroes */
#define WATCHED_NS   (3 * TIME_SECOND_NS)

struct request {
    uint32_t type, reserved; /* 0: read */
    uint64_t sector;
    uint8_t status;
};

static void on_interrupt(event_port_t port, void *data)
{
    (void)port;
    (void)data;
}

static _Noreturn void ask_and_crash(void)
{
    static struct virtio_device device;
    static struct virtio_device_queue queue;
    uint32_t written;
    uint64_t deadline = time_monotonic_ns() + 5 * TIME_SECOND_NS;

    OUTCOME_EXPECT_EQUAL(pci_init(), 0);
    OUTCOME_EXPECT_EQUAL(virtio_pci_find(VIRTIO_TYPE_BLOCK, 0, &device), 0);
    OUTCOME_EXPECT_EQUAL(virtio_pci_start(&device, 0, on_interrupt, NULL), 0);
    OUTCOME_EXPECT_EQUAL(virtio_pci_setup_queue(&device, 0, 128, &queue), 0);
    virtio_pci_ready(&device);
    for (unsigned int i = 0; i < NR_REQUESTS; i++) {
        /* Virtio 1.0, 5.2.6: what to do, the data, a byte of status. */
        struct request *request = memory_alloc_page();
        uint64_t place = memory_machine_address_of(request);
        struct virtio_buffer buffers[] = {
            {place, 16}, {memory_machine_address_of(memory_alloc_page()), 4096}, {place + 16, 1}};

        request->sector = FIRST_SECTOR + i * 8;
        OUTCOME_EXPECT_EQUAL(virtio_queue_add(&queue.ring, buffers, 1, 2, request), 0);
    }
    virtio_pci_kick(&queue);
    while (virtio_queue_take(&queue.ring, &written) == NULL) {
        OUTCOME_EXPECT(time_monotonic_ns() < deadline); /* the device works */
    }
    shutdown_crash();
}

static _Noreturn void watch_memory(void)
{
    static unsigned char *pages[65536];
    size_t count = 0;

    while (count < 65536 && memory_nr_free_pages() > 64 &&
           (pages[count] = memory_alloc_page()) != NULL) {
        count++;
    }
    OUTCOME_EXPECT(count > 8192);
    thread_sleep(WATCHED_NS);
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < MEMORY_PAGE_SIZE; at += sizeof(uint64_t)) {
            OUTCOME_EXPECT_EQUAL(*(uint64_t *)(void *)(pages[i] + at), 0);
        }
    }
    outcome_success();
}

int main(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[argc - 1], "restart=0") == 0) {
        ask_and_crash();
    }
    watch_memory();
}

/* SPDX-License-Identifier: MIT */
/*
 * virtio 1.0 over PCI (see virtio_pci.h); section numbers are those of the virtio 1.0 specification.
 *
 * Owns: the device's registers.
 * Invariant: VP1, VP2 (virtio_pci.h).
 * Read next: virtio_queue.c, msix.c.
 */
#include "virtio_pci.h"

#include <errno.h>
#include <string.h>

#include <pvk/memory.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#include "msix.h"

#define VENDOR_VIRTIO       0x1af4u
#define DEVICE_TRANSITIONAL 0x1000u
#define DEVICE_MODERN       0x1040u
#define DEVICE_LAST         0x107fu

/* 4.1.4: the vendor capability that says where a register block lies. */
#define CAP_TYPE       3u
#define CAP_BAR        4u
#define CAP_OFFSET     8u
#define CAP_LENGTH     12u
#define CAP_MULTIPLIER 16u

#define BLOCK_COMMON 1u
#define BLOCK_NOTIFY 2u
#define BLOCK_DEVICE 4u

/* 4.1.4.3: the common registers. */
#define COMMON_DEVICE_FEATURE_SELECT 0u
#define COMMON_DEVICE_FEATURE        4u
#define COMMON_DRIVER_FEATURE_SELECT 8u
#define COMMON_DRIVER_FEATURE        12u
#define COMMON_MSIX_CONFIG           16u
#define COMMON_NUM_QUEUES            18u
#define COMMON_STATUS                20u
#define COMMON_QUEUE_SELECT          22u
#define COMMON_QUEUE_SIZE            24u
#define COMMON_QUEUE_MSIX            26u
#define COMMON_QUEUE_ENABLE          28u
#define COMMON_QUEUE_NOTIFY_OFF      30u
#define COMMON_QUEUE_DESCRIPTORS     32u
#define COMMON_QUEUE_AVAILABLE       40u
#define COMMON_QUEUE_USED            48u
#define COMMON_LENGTH                56u

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_FAILED      128u

#define FEATURE_VERSION_1 (1ull << 32)
#define NO_VECTOR         0xffffu
#define RESET_LIMIT       100u /* milliseconds */

static uint8_t read8(volatile uint8_t *base, uint32_t offset)
{
    return base[offset];
}

static uint16_t read16(volatile uint8_t *base, uint32_t offset)
{
    return *(volatile uint16_t *)(base + offset);
}

static uint32_t read32(volatile uint8_t *base, uint32_t offset)
{
    return *(volatile uint32_t *)(base + offset);
}

static void write16(volatile uint8_t *base, uint32_t offset, uint16_t value)
{
    *(volatile uint16_t *)(base + offset) = value;
}

static void write32(volatile uint8_t *base, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(base + offset) = value;
}

/* 4.1.3.1: 64-bit fields are written as two halves. */
static void write64(volatile uint8_t *base, uint32_t offset, uint64_t value)
{
    write32(base, offset, (uint32_t)value);
    write32(base, offset + 4, (uint32_t)(value >> 32));
}

static void add_status(struct virtio_device *device, uint8_t bits)
{
    device->common[COMMON_STATUS] = (uint8_t)(read8(device->common, COMMON_STATUS) | bits);
}

struct search {
    uint16_t type;
    unsigned int skip;
    struct pci_function found;
};

static bool matches(const struct pci_function *function, void *context)
{
    struct search *search = context;
    uint16_t type;

    if (function->vendor != VENDOR_VIRTIO || function->device < DEVICE_TRANSITIONAL ||
        function->device > DEVICE_LAST) {
        return false;
    }
    type = function->device >= DEVICE_MODERN ? (uint16_t)(function->device - DEVICE_MODERN)
                                             : function->subsystem;
    if (type != search->type || search->skip-- != 0) {
        return false;
    }
    search->found = *function;
    return true;
}

/* Map the first block of a kind; `*capability` receives its place. NULL when there is none. */
static volatile uint8_t *map_block(const struct pci_function *function, uint8_t kind,
                                   uint32_t *length, uint8_t *capability)
{
    uint8_t at = 0;

    while ((at = pci_find_capability(function, PCI_CAP_VENDOR, at)) != 0) {
        struct pci_bar bar;
        uint32_t offset = pci_read32(function, (uint8_t)(at + CAP_OFFSET));
        *length = pci_read32(function, (uint8_t)(at + CAP_LENGTH));
        if (pci_read8(function, (uint8_t)(at + CAP_TYPE)) != kind ||
            pci_read_bar(function, pci_read8(function, (uint8_t)(at + CAP_BAR)), &bar) != 0 ||
            !bar.is_memory || *length == 0 || (uint64_t)offset + *length > bar.size) {
            continue;
        }
        *capability = at;
        return memory_map_io(bar.base + offset, *length);
    }
    return NULL;
}

int virtio_pci_find(uint16_t type, unsigned int nth, struct virtio_device *device)
{
    struct search search = {.type = type, .skip = nth};
    uint32_t common_length;
    uint8_t capability;

    if (!pci_enumerate(matches, &search)) {
        return -ENODEV;
    }
    *device = (struct virtio_device){.function = search.found, .type = type};
    pci_enable(&device->function);
    device->common = map_block(&device->function, BLOCK_COMMON, &common_length, &capability);
    if (device->common == NULL || common_length < COMMON_LENGTH) {
        return -ENODEV;
    }
    device->config =
        map_block(&device->function, BLOCK_DEVICE, &device->config_length, &capability);
    if (device->config == NULL) {
        device->config_length = 0;
    }
    device->notify =
        map_block(&device->function, BLOCK_NOTIFY, &device->notify_length, &capability);
    if (device->notify == NULL) {
        return -ENODEV;
    }
    device->notify_multiplier =
        pci_read32(&device->function, (uint8_t)(capability + CAP_MULTIPLIER));
    return 0;
}

/* VP1. 4.1.4.3.2: reset is finished when the status reads back as zero. */
static int reset(struct virtio_device *device)
{
    device->common[COMMON_STATUS] = 0;
    for (unsigned int waited = 0; read8(device->common, COMMON_STATUS) != 0; waited++) {
        if (waited == RESET_LIMIT) {
            return -ENOTSUP;
        }
        thread_sleep(TIME_MILLISECOND_NS);
    }
    return 0;
}

/* 3.1.1 steps 4 to 6. */
static int agree(struct virtio_device *device, uint64_t wanted)
{
    uint64_t offered;

    write32(device->common, COMMON_DEVICE_FEATURE_SELECT, 0);
    offered = read32(device->common, COMMON_DEVICE_FEATURE);
    write32(device->common, COMMON_DEVICE_FEATURE_SELECT, 1);
    offered |= (uint64_t)read32(device->common, COMMON_DEVICE_FEATURE) << 32;
    device->features = offered & (wanted | FEATURE_VERSION_1);
    if ((device->features & FEATURE_VERSION_1) == 0) {
        return -ENOTSUP;
    }
    write32(device->common, COMMON_DRIVER_FEATURE_SELECT, 0);
    write32(device->common, COMMON_DRIVER_FEATURE, (uint32_t)device->features);
    write32(device->common, COMMON_DRIVER_FEATURE_SELECT, 1);
    write32(device->common, COMMON_DRIVER_FEATURE, (uint32_t)(device->features >> 32));
    add_status(device, STATUS_FEATURES_OK);
    return (read8(device->common, COMMON_STATUS) & STATUS_FEATURES_OK) != 0 ? 0 : -ENOTSUP;
}

int virtio_pci_start(struct virtio_device *device, uint64_t wanted, event_handler_t handler,
                     void *data)
{
    int result = reset(device);

    if (result == 0) {
        add_status(device, STATUS_ACKNOWLEDGE);
        add_status(device, STATUS_DRIVER);
        result = agree(device, wanted);
    }
    if (result == 0) {
        write16(device->common, COMMON_MSIX_CONFIG, NO_VECTOR);
        result = device->port = msix_bind(&device->function, 0, handler, data);
    }
    if (result < 0) {
        virtio_pci_fail(device);
        return result;
    }
    return 0;
}

int virtio_pci_setup_queue(struct virtio_device *device, uint16_t index, uint16_t size,
                           struct virtio_device_queue *queue)
{
    volatile uint8_t *common = device->common;

    if (index >= read16(common, COMMON_NUM_QUEUES)) {
        return -ENODEV;
    }
    write16(common, COMMON_QUEUE_SELECT, index);
    uint16_t most = read16(common, COMMON_QUEUE_SIZE);
    uint32_t doorbell = read16(common, COMMON_QUEUE_NOTIFY_OFF) * device->notify_multiplier;
    size = size < most ? size : most;
    size = size < VIRTIO_QUEUE_MAX_SIZE ? size : VIRTIO_QUEUE_MAX_SIZE;
    if (size == 0 || (uint64_t)doorbell + 2 > device->notify_length) {
        return -ENODEV;
    }
    struct virtio_queue_layout layout = virtio_queue_layout(size);
    unsigned int order = layout.total > MEMORY_PAGE_SIZE ? 1 : 0;
    void *memory = memory_alloc_dma(order, 0);
    if (memory == NULL) {
        return -ENOMEM;
    }
    memset(memory, 0, MEMORY_PAGE_SIZE << order);
    virtio_queue_init(&queue->ring, size, memory);
    queue->index = index;
    queue->doorbell = (volatile uint16_t *)(device->notify + doorbell);

    uint64_t base = memory_machine_address_of(memory);
    write16(common, COMMON_QUEUE_SIZE, size);
    write64(common, COMMON_QUEUE_DESCRIPTORS, base);
    write64(common, COMMON_QUEUE_AVAILABLE, base + layout.available_offset);
    write64(common, COMMON_QUEUE_USED, base + layout.used_offset);
    write16(common, COMMON_QUEUE_MSIX, 0);
    if (read16(common, COMMON_QUEUE_MSIX) != 0) {
        memory_free_dma(memory, order);
        return -EIO;
    }
    write16(common, COMMON_QUEUE_ENABLE, 1);
    return 0;
}

void virtio_pci_ready(struct virtio_device *device)
{
    add_status(device, STATUS_DRIVER_OK);
}

void virtio_pci_fail(struct virtio_device *device)
{
    device->common[COMMON_STATUS] = 0;
    add_status(device, STATUS_FAILED);
}

void virtio_pci_kick(struct virtio_device_queue *queue)
{
    if (virtio_queue_wants_notify(&queue->ring)) {
        *queue->doorbell = queue->index;
    }
}

uint8_t virtio_pci_config8(const struct virtio_device *device, uint32_t offset)
{
    return offset + 1 <= device->config_length ? read8(device->config, offset) : 0;
}

uint16_t virtio_pci_config16(const struct virtio_device *device, uint32_t offset)
{
    return offset + 2 <= device->config_length ? read16(device->config, offset) : 0;
}

uint32_t virtio_pci_config32(const struct virtio_device *device, uint32_t offset)
{
    return offset + 4 <= device->config_length ? read32(device->config, offset) : 0;
}

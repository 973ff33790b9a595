/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk (see virtio_block.h); section numbers are the virtio 1.0 specification's (5.2), and for
 * discard version 1.1's.
 *
 * Owns: struct disk, never freed; a page of request headers for each.
 * Invariant: VB1, VB2 (virtio_block.h).
 * Read next: virtio_queue.h.
 */
#include "virtio_block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvk/file.h>
#include <pvk/memory.h>
#include <pvk/thread.h>

#include "virtio_pci.h"

#define SECTOR       512u
#define NR_SLOTS     32u
#define NR_PIECES    34u /* of one request: its header, 32 pages of data, its status */
#define MOST_BYTES   ((NR_PIECES - 3) * MEMORY_PAGE_SIZE)
#define MOST_DISKS   26u
#define MOST_DISCARD (1u << 20) /* sectors of one request */

/* 5.2.3 */
#define FEATURE_READ_ONLY (1ull << 5)
#define FEATURE_FLUSH     (1ull << 9)
#define FEATURE_DISCARD   (1ull << 13)

/* 5.2.4: where in the device's registers */
#define CONFIG_CAPACITY     0u
#define CONFIG_MOST_DISCARD 36u

/* 5.2.6 */
enum { TYPE_READ = 0, TYPE_WRITE = 1, TYPE_FLUSH = 4, TYPE_DISCARD = 11 };

struct header {
    uint32_t type, reserved;
    uint64_t sector;
};

struct discard {
    uint64_t sector;
    uint32_t nr_sectors, flags;
};

/* What the device sees of a request beside its data: these lie in one page. */
struct shared {
    struct header header;
    struct discard discard;
    uint8_t status;
};

struct slot {
    struct shared *shared;
    bool used, answered;
};

struct disk {
    struct virtio_device device;
    struct virtio_device_queue queue;
    uint64_t nr_sectors, most_discard;
    struct slot slots[NR_SLOTS];
    struct wait_queue answered; /* a request was, so a slot may be free */
};

static void on_interrupt(event_port_t port, void *data)
{
    struct disk *disk = data;
    struct slot *slot;
    uint32_t written;

    (void)port;
    while ((slot = virtio_queue_take(&disk->queue.ring, &written)) != NULL) {
        slot->answered = true;
    }
    wait_queue_wake_all(&disk->answered);
}

/* Header, data in pieces that do not cross a page, status: 5.2.6. The number of data pieces. */
static unsigned int make_chain(const struct shared *shared, const void *bytes, size_t count,
                               struct virtio_buffer pieces[NR_PIECES])
{
    const char *at = bytes;
    unsigned int used = 1;

    pieces[0] =
        (struct virtio_buffer){memory_machine_address_of(&shared->header), sizeof(shared->header)};
    while (count > 0) {
        size_t room = MEMORY_PAGE_SIZE - ((uintptr_t)at & (MEMORY_PAGE_SIZE - 1));
        size_t length = count < room ? count : room;

        pieces[used++] = (struct virtio_buffer){memory_machine_address_of(at), (uint32_t)length};
        at += length;
        count -= length;
    }
    pieces[used] = (struct virtio_buffer){memory_machine_address_of(&shared->status), 1};
    return used - 1;
}

static struct slot *free_slot(struct disk *disk)
{
    for (unsigned int i = 0; i < NR_SLOTS; i++) {
        if (!disk->slots[i].used) {
            return &disk->slots[i];
        }
    }
    return NULL;
}

/* One request, waited for; others may be under way. */
static int request(struct disk *disk, uint32_t type, uint64_t sector, void *bytes, size_t count)
{
    struct virtio_buffer pieces[NR_PIECES];
    unsigned int data, readable;
    struct slot *slot;
    int result;

    while ((slot = free_slot(disk)) == NULL) {
        wait_queue_wait_always(&disk->answered);
    }
    slot->used = true;
    slot->answered = false;
    slot->shared->header = (struct header){type, 0, type == TYPE_DISCARD ? 0 : sector};
    slot->shared->status = 255;
    if (type == TYPE_DISCARD) {
        slot->shared->discard = (struct discard){sector, (uint32_t)(count / SECTOR), 0};
        bytes = &slot->shared->discard;
        count = sizeof(slot->shared->discard);
    }
    data = make_chain(slot->shared, bytes, count, pieces);
    readable = type == TYPE_READ ? 1 : 1 + data;
    while ((result = virtio_queue_add(&disk->queue.ring, pieces, readable, data + 2 - readable,
                                      slot)) == -ENOSPC) {
        wait_queue_wait_always(&disk->answered);
    }
    if (result == 0) {
        virtio_pci_kick(&disk->queue);
        while (!slot->answered) {
            wait_queue_wait_always(&disk->answered);
        }
        result = slot->shared->status == 0 ? 0 : slot->shared->status == 2 ? -ENOTSUP : -EIO;
    }
    slot->used = false;
    wait_queue_wake_all(&disk->answered);
    return result;
}

/* ---- as a file ---------------------------------------------------------------------------------- */

static ssize_t transfer(struct file *file, uint32_t type, char *bytes, size_t count)
{
    struct disk *disk = file->data;
    uint64_t size = disk->nr_sectors * SECTOR, position = (uint64_t)file->position;
    size_t done = 0;

    if (position >= size) {
        return type == TYPE_READ ? 0 : -ENOSPC;
    }
    count = count < size - position ? count : (size_t)(size - position);
    if (position % SECTOR != 0 || count % SECTOR != 0) {
        return -EINVAL;
    }
    while (done < count) {
        size_t piece = count - done < MOST_BYTES ? count - done : MOST_BYTES;
        int result = request(disk, type, (position + done) / SECTOR, bytes + done, piece);

        if (result != 0) {
            return done > 0 ? (ssize_t)done : result;
        }
        done += piece;
        file->position += (off_t)piece;
    }
    return (ssize_t)done;
}

static ssize_t disk_read(struct file *file, void *buffer, size_t count)
{
    return transfer(file, TYPE_READ, buffer, count);
}

static ssize_t disk_write(struct file *file, const void *buffer, size_t count)
{
    return transfer(file, TYPE_WRITE, (char *)(uintptr_t)buffer, count);
}

static off_t disk_lseek(struct file *file, off_t offset, int whence)
{
    const struct disk *disk = file->data;
    off_t base = whence == SEEK_CUR   ? file->position
                 : whence == SEEK_END ? (off_t)(disk->nr_sectors * SECTOR)
                                      : 0;

    if ((whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) ||
        __builtin_add_overflow(base, offset, &base) || base < 0) {
        return -EINVAL;
    }
    file->position = base;
    return base;
}

static int disk_sync(struct file *file)
{
    struct disk *disk = file->data;

    /* Without the feature every write is on the medium when it is answered (5.2.5.1). */
    return (disk->device.features & FEATURE_FLUSH) != 0 ? request(disk, TYPE_FLUSH, 0, NULL, 0) : 0;
}

static int disk_punch(struct file *file, off_t offset, off_t length)
{
    struct disk *disk = file->data;
    uint64_t sector = (uint64_t)offset / SECTOR, left = (uint64_t)length / SECTOR;
    int result = disk->most_discard == 0 ? -ENOTSUP : 0;

    if (result == 0 && (sector > disk->nr_sectors || left > disk->nr_sectors - sector)) {
        return -EINVAL;
    }
    while (result == 0 && left > 0) {
        uint64_t piece = left < disk->most_discard ? left : disk->most_discard;

        result = request(disk, TYPE_DISCARD, sector, NULL, (size_t)piece * SECTOR);
        sector += piece;
        left -= piece;
    }
    return result;
}

static void fill_status(const struct disk *disk, struct stat *status)
{
    bool read_only = (disk->device.features & FEATURE_READ_ONLY) != 0;

    memset(status, 0, sizeof(*status));
    status->st_mode = S_IFBLK | (read_only ? 0444 : 0644);
    status->st_nlink = 1;
    status->st_size = (off_t)(disk->nr_sectors * SECTOR);
    status->st_blksize = MEMORY_PAGE_SIZE;
    status->st_blocks = (blkcnt_t)disk->nr_sectors;
}

static int disk_stat(struct file *file, struct stat *status)
{
    fill_status(file->data, status);
    return 0;
}

static const struct file_operations file_operations = {
    .read = disk_read,
    .write = disk_write,
    .lseek = disk_lseek,
    .stat = disk_stat,
    .sync = disk_sync,
    .punch = disk_punch,
};

static int path_open(void *data, const char *path, int flags, mode_t mode, struct file **file)
{
    struct disk *disk = data;

    (void)mode;
    if (strcmp(path, "/") != 0) {
        return -ENOTDIR;
    }
    if ((flags & O_ACCMODE) != O_RDONLY && (disk->device.features & FEATURE_READ_ONLY) != 0) {
        return -EROFS;
    }
    *file = file_create(&file_operations, disk, flags);
    return *file == NULL ? -ENOMEM : 0;
}

static int path_stat(void *disk, const char *path, struct stat *status)
{
    if (strcmp(path, "/") != 0) {
        return -ENOTDIR;
    }
    fill_status(disk, status);
    return 0;
}

static const struct file_system_operations path_operations = {.open = path_open, .stat = path_stat};

/* ---- starting ----------------------------------------------------------------------------------- */

static int start(struct disk *disk, unsigned int number)
{
    char name[] = "/dev/vda";
    struct shared *shared = memory_alloc_page();
    int result;

    _Static_assert(NR_SLOTS * sizeof(*shared) <= MEMORY_PAGE_SIZE, "one page");
    if (shared == NULL) {
        return -ENOMEM;
    }
    memset(shared, 0, MEMORY_PAGE_SIZE);
    for (unsigned int i = 0; i < NR_SLOTS; i++) {
        disk->slots[i].shared = &shared[i];
    }
    result = virtio_pci_start(&disk->device, FEATURE_READ_ONLY | FEATURE_FLUSH | FEATURE_DISCARD,
                              on_interrupt, disk);
    if (result == 0) {
        result = virtio_pci_setup_queue(&disk->device, 0, VIRTIO_QUEUE_MAX_SIZE, &disk->queue);
    }
    if (result < 0) {
        virtio_pci_fail(&disk->device);
        memory_free_page(shared);
        return result;
    }
    virtio_pci_ready(&disk->device);
    disk->nr_sectors = virtio_pci_config32(&disk->device, CONFIG_CAPACITY) |
                       (uint64_t)virtio_pci_config32(&disk->device, CONFIG_CAPACITY + 4) << 32;
    if ((disk->device.features & FEATURE_DISCARD) != 0) {
        disk->most_discard = virtio_pci_config32(&disk->device, CONFIG_MOST_DISCARD);
        disk->most_discard = disk->most_discard < MOST_DISCARD ? disk->most_discard : MOST_DISCARD;
    }
    name[sizeof(name) - 2] = (char)('a' + number);
    return file_mount(name, &path_operations, disk);
}

int virtio_block_start(void)
{
    for (unsigned int number = 0; number < MOST_DISKS; number++) {
        struct disk *disk = calloc(1, sizeof(*disk));
        int result =
            disk == NULL ? -ENOMEM : virtio_pci_find(VIRTIO_TYPE_BLOCK, number, &disk->device);

        if (result == 0) {
            result = start(disk, number);
        }
        if (result != 0) {
            free(disk);
            return result == -ENODEV ? (int)number : result;
        }
    }
    return (int)MOST_DISKS;
}

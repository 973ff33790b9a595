/* SPDX-License-Identifier: MIT */
/*
 * Disks by Mini-OS's names. Owns: requests that were answered, until blkfront_aio_poll() takes them.
 * Read next: ../include/pvk/block.h
 */
#include <mini-os/blkfront.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/block.h>

#include "port.h"

#define SECTOR       512u
#define XVD_MAJOR    202ul
#define XVD_PER_DISK 16ul

struct request {
    struct block_io io; /* first */
    struct request *next;
    struct blkfront_aiocb *aiocb;
    struct blkfront_dev *device;
    int result;
};

struct blkfront_dev {
    struct block_device *disk;
    struct request *answered, **last;
    unsigned int under_way;
};

DECLARE_WAIT_QUEUE_HEAD(blkfront_queue);

/* The name that the kernel gives the disk with this number. */
static void name_of(unsigned long number, char *name, size_t size)
{
    if (number >> 8 == XVD_MAJOR && number % XVD_PER_DISK == 0) {
        snprintf(name, size, "xvd%c", (char)('a' + (number & 255) / XVD_PER_DISK));
    } else {
        snprintf(name, size, "vbd%lu", number);
    }
}

static int find_number(const char *nodename, unsigned long *number)
{
    char **names;
    size_t count = 0;

    if (nodename != NULL) {
        return sscanf(nodename, "device/vbd/%lu", number) == 1 ? 0 : -EINVAL;
    }
    if (port_store_list(0, "device/vbd", &names, &count) < 0) {
        return -ENOENT;
    }
    if (count > 0) {
        *number = strtoul(names[0], NULL, 10);
    }
    free(names);
    return count > 0 ? 0 : -ENOENT;
}

struct blkfront_dev *init_blkfront(char *nodename, struct blkfront_info *info)
{
    struct blkfront_dev *device = calloc(1, sizeof(*device));
    struct block_information disk;
    unsigned long number;
    char name[24];

    if (device == NULL || find_number(nodename, &number) < 0) {
        free(device);
        return NULL;
    }
    name_of(number, name, sizeof(name));
    if (block_open(name, &device->disk) != 0 || block_information(device->disk, &disk) != 0) {
        free(device);
        return NULL;
    }
    device->last = &device->answered;
    info->sector_size = disk.sector_size;
    info->sectors = disk.nr_sectors / (disk.sector_size / SECTOR);
    info->mode = disk.read_only ? O_RDONLY : O_RDWR;
    info->info = (disk.read_only ? VDISK_READONLY : 0) | (disk.cdrom ? VDISK_CDROM : 0);
    info->barrier = info->flush = disk.can_flush;
    return device;
}

static void answered(struct block_io *io, int result)
{
    struct request *request = (struct request *)io;

    request->result = result;
    *request->device->last = request;
    request->device->last = &request->next;
    wake_up(&blkfront_queue);
}

static void submit(struct blkfront_aiocb *aiocb, enum block_operation_kind kind)
{
    struct request *request = calloc(1, sizeof(*request));
    int error;

    if (request == NULL) {
        aiocb->aio_cb(aiocb, -ENOMEM);
        return;
    }
    request->aiocb = aiocb;
    request->device = aiocb->aio_dev;
    request->io.kind = kind;
    request->io.sector = (uint64_t)aiocb->aio_offset / SECTOR;
    request->io.buffer = aiocb->aio_buf;
    request->io.bytes = kind == BLOCK_IO_FLUSH ? 0 : aiocb->aio_nbytes;
    request->io.done = answered;
    request->device->under_way++;
    error = block_submit(request->device->disk, &request->io);
    if (error != 0) {
        answered(&request->io, error);
    }
}

void blkfront_aio(struct blkfront_aiocb *aiocb, int write)
{
    aiocb->is_write = write != 0;
    submit(aiocb, write ? BLOCK_IO_WRITE : BLOCK_IO_READ);
}

void blkfront_aio_push_operation(struct blkfront_aiocb *aiocb, uint8_t operation)
{
    if (operation == BLKIF_OP_FLUSH_DISKCACHE || operation == BLKIF_OP_WRITE_BARRIER) {
        submit(aiocb, BLOCK_IO_FLUSH);
    } else {
        aiocb->aio_cb(aiocb, -EOPNOTSUPP);
    }
}

int blkfront_aio_poll(struct blkfront_dev *device)
{
    int count = 0;

    while (device->answered != NULL) {
        struct request *request = device->answered;

        device->answered = request->next;
        if (device->answered == NULL) {
            device->last = &device->answered;
        }
        device->under_way--;
        request->aiocb->aio_cb(request->aiocb, request->result);
        free(request);
        count++;
    }
    return count;
}

/* Runs callbacks until the flag is set. */
static void poll_until(struct blkfront_dev *device, const bool *done)
{
    while (!*done) {
        if (blkfront_aio_poll(device) == 0) {
            wait_event(blkfront_queue, device->answered != NULL);
        }
    }
}

static void one_done(struct blkfront_aiocb *aiocb, int result)
{
    (void)result;
    *(bool *)aiocb->data = true;
}

void blkfront_io(struct blkfront_aiocb *aiocb, int write)
{
    bool done = false;

    aiocb->aio_cb = one_done;
    /* cppcheck-suppress autoVariables ; taken back below */
    aiocb->data = &done;
    blkfront_aio(aiocb, write);
    poll_until(aiocb->aio_dev, &done);
    aiocb->data = NULL;
}

void blkfront_sync(struct blkfront_dev *device)
{
    bool done = false;
    struct blkfront_aiocb flush = {.aio_dev = device, .data = &done, .aio_cb = one_done};

    while (device->under_way > 0) {
        if (blkfront_aio_poll(device) == 0) {
            wait_event(blkfront_queue, device->answered != NULL);
        }
    }
    blkfront_aio_push_operation(&flush, BLKIF_OP_FLUSH_DISKCACHE);
    poll_until(device, &done);
}

void shutdown_blkfront(struct blkfront_dev *device)
{
    blkfront_sync(device);
    free(device);
}

/* SPDX-License-Identifier: MIT */
/*
 * Virtual disks. A name is that of the configuration ("xvda"); /dev/xvda is the same disk as a file,
 * for open, read, write, lseek, fsync of newlib.
 * Sectors are 512 bytes here, whatever the disk's own are; what is read or written starts and ends at
 * multiples of `sector_size`.
 * Invariant BF1: data goes through pages that are lent for nothing else: the back end never sees
 * other memory of ours, and what it does to a page after its response harms nobody.
 * Errors: -ENODEV the disk was taken away or was never there, -EIO the back end failed or broke the
 * protocol, -EINVAL outside the disk or not aligned, -EROFS, -EOPNOTSUPP.
 * Read next: ../../drivers/blkfront.c
 */
#ifndef PVK_BLOCK_H
#define PVK_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct block_device;

struct block_information {
    uint64_t nr_sectors;
    uint32_t sector_size;
    bool read_only, cdrom;
    bool can_discard;
    bool can_flush;     /* otherwise a write is durable when it is answered */
    bool persistent;    /* the same pages stay lent */
    unsigned int depth; /* requests that fit into the ring */
    size_t most_bytes;  /* of one request */
};

/* Connects on first use and waits for it; later calls give the same device. 0, or -ENODEV. */
int block_open(const char *name, struct block_device **device);
/* -ENODEV while it is not connected. */
int block_information(struct block_device *device, struct block_information *information);

/* The whole range; split and queued as the disk needs it. The caller waits; any number of threads
 * may. */
int block_read(struct block_device *device, uint64_t sector, void *buffer, size_t bytes);
int block_write(struct block_device *device, uint64_t sector, const void *buffer, size_t bytes);
/* Every write that was answered before is on the medium. */
int block_flush(struct block_device *device);

/* What these sectors hold is not wanted any more; they read as zeros or as before. -EOPNOTSUPP. */
int block_discard(struct block_device *device, uint64_t sector, uint64_t nr_sectors);

enum block_operation_kind { BLOCK_IO_READ, BLOCK_IO_WRITE, BLOCK_IO_FLUSH, BLOCK_IO_DISCARD };

/* One request, not waited for. */
struct block_io {
    enum block_operation_kind kind;
    uint64_t sector;
    void *buffer;
    size_t bytes; /* at most most_bytes; of a discard: any whole sectors */
    /* Called once, from an event handler or a thread: it may not wait. result: 0 or an errno. */
    void (*done)(struct block_io *io, int result);
    void *data; /* the caller's */
};

/* Waits for room in the ring, no longer. An error here means that `done` will not be called. */
int block_submit(struct block_device *device, struct block_io *io);

/* Makes disks appear as /dev/NAME. Called by the core at boot. */
void block_mount(void);

#ifdef __cplusplus
}
#endif

#endif

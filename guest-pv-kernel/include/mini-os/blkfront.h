/* SPDX-License-Identifier: MIT */
/*
 * Disks, over <pvk/block.h>. Callbacks run in blkfront_aio_poll(), which whoever waits calls.
 */
#ifndef MINI_OS_BLKFRONT_H
#define MINI_OS_BLKFRONT_H

#include <public/io/blkif.h>
#include <public/grant_table.h>
#include <mini-os/types.h>
#include <mini-os/wait.h>

#ifdef __cplusplus
extern "C" {
#endif

struct blkfront_dev;

struct blkfront_aiocb {
    struct blkfront_dev *aio_dev;
    uint8_t *aio_buf; /* of any alignment: data is copied */
    size_t aio_nbytes;
    off_t aio_offset; /* bytes; both are multiples of the sector size */
    size_t total_bytes;
    uint8_t is_write;
    void *data; /* the caller's */

    grant_ref_t gref[BLKIF_MAX_SEGMENTS_PER_REQUEST]; /* not used */
    int n;

    void (*aio_cb)(struct blkfront_aiocb *aiocb, int result); /* 0, or a negative errno */
};

struct blkfront_info {
    uint64_t sectors; /* of sector_size bytes */
    unsigned sector_size;
    int mode; /* O_RDONLY or O_RDWR */
    int info; /* VDISK_* */
    int barrier;
    int flush;
};

/* Something was answered. */
extern struct wait_queue_head blkfront_queue;

/* `nodename` "device/vbd/51712"; NULL: the first disk there is. Waits until it is connected. NULL: none. */
struct blkfront_dev *init_blkfront(char *nodename, struct blkfront_info *info);
/* Waits for room in the ring, no longer. */
void blkfront_aio(struct blkfront_aiocb *aiocb, int write);
#define blkfront_aio_read(aiocb)  blkfront_aio(aiocb, 0)
#define blkfront_aio_write(aiocb) blkfront_aio(aiocb, 1)
/* Waits for the answer. aio_cb is not called. */
void blkfront_io(struct blkfront_aiocb *aiocb, int write);
#define blkfront_read(aiocb)  blkfront_io(aiocb, 0)
#define blkfront_write(aiocb) blkfront_io(aiocb, 1)
/* BLKIF_OP_FLUSH_DISKCACHE and BLKIF_OP_WRITE_BARRIER: what was answered before is on the medium. */
void blkfront_aio_push_operation(struct blkfront_aiocb *aiocb, uint8_t operation);
/* Calls back for what was answered; returns how many. */
int blkfront_aio_poll(struct blkfront_dev *device);
/* Everything under way is answered and on the medium. */
void blkfront_sync(struct blkfront_dev *device);
void shutdown_blkfront(struct blkfront_dev *device);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * block_fault.h: a back end that misbehaves on purpose, for whoever writes a front end. The node `fault`
 * in the back end's directory holds words; it is read when the disk connects:
 *   slow=MS        wait before each answer          reorder=N      answer up to N in reverse order
 *   error=N        every N-th request fails         short=N        every N-th read gives half, and fails
 *   duplicate=N    every N-th answer comes twice    wrong-id=N     ... names no request
 *   wrong-op=N     ... names another operation      overrun=N      ... moves rsp_prod behind the ring
 *   hang=N         the N-th request and all behind it are not answered
 *   crash=N        the N-th is carried out and not answered; a new back end finds it in the ring
 *   reset=N        at the N-th the back end leaves (Closing)
 * Owns: nothing. Only dom0 can write the node. Invariant BLF1: without it nothing here runs.
 * Read next: block_device.c.
 */
#ifndef BACKENDS_BLOCK_FAULT_H
#define BACKENDS_BLOCK_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <public/io/blkif.h>

#define BLOCK_FAULT_HELD 32u

struct block_device;

struct block_fault {
    unsigned int slow, reorder, error, short_read, duplicate, wrong_id, wrong_operation, overrun;
    unsigned int hang, crash, reset;
    unsigned int nr_requests, nr_held;
    struct blkif_response held[BLOCK_FAULT_HELD];
};

/* NULL: no text, no memory, or a word that is none. */
struct block_fault *block_fault_read(const char *text);

/* Before a request is carried out. False: it is not to be, and fails. */
bool block_fault_admits(struct block_device *device);
/* A read's data is there: half of it may be all that reaches the guest. */
void block_fault_shorten(struct block_device *device);
/* In place of block_device_put: the answer, as the faults will have it. */
void block_fault_answer(struct block_device *device, const struct blkif_response *response);
/* No more requests for now: what was held back goes out. */
void block_fault_flush(struct block_device *device);

#endif

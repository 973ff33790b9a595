/* SPDX-License-Identifier: MIT */
/*
 * block_status.h: what the block back end says of one disk (block_backend.h has the conversation).
 * Owns: nothing. Read next: cmd_device.c.
 */
#ifndef PVCTL_BLOCK_STATUS_H
#define PVCTL_BLOCK_STATUS_H

#include <stdbool.h>
#include <stdint.h>

struct block_status {
    bool connected;
    unsigned long long requests, reads, writes, flushes, errors, mapped, copied;
    unsigned long long sectors_read, sectors_written, notifications;
    int last_error; /* an errno of this libc: what the file said last; 0: nothing went wrong */
    unsigned int produced, consumed, answered, slots, resumed;
};

/* verb: "status", or "restart", which gives what was before it. false: no back end knows the disk. */
bool block_status_ask(const char *verb, uint16_t domid, unsigned long number,
                      struct block_status *status);

#endif

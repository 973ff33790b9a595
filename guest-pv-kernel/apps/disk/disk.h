/* SPDX-License-Identifier: MIT */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <pvk/block.h>

#define ROUND_SECTORS 64u

extern const char *disk_name;
extern unsigned long disk_seed, disk_only, disk_times;

/* Each returns an exit status. */
int disk_bench(struct block_device *device);
int disk_verify(struct block_device *device);
_Noreturn int disk_flood(struct block_device *device);
int disk_fill(struct block_device *device);
_Noreturn int disk_watch(struct block_device *device);
int disk_plug(struct block_device *device);
int disk_stress(struct block_device *device);
int disk_lie(struct block_device *device);
int disk_rewrite(struct block_device *device);
int disk_rewind(struct block_device *device);
int disk_flap(struct block_device *device);
int disk_vanish(struct block_device *device);

/* The disk was taken away: wait until it is given again. */
void disk_come_back(struct block_device **device);

#endif

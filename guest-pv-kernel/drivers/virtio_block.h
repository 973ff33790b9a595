/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk: the machine's own disks, as the files /dev/vda, /dev/vdb … of dom0. Whole sectors at a time;
 * data goes to the device where it lies, without a copy.
 *
 * Invariant: VB1 what fsync returned for is on the medium (5.2.6: VIRTIO_BLK_T_FLUSH). VB2 a slot is not
 *            used again before the device has answered.
 * Read next: virtio_block.c.
 */
#ifndef DRIVERS_VIRTIO_BLOCK_H
#define DRIVERS_VIRTIO_BLOCK_H

/* Every disk that the machine has. The number of them, or a negative errno for the first that failed. */
int virtio_block_start(void);

#endif

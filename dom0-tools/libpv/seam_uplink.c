/* SPDX-License-Identifier: MIT */
/*
 * seam_uplink.c: the way out of the machine in our own dom0: its virtio network card. On another
 * dom0 this would be a tap device. Read next: seam.h.
 */
#include "dom0-tools/libpv/seam.h"

#include <public/errno.h>
#include <pvk/file.h>

#include "guest-pv-kernel/drivers/virtio_net.h"

int seam_uplink_open(void)
{
    struct file *card;

    return virtio_net_open(&card) < 0 ? -XEN_ENODEV : file_install(card);
}

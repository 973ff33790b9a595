/* SPDX-License-Identifier: MIT */
/*
 * vbd.h: virtual block devices in the store: their names and numbers, and the two directories of
 * nodes through which front end and back end find each other.
 * Owns: nothing. Invariant VBD1: both directories are made in one transaction, and both removed.
 * Guest ABI: io/blkif.h; the numbers are Xen's (xvda is 51712).
 * Read next: ../backends/block_backend.c.
 */
#ifndef LIBPV_VBD_H
#define LIBPV_VBD_H

#include <stdbool.h>
#include <stdint.h>

#include "dom0-tools/libpv/store.h"

#define VBD_NAME_SIZE 16
#define VBD_BACK_ROOT "/local/domain/0/backend/vbd"

/* "xvda" "xvdb1" "hda" "sda" "d0p1", or a decimal number. -1: there is no such device. */
int vbd_number(const char *name, uint32_t *number);
/* The name of a number that vbd_number gives; the number in digits otherwise. */
void vbd_name(uint32_t number, char name[VBD_NAME_SIZE]);

struct vbd {
    uint16_t domid;
    uint32_t number;
    const char *place; /* the file, as the back end opens it */
    bool writable, cdrom;
};

/* Both directories, states Initialising: the back end begins at once. -XEN_EEXIST: the domain has
 * such a device; otherwise the store's errors. */
int vbd_create(struct store *store, const struct vbd *vbd);
/* Which other domain has a disk behind the same file, when one of the two writes. false: none. */
bool vbd_in_use(struct store *store, const struct vbd *vbd, uint16_t *user);
/* Take both away at once. Safe to repeat. */
void vbd_remove(struct store *store, uint16_t domid, uint32_t number);
/* Remove the back end's directory for a domain when no device is left in it. */
void vbd_prune(struct store *store, uint16_t domid);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * device_store.h: the two directories of a split device in the store, as xl writes them: the guest's
 * /local/domain/N/device/TYPE/ID and dom0's /local/domain/0/backend/TYPE/N/ID, with the rights that
 * let each end write its own and read the other's.
 * Owns: nothing. Results are a negative Xen errno. Read next: store.h.
 */
#ifndef LIBPV_DEVICE_STORE_H
#define LIBPV_DEVICE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "dom0-tools/libpv/store.h"

struct device_name {
    const char *type; /* "vif", "vbd" */
    uint16_t domid;
    unsigned int id;
};

struct device_key {
    const char *key;
    char value[96];
};

/* "/local/domain/5/device/vif/0" and "/local/domain/0/backend/vif/5/0". */
void device_store_front(const struct device_name *name, char path[STORE_PATH_MAX]);
void device_store_back(const struct device_name *name, char path[STORE_PATH_MAX]);

/* Makes both directories in one transaction: what every device has (backend, frontend, states,
 * online, handle), then the given keys. */
int device_store_add(struct store *store, const struct device_name *name,
                     const struct device_key *front, size_t nr_front, const struct device_key *back,
                     size_t nr_back);
void device_store_remove(struct store *store, const struct device_name *name);
/* Asks the back end to give the device up: online = 0, state = Closing. */
int device_store_unplug(struct store *store, const struct device_name *name);

#endif

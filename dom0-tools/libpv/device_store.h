/* SPDX-License-Identifier: MIT */
/*
 * device_store.h: the two directories of a split device in the store, as xl writes them: the guest's
 * /local/domain/N/device/TYPE/ID and, for a back end in domain B, /local/domain/B/backend/TYPE/N/ID,
 * with the rights that let each end write its own and read the other's. The directories above belong
 * to dom0, so that no guest can make a device.
 * Owns: nothing. Results are a negative Xen errno. Read next: store.h.
 */
#ifndef LIBPV_DEVICE_STORE_H
#define LIBPV_DEVICE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0-tools/libpv/store.h"

struct device_name {
    const char *type; /* "vif", "vbd" */
    uint16_t domid;
    unsigned int id;
    uint16_t back_domid; /* where the back end is; 0 unless said */
};

struct device_key {
    const char *key;
    char value[96];
};

/* "/local/domain/5/device/vif/0" and "/local/domain/0/backend/vif/5/0", or another domain's. */
void device_store_front(const struct device_name *name, char path[STORE_PATH_MAX]);
void device_store_back(const struct device_name *name, char path[STORE_PATH_MAX]);

/* Makes both directories in one transaction: what every device has (backend, frontend, states,
 * online, handle), then the given keys. */
int device_store_add(struct store *store, const struct device_name *name,
                     const struct device_key *front, size_t nr_front, const struct device_key *back,
                     size_t nr_back);
/* Takes both away, and directories of the back end's that are empty then. Safe to repeat. */
void device_store_remove(struct store *store, const struct device_name *name);
/* Asks the back end to give the device up: online = 0, state = Closing. */
int device_store_unplug(struct store *store, const struct device_name *name);
/* Whose back end a device has: sets name->back_domid by what the toolstack wrote, not by what the
 * guest says. false: no domain has a directory for it. */
bool device_store_find_back(struct store *store, struct device_name *name);
/* A domain ended: takes away what back ends anywhere keep for it. */
void device_store_forget(struct store *store, uint16_t domid);

#endif

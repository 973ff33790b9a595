/* SPDX-License-Identifier: MIT */
/*
 * device_store.c: see device_store.h.
 * Guest ABI: the store's layout, io/xenbus.h. Read next: ../pvctl/cmd_network.c.
 */
#include "dom0-tools/libpv/device_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/errno.h>
#include <public/io/xenbus.h>

void device_store_front(const struct device_name *name, char path[STORE_PATH_MAX])
{
    snprintf(path, STORE_PATH_MAX, "/local/domain/%u/device/%s/%u", (unsigned int)name->domid,
             name->type, name->id);
}

void device_store_back(const struct device_name *name, char path[STORE_PATH_MAX])
{
    snprintf(path, STORE_PATH_MAX, "/local/domain/%u/backend/%s/%u/%u",
             (unsigned int)name->back_domid, name->type, (unsigned int)name->domid, name->id);
}

/* A directory of `owner` that `reader` may read; what is written below inherits that. */
static int make(struct store *store, uint32_t transaction, const char *path, unsigned int owner,
                unsigned int reader)
{
    char first[8], second[8];
    const char *permissions[2] = {first, second};
    int result = store_make_directory(store, transaction, path);

    snprintf(first, sizeof(first), "n%u", owner);
    snprintf(second, sizeof(second), "r%u", reader);
    return result < 0 ? result : store_set_permissions(store, transaction, path, permissions, 2);
}

static int write_keys(struct store *store, uint32_t transaction, const char *path,
                      const struct device_key *keys, size_t count)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < count; i++) {
        result = store_write_at(store, transaction, keys[i].value, "%s/%s", path, keys[i].key);
    }
    return result;
}

static int write_both(struct store *store, uint32_t transaction, const struct device_name *name,
                      const char *front, const char *back)
{
    char domid[8], back_domid[8], id[12], state[4];
    int result = make(store, transaction, front, name->domid, name->back_domid);

    snprintf(back_domid, sizeof(back_domid), "%u", (unsigned int)name->back_domid);
    snprintf(domid, sizeof(domid), "%u", (unsigned int)name->domid);
    snprintf(id, sizeof(id), "%u", name->id);
    snprintf(state, sizeof(state), "%d", XenbusStateInitialising);
    struct {
        const char *path, *key, *value;
    } rows[] = {
        {front, "backend", back},  {front, "backend-id", back_domid},
        {front, "handle", id},     {front, "state", state},
        {back, "frontend", front}, {back, "frontend-id", domid},
        {back, "online", "1"},     {back, "handle", id},
        {back, "state", state},
    };
    if (result == 0) {
        result = make(store, transaction, back, name->back_domid, name->domid);
    }
    for (size_t i = 0; result == 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
        result =
            store_write_at(store, transaction, rows[i].value, "%s/%s", rows[i].path, rows[i].key);
    }
    return result;
}

int device_store_add(struct store *store, const struct device_name *name,
                     const struct device_key *front, size_t nr_front, const struct device_key *back,
                     size_t nr_back)
{
    char front_path[STORE_PATH_MAX], back_path[STORE_PATH_MAX];
    uint32_t transaction;
    int result;

    device_store_front(name, front_path);
    device_store_back(name, back_path);
    do {
        result = store_transaction_start(store, &transaction);
        if (result < 0) {
            return result;
        }
        result = write_both(store, transaction, name, front_path, back_path);
        if (result == 0) {
            result = write_keys(store, transaction, front_path, front, nr_front);
        }
        if (result == 0) {
            result = write_keys(store, transaction, back_path, back, nr_back);
        }
        if (result < 0) {
            store_transaction_end(store, transaction, false);
            return result;
        }
        result = store_transaction_end(store, transaction, true);
    } while (result == -XEN_EAGAIN);
    return result;
}

/* Directories above a device that was taken away, for as long as they are empty: the domain's, the
 * type's. */
static void prune(struct store *store, char *path)
{
    char **names;
    size_t count;

    for (int i = 0; i < 2; i++) {
        *strrchr(path, '/') = '\0';
        if (store_directory(store, STORE_NO_TRANSACTION, path, &names, &count) < 0) {
            continue;
        }
        free(names);
        if (count > 0) {
            return;
        }
        store_remove(store, STORE_NO_TRANSACTION, path);
    }
}

void device_store_remove(struct store *store, const struct device_name *name)
{
    char path[STORE_PATH_MAX];

    device_store_front(name, path);
    store_remove(store, STORE_NO_TRANSACTION, path);
    device_store_back(name, path);
    store_remove(store, STORE_NO_TRANSACTION, path);
    prune(store, path);
}

int device_store_unplug(struct store *store, const struct device_name *name)
{
    char path[STORE_PATH_MAX], state[4];
    int result;

    device_store_back(name, path);
    snprintf(state, sizeof(state), "%d", XenbusStateClosing);
    result = store_write_at(store, STORE_NO_TRANSACTION, "0", "%s/online", path);
    return result < 0 ? result
                      : store_write_at(store, STORE_NO_TRANSACTION, state, "%s/state", path);
}

/* ---- back ends anywhere ------------------------------------------------------------------------- */

/* Calls back for each domain in the store until that returns true. */
static bool each_domain(struct store *store, bool (*visit)(struct store *, uint16_t, void *),
                        void *data)
{
    char **names;
    size_t count;
    bool found = false;

    if (store_directory(store, STORE_NO_TRANSACTION, "/local/domain", &names, &count) < 0) {
        return false;
    }
    for (size_t i = 0; i < count && !found; i++) {
        found = visit(store, (uint16_t)strtoul(names[i], NULL, 10), data);
    }
    free(names);
    return found;
}

static bool has_back(struct store *store, uint16_t domid, void *data)
{
    struct device_name *name = data;
    char path[STORE_PATH_MAX];
    char **names;
    size_t count = 0;

    name->back_domid = domid;
    device_store_back(name, path);
    if (store_directory(store, STORE_NO_TRANSACTION, path, &names, &count) == 0) {
        free(names);
    }
    return count > 0;
}

bool device_store_find_back(struct store *store, struct device_name *name)
{
    return each_domain(store, has_back, name);
}

/* dom0's own back ends of these watch their front ends, and take their directories away themselves,
 * after what is under way has ended. */
static bool removes_itself(uint16_t domid, const char *type)
{
    return domid == 0 && (strcmp(type, "vbd") == 0 || strcmp(type, "vif") == 0);
}

static bool forget_in(struct store *store, uint16_t domid, void *data)
{
    const uint16_t *gone = data;
    char path[STORE_PATH_MAX];
    char **types;
    size_t count;

    snprintf(path, sizeof(path), "/local/domain/%u/backend", (unsigned int)domid);
    if (store_directory(store, STORE_NO_TRANSACTION, path, &types, &count) < 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!removes_itself(domid, types[i])) {
            snprintf(path, sizeof(path), "/local/domain/%u/backend/%.64s/%u", (unsigned int)domid,
                     types[i], (unsigned int)*gone);
            if (store_remove(store, STORE_NO_TRANSACTION, path) == 0) {
                prune(store, path);
            }
        }
    }
    free(types);
    return false;
}

void device_store_forget(struct store *store, uint16_t domid)
{
    each_domain(store, forget_in, &domid);
}

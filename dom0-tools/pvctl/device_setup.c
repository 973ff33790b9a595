/* SPDX-License-Identifier: MIT */
/*
 * device_setup.c: see device_setup.h. Read next: ../../guest-pv-kernel/xenbus/device.c, the ends.
 */
#include "dom0-tools/pvctl/device_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/seam.h"
#include "guest-pv-kernel/xenbus/xenbus_device.h"

static bool is_there(struct store *store, const struct device_name *name)
{
    char path[STORE_PATH_MAX], *state;

    device_store_front(name, path);
    state = store_read_at(store, STORE_NO_TRANSACTION, "%s/state", path);
    free(state);
    return state != NULL;
}

static int choose_number(struct store *store, struct device_name *name, int wanted,
                         struct error *error)
{
    name->id = wanted >= 0 ? (unsigned int)wanted : 0;
    while (is_there(store, name)) {
        if (wanted >= 0) {
            error_set(error, ERROR_DOMAIN_STATE, "the domain has a device %s %u", name->type,
                      name->id);
            return error_hint(error, "choose another devid, or none: the first that is free");
        }
        name->id++;
    }
    return 0;
}

static int find_backend(struct store *store, struct device_name *name, const char *domain,
                        struct error *error)
{
    name->back_domid = 0;
    if (domain == NULL) {
        return 0;
    }
    if (domain_register_find(store, domain, &name->back_domid, error) < 0) {
        return error_hint(error, "the back end's domain is created before its front end's");
    }
    if (name->back_domid == name->domid) {
        return error_set(error, ERROR_USAGE, "a domain cannot be its own back end");
    }
    return 0;
}

int device_setup_attach(struct store *store, uint16_t domid, const struct config_device *device,
                        struct error *error)
{
    struct device_name name = {.type = device->type, .domid = domid};
    struct device_key front[CONFIG_MAX_DEVICE_KEYS], back[CONFIG_MAX_DEVICE_KEYS];
    size_t nr_front = 0, nr_back = 0;
    char reason[96];
    int result;

    if (find_backend(store, &name, device->backend, error) < 0 ||
        choose_number(store, &name, device->id, error) < 0) {
        return -1;
    }
    for (size_t i = 0; i < device->nr_keys; i++) {
        struct device_key *key = device->keys[i].front ? &front[nr_front++] : &back[nr_back++];

        key->key = device->keys[i].key;
        snprintf(key->value, sizeof(key->value), "%s", device->keys[i].value);
    }
    result = device_store_add(store, &name, front, nr_front, back, nr_back);
    if (result < 0) {
        error_describe_errno(result, reason, sizeof(reason));
        error_set(error, ERROR_STORE, "cannot make device %s %u", name.type, name.id);
        return error_why(error, "%s", reason);
    }
    return 0;
}

/* ---- detach ------------------------------------------------------------------------------------- */

static enum xenbus_state state_of(struct store *store, const char *directory)
{
    char *text = store_read_at(store, STORE_NO_TRANSACTION, "%s/state", directory);
    enum xenbus_state state = xenbus_device_parse_state(text);

    free(text);
    return state;
}

/* A back end in one of these holds nothing of the front end's. */
static bool holds_nothing(enum xenbus_state back)
{
    return back == XenbusStateUnknown || back == XenbusStateInitialising ||
           back == XenbusStateClosed;
}

/* 1: the back end let go; 0: it did not in time. */
static int wait_let_go(struct store *store, const char *back, uint64_t deadline_ns,
                       struct error *error)
{
    struct store_event event;

    store_watch(store, back, "detach");
    while (!holds_nothing(state_of(store, back))) {
        struct seam_wait wait = {store_descriptor(store), SEAM_READ, 0};
        uint64_t now_ns = seam_now_ns();

        if (now_ns >= deadline_ns) {
            return 0;
        }
        if (seam_wait_any(&wait, 1, (int)((deadline_ns - now_ns) / 1000000u) + 1) < 0) {
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
        }
        while (store_next_event(store, false, &event) > 0) {
            store_event_free(&event);
        }
    }
    return 1;
}

int device_setup_detach(struct store *store, struct device_name *name, unsigned long patience_s,
                        bool force, struct error *error)
{
    char front[STORE_PATH_MAX], back[STORE_PATH_MAX];
    int let_go = 1;

    if (!is_there(store, name)) {
        error_set(error, ERROR_NO_SUCH_DEVICE, "the domain has no device %s %u", name->type,
                  name->id);
        return error_hint(error, "`pvctl device-list' shows what it has");
    }
    device_store_front(name, front);
    if (device_store_find_back(store, name)) {
        device_store_back(name, back);
        if (!holds_nothing(state_of(store, back))) {
            device_store_unplug(store, name);
            let_go = wait_let_go(store, back, seam_now_ns() + patience_s * 1000000000ull, error);
        }
    }
    if (let_go < 0) {
        return -1;
    }
    if (let_go == 0 && !force) {
        error_set(error, ERROR_TIMEOUT, "device %s %u is still in use", name->type, name->id);
        error_why(error, "front end %s, back end %s",
                  xenbus_device_state_name(state_of(store, front)),
                  xenbus_device_state_name(state_of(store, back)));
        return error_hint(error, "--force takes it away all the same");
    }
    device_store_remove(store, name);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * domain_register.c: the store nodes that a PV guest and the tools expect of a domain.
 * Owns: /local/domain/N and /vm/UUID of domains that it registered.
 * Invariant REG1 (domain_register.h).
 * Guest ABI: the store's layout.
 * Read next: store.h.
 */
#include "dom0-tools/libpv/domain_register.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <public/errno.h>

#include "dom0-tools/libpv/device_store.h"
#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/keep.h"

#define ROW_PATH 160

void domain_register_uuid_text(const uint8_t uuid[DOMCTL_UUID_SIZE], char text[37])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < DOMCTL_UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[at++] = '-';
        }
        text[at++] = digits[uuid[i] >> 4];
        text[at++] = digits[uuid[i] & 15];
    }
    text[at] = '\0';
}

/* One node below a domain's home. Nodes the guest may write belong to it. */
struct home_node {
    const char *path;
    char value[32];
    bool guest_writes;
};

static int home_write(struct store *store, uint16_t domid, const struct home_node *node)
{
    char path[ROW_PATH], owner[8], reader[8];
    const char *permissions[2] = {owner, reader};
    int result;

    snprintf(path, sizeof(path), "/local/domain/%u%s%s", (unsigned int)domid,
             node->path[0] != '\0' ? "/" : "", node->path);
    result = store_write(store, STORE_NO_TRANSACTION, path, node->value);
    if (result < 0) {
        return result;
    }
    if (node->guest_writes) {
        snprintf(owner, sizeof(owner), "n%u", (unsigned int)domid);
        return store_set_permissions(store, STORE_NO_TRANSACTION, path, permissions, 1);
    }
    /* dom0 owns the node, the guest may read it. */
    snprintf(owner, sizeof(owner), "n0");
    snprintf(reader, sizeof(reader), "r%u", (unsigned int)domid);
    return store_set_permissions(store, STORE_NO_TRANSACTION, path, permissions, 2);
}

#define MAX_NODES 48

struct node_list {
    struct home_node nodes[MAX_NODES];
    size_t count;
};

static void node_add(struct node_list *list, const char *path, bool guest_writes,
                     const char *format, unsigned long long value)
{
    struct home_node *node = &list->nodes[list->count++];

    node->path = path;
    node->guest_writes = guest_writes;
    snprintf(node->value, sizeof(node->value), format, value);
}

/* Nodes that the guest writes into: it answers there, or tells what it can do. */
static const char *const guests_own[] = {
    "control/shutdown",
    "control/sysrq",
    "control/exit-status",
    "control/feature-poweroff",
    "control/feature-reboot",
    "control/feature-suspend",
    "control/feature-balloon",
    "device/suspend/event-channel",
    "data",
    "drivers",
    "feature",
    "attr",
    "error",
};

static void nodes_collect(struct node_list *list, const struct domain_built *built,
                          const struct domain_registration *values)
{
    list->count = 0;
    node_add(list, "", false, "", 0);
    node_add(list, "domid", false, "%llu", built->domid);
    node_add(list, "memory", false, "", 0);
    node_add(list, "memory/static-max", false, "%llu", values->max_memory_kib);
    node_add(list, "memory/target", false, "%llu", values->memory_kib);
    node_add(list, "store", false, "", 0);
    node_add(list, "store/port", false, "%llu", built->store_port);
    node_add(list, "store/ring-ref", false, "%llu", built->store_frame);
    node_add(list, "console", false, "", 0);
    node_add(list, "console/ring-ref", false, "%llu", built->console_frame);
    node_add(list, "console/port", false, "%llu", built->console_port);
    node_add(list, "console/limit", false, "1048576", 0);
    node_add(list, "console/type", false, "xenconsoled", 0);
    node_add(list, "console/output", false, "pty", 0);
    node_add(list, "cpu", false, "", 0);
    node_add(list, "device", false, "", 0);
    node_add(list, "device/suspend", false, "", 0);
    node_add(list, "control", false, "", 0);
    node_add(list, "control/platform-feature-multiprocessor-suspend", false, "1", 0);
    node_add(list, "control/platform-feature-xs_reset_watches", false, "1", 0);
    for (size_t i = 0; i < sizeof(guests_own) / sizeof(guests_own[0]); i++) {
        node_add(list, guests_own[i], true, "", 0);
    }
}

/* Which of the vCPUs the guest is to use. */
static int write_vcpus(struct store *store, uint16_t domid,
                       const struct domain_registration *values)
{
    int result = 0;

    for (unsigned int id = 0; result == 0 && id < values->max_vcpus; id++) {
        char path[40];
        struct home_node node = {path, "online", false};

        snprintf(path, sizeof(path), "cpu/%u/availability", id);
        if (id >= values->nr_vcpus) {
            snprintf(node.value, sizeof(node.value), "offline");
        }
        result = home_write(store, domid, &node);
    }
    return result;
}

static int write_named(struct store *store, const struct domain_request *request,
                       const struct domain_built *built, const struct domain_registration *values)
{
    unsigned int domid = built->domid;
    char uuid[37], vm[64], reader[8], start[24];
    const char *permissions[2] = {"n0", reader};
    char path[ROW_PATH];
    int result;

    domain_register_uuid_text(request->uuid, uuid);
    snprintf(vm, sizeof(vm), "/vm/%s", uuid);
    snprintf(reader, sizeof(reader), "r%u", domid);
    result = store_write_at(store, 0, values->name, "%s/name", vm);
    result = result < 0 ? result : store_write_at(store, 0, uuid, "%s/uuid", vm);
    result =
        result < 0 ? result : store_write_at(store, 0, values->on_poweroff, "%s/on_poweroff", vm);
    result = result < 0 ? result : store_write_at(store, 0, values->on_reboot, "%s/on_reboot", vm);
    result = result < 0 ? result : store_write_at(store, 0, values->on_crash, "%s/on_crash", vm);
    result = result < 0 ? result : store_write_at(store, 0, vm, "/local/domain/%u/vm", domid);
    result = result < 0 ? result
                        : store_write_at(store, 0, values->name, "/local/domain/%u/name", domid);
    snprintf(start, sizeof(start), "%lld", (long long)time(NULL));
    result = result < 0 ? result : store_write_at(store, 0, start, "%s/start_time", vm);
    if (result < 0) {
        return result;
    }
    snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
    result = store_set_permissions(store, 0, path, permissions, 2);
    snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
    return result < 0 ? result : store_set_permissions(store, 0, path, permissions, 2);
}

int domain_register(struct store *store, const struct domain_request *request,
                    const struct domain_built *built, const struct domain_registration *values,
                    struct error *error)
{
    struct node_list *list = calloc(1, sizeof(*list));
    uint16_t other;
    int result = 0;

    if (list == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "no memory to register '%s'", values->name);
    }
    if (domain_register_find_name(store, values->name, &other) == 0) {
        free(list);
        error_set(error, ERROR_NAME_IN_USE, "the name '%s' is in use", values->name);
        return error_why(error, "domain %u has it", (unsigned int)other);
    }
    nodes_collect(list, built, values);
    for (size_t i = 0; result == 0 && i < list->count; i++) {
        result = home_write(store, built->domid, &list->nodes[i]);
    }
    free(list);
    if (result == 0) {
        result = write_vcpus(store, built->domid, values);
    }
    if (result == 0) {
        result = write_named(store, request, built, values);
    }
    if (result == 0) {
        result = store_introduce(store, built->domid, built->store_frame, built->store_port);
    }
    if (result < 0) {
        char reason[96];

        domain_register_release(store, built->domid, request->uuid);
        error_describe_errno(result, reason, sizeof(reason));
        error_set(error, ERROR_STORE, "cannot register domain '%s' in the store", values->name);
        return error_why(error, "%s", reason);
    }
    return 0;
}

void domain_register_release(struct store *store, uint16_t domid,
                             const uint8_t uuid[DOMCTL_UUID_SIZE])
{
    char path[ROW_PATH], text[37];

    store_release(store, domid);
    snprintf(path, sizeof(path), "/local/domain/%u", (unsigned int)domid);
    store_remove(store, 0, path);
    device_store_forget(store, domid);
    domain_register_uuid_text(uuid, text);
    snprintf(path, sizeof(path), "/vm/%s", text);
    store_remove(store, 0, path);
}

void domain_register_name(struct store *store, uint16_t domid, char *text, size_t size)
{
    char *name = store == NULL
                     ? NULL
                     : store_read_at(store, 0, "/local/domain/%u/name", (unsigned int)domid);

    if (name != NULL && name[0] != '\0') {
        snprintf(text, size, "%s", name);
    } else if (domid == 0) {
        snprintf(text, size, "Domain-0");
    } else {
        snprintf(text, size, "domain-%u", (unsigned int)domid);
    }
    free(name);
}

#define LIST_BATCH 32

int domain_register_find_name(struct store *store, const char *name, uint16_t *domid)
{
    struct domain_info *infos = calloc(LIST_BATCH, sizeof(*infos));
    uint32_t first = 0;
    int count = infos == NULL ? 0 : domctl_list(0, infos, LIST_BATCH);

    while (count > 0) {
        for (int i = 0; i < count; i++) {
            char found[DOMAIN_NAME_MAX + 16];

            domain_register_name(store, infos[i].domid, found, sizeof(found));
            if (strcmp(found, name) == 0) {
                *domid = infos[i].domid;
                free(infos);
                return 0;
            }
        }
        first = infos[count - 1].domid + 1u;
        count = count < LIST_BATCH ? 0 : domctl_list((uint16_t)first, infos, LIST_BATCH);
    }
    free(infos);
    return -1;
}

int domain_register_find(struct store *store, const char *name_or_id, uint16_t *domid,
                         struct error *error)
{
    struct domain_info info;
    char *end;
    unsigned long number = strtoul(name_or_id, &end, 10);
    int result;

    if (name_or_id[0] >= '0' && name_or_id[0] <= '9' && *end == '\0') {
        result = number < DOMCTL_DOMID_FIRST_RESERVED ? domctl_info((uint16_t)number, &info)
                                                      : -XEN_ESRCH;
        if (result == 0 && !keep_is_handle(info.uuid)) {
            *domid = (uint16_t)number;
            return 0;
        }
        if (result < 0 && result != -XEN_ESRCH) {
            return error_hypercall(error, result, "cannot look domain %s up", name_or_id);
        }
    } else if (domain_register_find_name(store, name_or_id, domid) == 0) {
        return 0;
    }
    return error_set(error, ERROR_NO_SUCH_DOMAIN, "there is no domain '%s'", name_or_id);
}

/* SPDX-License-Identifier: MIT */
/*
 * device_lint.c: see device_lint.h. Read next: cmd_device.c.
 */
#include "dom0-tools/pvctl/device_lint.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/device_store.h"
#include "guest-pv-kernel/xenbus/xenbus_device.h"

enum { FRONT, BACK, ENDS };

/* Keys of one end's directory; a star stands for any end of a name. Lists end with NULL. */
static const char *const needed[ENDS][6] = {
    [FRONT] = {"backend", "backend-id", "state", NULL},
    [BACK] = {"frontend", "frontend-id", "online", "state", NULL},
};

static const struct known {
    const char *type;
    const char *const keys[ENDS][28];
    /* Of a front end that is Initialised or Connected; alternatives are divided by bars. */
    const char *const published[4];
} known[] = {
    {"vbd",
     {[FRONT] = {"virtual-device", "device-type", "ring-ref", "ring-ref*", "ring-page-order",
                 "num-ring-pages", "event-channel", "protocol", "feature-*",
                 "multi-queue-num-queues", "queue-*", "trusted", NULL},
      [BACK] = {"removable",
                "bootable",
                "dev",
                "type",
                "mode",
                "device-type",
                "params",
                "physical-device",
                "physical-device-path",
                "feature-*",
                "max-ring-page*",
                "sectors",
                "sector-size",
                "physical-sector-size",
                "info",
                "discard-*",
                "hotplug-*",
                "multi-queue-max-queues",
                "max-requests",
                "script",
                "domain",
                "discard-enable",
                "direct-io-safe",
                NULL}},
     {"ring-ref|ring-ref0|queue-0", "event-channel|queue-0", NULL}},
    {"vif",
     {[FRONT] = {"mac", "mtu", "tx-ring-ref", "rx-ring-ref", "event-channel", "event-channel-tx",
                 "event-channel-rx", "request-rx-copy", "feature-*", "multi-queue-num-queues",
                 "queue-*", "trusted", "xdp-headroom", NULL},
      [BACK] = {"mac", "mtu", "bridge", "ip", "vifname", "script", "type", "rate", "feature-*",
                "seen-ip", "hotplug-*", "multi-queue-max-queues", "domain", NULL}},
     {"tx-ring-ref|queue-0", "rx-ring-ref|queue-0", "event-channel|event-channel-tx|queue-0",
      NULL}},
};
static const char *const common[] = {"handle", "error", NULL};

/* One device while it is looked at. */
struct lint {
    struct store *store;
    struct device_name name;
    const struct known *known; /* NULL: a type of which nothing is known */
    char path[ENDS][STORE_PATH_MAX];
    unsigned int findings;
};

static void finding(struct lint *lint, int end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void finding(struct lint *lint, int end, const char *format, ...)
{
    va_list arguments;

    printf("%s/%u: %s end: ", lint->name.type, lint->name.id, end == FRONT ? "front" : "back");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    lint->findings++;
}

static bool in_list(const char *const *list, const char *key)
{
    for (; *list != NULL; list++) {
        size_t length = strlen(*list);

        if (strcmp(*list, key) == 0 ||
            ((*list)[length - 1] == '*' && strncmp(*list, key, length - 1) == 0)) {
            return true;
        }
    }
    return false;
}

static char *text_of(const struct lint *lint, int end, const char *key)
{
    return store_read_at(lint->store, STORE_NO_TRANSACTION, "%s/%s", lint->path[end], key);
}

static bool has(const struct lint *lint, int end, const char *key)
{
    char *text = text_of(lint, end, key);

    free(text);
    return text != NULL;
}

static void check_needed(struct lint *lint, int end)
{
    for (const char *const *key = needed[end]; *key != NULL; key++) {
        if (!has(lint, end, *key)) {
            finding(lint, end, "the key `%s' is missing", *key);
        }
    }
}

/* A key that holds a path or a number which follows from the device itself. */
static void check_value(struct lint *lint, int end, const char *key, const char *wanted)
{
    char *text = text_of(lint, end, key);

    if (text != NULL && strcmp(text, wanted) != 0) {
        finding(lint, end, "`%s' is `%.80s', not `%s'", key, text, wanted);
    }
    free(text);
}

static void check_state(struct lint *lint, int end)
{
    char *text = text_of(lint, end, "state");

    if (text != NULL && xenbus_device_parse_state(text) == XenbusStateUnknown) {
        finding(lint, end, "`%.20s' is no state", text);
    }
    free(text);
}

static void check_key(struct lint *lint, int end, const char *key)
{
    const struct known *type = lint->known;

    if (in_list(needed[end], key) || in_list(common, key) ||
        (type != NULL && in_list(type->keys[end], key))) {
        return;
    }
    if (in_list(needed[!end], key) || (type != NULL && in_list(type->keys[!end], key))) {
        finding(lint, end, "the key `%s' belongs to the %s end", key,
                end == FRONT ? "back" : "front");
    } else if (type != NULL) {
        finding(lint, end, "no %s has a key `%s'", type->type, key);
    }
}

/* Only the end's own domain may write; dom0 may anyway. */
static void check_rights(struct lint *lint, int end, const char *path, const char *shown)
{
    unsigned int owner = end == FRONT ? lint->name.domid : lint->name.back_domid;
    char **permissions;
    size_t count;

    if (store_permissions(lint->store, STORE_NO_TRANSACTION, path, &permissions, &count) < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        unsigned int domid = (unsigned int)strtoul(permissions[i] + 1, NULL, 10);
        bool writes = i == 0 || permissions[i][0] == 'w' || permissions[i][0] == 'b';

        if (writes && domid != owner && domid != 0) {
            finding(lint, end, "domain %u may write `%s'", domid, shown);
        }
        if (i == 0 && (permissions[i][0] == 'w' || permissions[i][0] == 'b')) {
            finding(lint, end, "every domain may write `%s'", shown);
        }
    }
    free(permissions);
}

static void check_directory(struct lint *lint, int end)
{
    char **keys;
    size_t count;

    check_rights(lint, end, lint->path[end], ".");
    if (store_directory(lint->store, STORE_NO_TRANSACTION, lint->path[end], &keys, &count) < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char path[STORE_PATH_MAX + 64];

        check_key(lint, end, keys[i]);
        snprintf(path, sizeof(path), "%s/%.60s", lint->path[end], keys[i]);
        check_rights(lint, end, path, keys[i]);
    }
    free(keys);
}

/* Whether one of the keys that bars divide is there. */
static bool has_one_of(const struct lint *lint, const char *alternatives)
{
    char copy[80];
    bool found = false;

    snprintf(copy, sizeof(copy), "%s", alternatives);
    for (char *key = strtok(copy, "|"); key != NULL && !found; key = strtok(NULL, "|")) {
        char below[48];

        snprintf(below, sizeof(below), "%s/event-channel", key); /* of queue-N, a directory */
        found = has(lint, FRONT, key) || has(lint, FRONT, below);
    }
    return found;
}

static void check_published(struct lint *lint)
{
    char *text = text_of(lint, FRONT, "state");
    enum xenbus_state state = xenbus_device_parse_state(text);

    free(text);
    if (lint->known == NULL || (state != XenbusStateInitialised && state != XenbusStateConnected)) {
        return;
    }
    for (const char *const *key = lint->known->published; *key != NULL; key++) {
        if (!has_one_of(lint, *key)) {
            finding(lint, FRONT, "is %s without any of `%s'", xenbus_device_state_name(state),
                    *key);
        }
    }
}

unsigned int device_lint(struct store *store, uint16_t domid, const char *type, const char *number)
{
    struct lint lint = {
        store, {type, domid, (unsigned int)strtoul(number, NULL, 10), 0}, NULL, {"", ""}, 0};
    char text[8];

    device_store_front(&lint.name, lint.path[FRONT]);
    if (!has(&lint, FRONT, "backend") && !has(&lint, FRONT, "state")) {
        return 0; /* no split device */
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        lint.known = strcmp(known[i].type, type) == 0 ? &known[i] : lint.known;
    }
    check_needed(&lint, FRONT);
    check_state(&lint, FRONT);
    check_published(&lint);
    if (!device_store_find_back(store, &lint.name)) {
        finding(&lint, BACK, "no domain has a directory for it");
        return lint.findings;
    }
    device_store_back(&lint.name, lint.path[BACK]);
    check_directory(&lint, FRONT);
    check_needed(&lint, BACK);
    check_state(&lint, BACK);
    check_directory(&lint, BACK);
    check_value(&lint, FRONT, "backend", lint.path[BACK]);
    check_value(&lint, BACK, "frontend", lint.path[FRONT]);
    snprintf(text, sizeof(text), "%u", (unsigned int)lint.name.back_domid);
    check_value(&lint, FRONT, "backend-id", text);
    snprintf(text, sizeof(text), "%u", (unsigned int)domid);
    check_value(&lint, BACK, "frontend-id", text);
    return lint.findings;
}

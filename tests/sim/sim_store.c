/* SPDX-License-Identifier: MIT */
/*
 * The store: absolute paths and texts in one list, watches that fire by prefix. Relative paths are of the
 * domain that asks. Owns: nodes, watches. Read next: sim_run.c
 */
#include "sim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/xenbus.h>

#define PATH 192

struct node {
    struct node *next;
    char path[PATH], value[PATH];
};

struct xenbus_watch {
    struct xenbus_watch *next;
    unsigned int side;
    char path[PATH];
    bool relative;
    xenbus_watch_handler_t handler;
    void *data;
};

struct event {
    struct event *next;
    struct xenbus_watch *watch;
    char path[PATH];
};

static struct node *nodes;
/* One at a time per domain, with one node written in it. */
static struct {
    uint64_t seen; /* the generation when it began */
    char path[PATH], value[PATH];
} transactions[SIM_DOMAINS];
static uint64_t generation;
static struct xenbus_watch *watches;
static struct event *events[SIM_DOMAINS];

static void absolute(const char *path, char result[PATH])
{
    if (path[0] == '/') {
        snprintf(result, PATH, "%s", path);
    } else {
        snprintf(result, PATH, "/local/domain/%u/%s", SIM_DOMID(sim_current), path);
    }
}

static bool is_below(const char *path, const char *top)
{
    size_t length = strlen(top);

    return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static void add_event(struct xenbus_watch *watch, const char *path)
{
    struct event **last = &events[watch->side], *event = calloc(1, sizeof(*event));
    const char *shown = watch->relative ? strchr(path + strlen("/local/domain/"), '/') + 1 : path;

    event->watch = watch;
    snprintf(event->path, sizeof(event->path), "%s", shown);
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = event;
}

static void changed(const char *path)
{
    generation++;
    for (struct xenbus_watch *watch = watches; watch != NULL; watch = watch->next) {
        if (is_below(path, watch->path)) {
            add_event(watch, path);
        }
    }
}

bool sim_store_fire(unsigned int side)
{
    struct event *event = events[side];

    if (event == NULL) {
        return false;
    }
    events[side] = event->next;
    event->watch->handler(xenbus_default(), event->path, event->watch->data);
    free(event);
    return true;
}

/* ---- the toolstack's ---------------------------------------------------------------------------- */

const char *sim_store_read(const char *path)
{
    for (const struct node *node = nodes; node != NULL; node = node->next) {
        if (strcmp(node->path, path) == 0) {
            return node->value;
        }
    }
    return NULL;
}

void sim_store_write(const char *path, const char *value)
{
    struct node *node = nodes;

    while (node != NULL && strcmp(node->path, path) != 0) {
        node = node->next;
    }
    if (node == NULL) {
        node = calloc(1, sizeof(*node));
        snprintf(node->path, sizeof(node->path), "%s", path);
        node->next = nodes;
        nodes = node;
    }
    snprintf(node->value, sizeof(node->value), "%s", value);
    changed(path);
}

void sim_store_remove(const char *path)
{
    for (struct node **link = &nodes; *link != NULL;) {
        struct node *node = *link;

        if (is_below(node->path, path)) {
            *link = node->next;
            free(node);
        } else {
            link = &node->next;
        }
    }
    changed(path);
}

/* ---- the guests' -------------------------------------------------------------------------------- */

struct xenbus *xenbus_default(void)
{
    return (struct xenbus *)&nodes;
}

int xenbus_read(struct xenbus *store, uint32_t transaction, const char *path, char **value,
                size_t *length)
{
    char full[PATH];
    const char *found;

    (void)store;
    (void)transaction;
    absolute(path, full);
    sim_wait_point();
    found = sim_store_read(full);
    if (found == NULL) {
        return -ENOENT;
    }
    *value = strdup(found);
    if (length != NULL) {
        *length = strlen(found);
    }
    return 0;
}

int xenbus_write(struct xenbus *store, uint32_t transaction, const char *path, const void *value,
                 size_t length)
{
    char full[PATH], text[PATH];

    (void)store;
    absolute(path, full);
    snprintf(text, sizeof(text), "%.*s", (int)length, (const char *)value);
    sim_wait_point();
    if (transaction != XENBUS_NO_TRANSACTION) {
        strcpy(transactions[sim_current].path, full);
        strcpy(transactions[sim_current].value, text);
        return 0;
    }
    sim_store_write(full, text);
    return 0;
}

int xenbus_printf(struct xenbus *store, uint32_t transaction, const char *path, const char *format,
                  ...)
{
    char value[PATH];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    return xenbus_write(store, transaction, path, value, strlen(value));
}

int xenbus_remove(struct xenbus *store, uint32_t transaction, const char *path)
{
    char full[PATH];

    (void)store;
    (void)transaction;
    absolute(path, full);
    sim_wait_point();
    sim_store_remove(full);
    return 0;
}

int xenbus_transaction_start(struct xenbus *store, uint32_t *transaction)
{
    (void)store;
    sim_wait_point();
    transactions[sim_current].seen = generation;
    transactions[sim_current].path[0] = '\0';
    *transaction = 1;
    return 0;
}

int xenbus_transaction_end(struct xenbus *store, uint32_t transaction, bool commit)
{
    (void)store;
    (void)transaction;
    sim_wait_point();
    if (!commit) {
        return 0;
    }
    if (transactions[sim_current].seen != generation) {
        return -EAGAIN;
    }
    if (transactions[sim_current].path[0] != '\0') {
        sim_store_write(transactions[sim_current].path, transactions[sim_current].value);
    }
    return 0;
}

static bool has_name(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

int xenbus_directory(struct xenbus *store, uint32_t transaction, const char *path, char ***names,
                     size_t *count)
{
    enum { MOST = 32 };
    char full[PATH];
    char **list = calloc(1, (MOST + 1) * sizeof(*list) + MOST * PATH);
    char *text = (char *)(list + MOST + 1);
    size_t length;

    (void)store;
    (void)transaction;
    absolute(path, full);
    length = strlen(full);
    sim_wait_point();
    *count = 0;
    for (const struct node *node = nodes; node != NULL && *count < MOST; node = node->next) {
        if (is_below(node->path, full) && node->path[length] == '/') {
            snprintf(text, PATH, "%s", node->path + length + 1);
            text[strcspn(text, "/")] = '\0';
            if (!has_name(list, *count, text)) {
                list[(*count)++] = text;
                text += PATH;
            }
        }
    }
    if (*count == 0) {
        free(list);
        return -ENOENT;
    }
    *names = list;
    return 0;
}

int xenbus_watch(struct xenbus *store, const char *path, xenbus_watch_handler_t handler, void *data,
                 struct xenbus_watch **result)
{
    struct xenbus_watch *watch = calloc(1, sizeof(*watch));

    (void)store;
    absolute(path, watch->path);
    watch->relative = path[0] != '/';
    watch->side = sim_current;
    watch->handler = handler;
    watch->data = data;
    watch->next = watches;
    watches = watch;
    if (result != NULL) {
        *result = watch;
    }
    add_event(watch, watch->path);
    return 0;
}

void xenbus_unwatch(struct xenbus_watch *watch)
{
    for (struct event **link = &events[watch->side]; *link != NULL;) {
        struct event *event = *link;

        if (event->watch == watch) {
            *link = event->next;
            free(event);
        } else {
            link = &event->next;
        }
    }
    for (struct xenbus_watch **link = &watches; *link != NULL; link = &(*link)->next) {
        if (*link == watch) {
            *link = watch->next;
            free(watch);
            return;
        }
    }
}

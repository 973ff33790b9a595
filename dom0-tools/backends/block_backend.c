/* SPDX-License-Identifier: MIT */
/*
 * block_backend.c: the loop of the block back end: what changes in the store, which threads ended.
 * Owns: struct block_backend. Locks: none; one thread.
 * Invariant BLB1 (block_backend.h). Read next: block_handshake.c, block_device.c.
 */
#include "dom0-tools/backends/block_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/backends/block_handshake.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/libpv/vbd.h"

#define RETRY_STORE_MS 100
#define REQUEST_MS     1000
#define WATCH_BACK     "back"

static struct block_vbd *vbd_find(const struct block_backend *backend, uint16_t domid,
                                  uint32_t number)
{
    struct block_vbd *vbd = backend->vbds;

    while (vbd != NULL && (vbd->device.domid != domid || vbd->number != number)) {
        vbd = vbd->next;
    }
    return vbd;
}

static void vbd_forget(struct block_backend *backend, struct block_vbd *vbd)
{
    struct block_vbd **link = &backend->vbds;

    while (*link != vbd) {
        link = &(*link)->next;
    }
    *link = vbd->next;
    block_handshake_end(backend, vbd);
    free(vbd);
}

/* Look at one device: a new one, one that moved on, one that is gone. */
static void vbd_look(struct block_backend *backend, uint16_t domid, uint32_t number)
{
    struct block_vbd *vbd = vbd_find(backend, domid, number);

    if (vbd == NULL) {
        vbd = calloc(1, sizeof(*vbd));
        if (vbd == NULL) {
            return;
        }
        vbd->device.domid = domid;
        vbd->device.disk.descriptor = -1;
        vbd->number = number;
        if (block_handshake_begin(backend, vbd) < 0) {
            free(vbd);
            return;
        }
        vbd->next = backend->vbds;
        backend->vbds = vbd;
    }
    if (!block_handshake_step(backend, vbd)) {
        vbd_forget(backend, vbd);
    }
}

/* Every device that has a directory. */
static void look_at_all(struct block_backend *backend)
{
    char **domains, **numbers;
    size_t nr_domains, nr_numbers;

    if (store_directory(backend->store, 0, VBD_BACK_ROOT, &domains, &nr_domains) < 0) {
        return;
    }
    for (size_t i = 0; i < nr_domains; i++) {
        char path[64];

        snprintf(path, sizeof(path), VBD_BACK_ROOT "/%.8s", domains[i]);
        if (store_directory(backend->store, 0, path, &numbers, &nr_numbers) < 0) {
            continue;
        }
        for (size_t j = 0; j < nr_numbers; j++) {
            vbd_look(backend, (uint16_t)strtoul(domains[i], NULL, 10),
                     (uint32_t)strtoul(numbers[j], NULL, 10));
        }
        free(numbers);
    }
    free(domains);
}

static void look_again_at_known(struct block_backend *backend)
{
    struct block_vbd *next;

    for (struct block_vbd *vbd = backend->vbds; vbd != NULL; vbd = next) {
        next = vbd->next;
        vbd_look(backend, vbd->device.domid, vbd->number);
    }
}

/* A watch fired: ours of the directory, or a front end's state, whose token names the device. */
static void take_event(struct block_backend *backend, const struct store_event *event)
{
    unsigned int domid;
    unsigned long number;
    int used = 0;

    if (strcmp(event->token, WATCH_BACK) != 0) {
        if (sscanf(event->token, "%u/%lu", &domid, &number) == 2 &&
            vbd_find(backend, (uint16_t)domid, (uint32_t)number) != NULL) {
            vbd_look(backend, (uint16_t)domid, (uint32_t)number);
        }
        return;
    }
    if (sscanf(event->path, VBD_BACK_ROOT "/%u/%lu%n", &domid, &number, &used) == 2) {
        const char *rest = event->path + used;

        /* Most of what changes there we write ourselves. */
        if (rest[0] == '\0' || strcmp(rest, "/state") == 0 || strcmp(rest, "/online") == 0) {
            vbd_look(backend, (uint16_t)domid, (uint32_t)number);
        }
        return;
    }
    look_at_all(backend);
    look_again_at_known(backend);
}

static void take_store_events(struct block_backend *backend)
{
    struct store_event event;
    int result;

    while ((result = store_next_event(backend->store, false, &event)) > 0) {
        take_event(backend, &event);
        store_event_free(&event);
    }
    if (result < 0) {
        store_close(backend->store);
        backend->store = NULL;
    }
}

/* ---- clients ------------------------------------------------------------------------------------ */

static void describe(const struct block_vbd *vbd, char *answer, size_t size)
{
    const struct block_device *device = &vbd->device;
    const struct block_counters *counters = &device->counters;
    bool connected = block_device_is_connected(device);

    snprintf(answer, size,
             "ok %u %llu %llu %llu %llu %llu %u %u %u %u %llu %llu %llu %llu %llu %u %d\n",
             connected, (unsigned long long)counters->requests, (unsigned long long)counters->reads,
             (unsigned long long)counters->writes, (unsigned long long)counters->flushes,
             (unsigned long long)counters->errors,
             connected ? (unsigned int)device->ring.sring->req_prod : 0u,
             connected ? (unsigned int)device->ring.req_cons : 0u,
             connected ? (unsigned int)device->ring.rsp_prod_pvt : 0u,
             connected ? device->ring.nr_ents : 0u, (unsigned long long)device->nr_mapped,
             (unsigned long long)device->nr_copied, (unsigned long long)counters->sectors_read,
             (unsigned long long)counters->sectors_written,
             (unsigned long long)counters->notifications, vbd->nr_resumed, counters->last_error);
}

static void answer_request(struct block_backend *backend, const char *request, char *answer,
                           size_t size)
{
    struct block_vbd *vbd = NULL;
    unsigned int domid;
    unsigned long number;
    char verb[8];

    if (sscanf(request, "%7s %u %lu", verb, &domid, &number) == 3) {
        vbd = vbd_find(backend, (uint16_t)domid, (uint32_t)number);
    }
    if (vbd == NULL || (strcmp(verb, "status") != 0 && strcmp(verb, "restart") != 0)) {
        snprintf(answer, size, "none\n");
        return;
    }
    describe(vbd, answer, size);
    if (strcmp(verb, "restart") == 0) {
        /* When its thread has ended, the store still says Connected: somebody has to go on. */
        block_device_abandon(&vbd->device);
    }
}

static void serve_client(struct block_backend *backend)
{
    char request[64], answer[320];
    int descriptor = seam_service_accept(backend->listener);
    struct seam_wait wait = {descriptor, SEAM_READ, 0};
    ssize_t count = 0;

    if (descriptor < 0) {
        return;
    }
    if (seam_wait_any(&wait, 1, REQUEST_MS) > 0) {
        count = read(descriptor, request, sizeof(request) - 1);
    }
    if (count > 0) {
        request[count] = '\0';
        answer_request(backend, request, answer, sizeof(answer));
        (void)write(descriptor, answer, strlen(answer));
    }
    close(descriptor);
}

/* ---- the loop ----------------------------------------------------------------------------------- */

/* The store may come up after us, or end and come again. */
static void connect_store(struct block_backend *backend)
{
    if (backend->store == NULL) {
        backend->store = store_connect();
        if (backend->store != NULL && store_watch(backend->store, VBD_BACK_ROOT, WATCH_BACK) < 0) {
            store_close(backend->store);
            backend->store = NULL;
        }
    }
}

static void serve_once(struct block_backend *backend)
{
    struct seam_wait waits[3] = {{backend->listener, SEAM_READ, 0},
                                 {backend->ended[0], SEAM_READ, 0}};
    int timeout_ms = RETRY_STORE_MS;
    size_t count = 2;
    char bytes[16];

    connect_store(backend);
    if (backend->store != NULL) {
        waits[count++] = (struct seam_wait){store_descriptor(backend->store), SEAM_READ, 0};
    }
    if (backend->store != NULL) {
        timeout_ms = store_has_event(backend->store) ? 0 : -1;
    }
    if (seam_wait_any(waits, count, timeout_ms) < 0) {
        return;
    }
    if (waits[0].ready != 0) {
        serve_client(backend);
    }
    if (waits[1].ready != 0 && read(backend->ended[0], bytes, sizeof(bytes)) > 0 &&
        backend->store != NULL) {
        look_again_at_known(backend);
    }
    if (count > 2) {
        take_store_events(backend);
    }
}

static void block_backend_run(void *argument)
{
    struct block_backend *backend = argument;

    backend->listener = seam_service_listen("block");
    if (backend->listener < 0 || seam_stream_pair(backend->ended) < 0) {
        fprintf(stderr, "block back end: cannot start\n");
        return;
    }
    for (;;) {
        serve_once(backend);
    }
}

void block_backend_start(void)
{
    struct block_backend *backend = calloc(1, sizeof(*backend));

    if (backend == NULL || seam_thread_start("block back end", block_backend_run, backend) < 0) {
        fprintf(stderr, "block back end: no memory to start\n");
        free(backend);
    }
}

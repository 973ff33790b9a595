/* SPDX-License-Identifier: MIT */
/*
 * seam_pvk.c: the seam in our own dom0: tools and back ends are threads of one image, over the
 * guest kernel's library. Owns: event queues, named services, the list of mapped grants. Locks:
 * none; threads are cooperative and event handlers run only between them (pvk/event.h, EV1). Read
 * next: seam.h.
 */
#include "dom0-tools/libpv/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <public/errno.h>
#include <public/xen.h>

#include <pvk/event.h>
#include <pvk/file.h>
#include <pvk/grant.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/process.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#include "dom0-tools/libpv/seam_session.h"

#define SERVICE_THREAD_STACK (160u * 1024u)
#define STREAM_CAPACITY      8192u

/* ---- hypercalls and mappings -------------------------------------------------------------------
 */

void *seam_buffer_get(size_t bytes)
{
    return calloc(1, bytes);
}

void seam_buffer_put(void *buffer)
{
    free(buffer);
}

long seam_hypercall(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5)
{
    return hypercall5(number, a1, a2, a3, a4, a5);
}

int seam_map_foreign(uint16_t domid, const uint64_t *mfns, size_t nr_frames, unsigned int rights,
                     void **address)
{
    unsigned int protection = (rights & SEAM_WRITE) != 0 ? MEMORY_WRITE : MEMORY_READ;
    int *errors = calloc(nr_frames, sizeof(*errors));
    int result = 0;

    _Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "frame numbers are 64-bit");
    if (errors == NULL) {
        return -XEN_ENOMEM;
    }
    *address = memory_map_frames((const unsigned long *)mfns, nr_frames, protection, domid, errors);
    if (*address == NULL) {
        result = -XEN_ENOMEM;
    }
    for (size_t i = 0; i < nr_frames && result == 0; i++) {
        result = errors[i];
        if (result != 0) {
            memory_unmap_frames(*address, nr_frames);
            *address = NULL;
        }
    }
    free(errors);
    return result;
}

void seam_unmap_foreign(void *address, size_t nr_frames)
{
    memory_unmap_frames(address, nr_frames);
}

struct mapped_grant {
    struct mapped_grant *next;
    struct grant_mapping mapping;
};

static struct mapped_grant *mapped_grants;

int seam_map_grants(uint16_t domid, const uint32_t *references, size_t nr_pages,
                    unsigned int rights, void **address)
{
    struct mapped_grant *grant = calloc(1, sizeof(*grant));
    int result;

    if (grant == NULL) {
        return -XEN_ENOMEM;
    }
    result = grant_map(domid, references, nr_pages, (rights & SEAM_WRITE) == 0, &grant->mapping);
    if (result < 0) {
        free(grant);
        return result;
    }
    grant->next = mapped_grants;
    mapped_grants = grant;
    *address = grant->mapping.address;
    return 0;
}

void seam_unmap_grants(void *address)
{
    struct mapped_grant **link = &mapped_grants;

    while (*link != NULL) {
        struct mapped_grant *grant = *link;

        if (grant->mapping.address == address) {
            *link = grant->next;
            grant_unmap(&grant->mapping);
            free(grant);
            return;
        }
        link = &grant->next;
    }
}

int seam_map_grant(uint16_t domid, uint32_t reference, unsigned int rights, void **address,
                   uint32_t *handle)
{
    int result = seam_map_grants(domid, &reference, 1, rights, address);

    if (result == 0) {
        *handle = mapped_grants->mapping.handles[0];
    }
    return result;
}

void seam_unmap_grant(void *address, uint32_t handle)
{
    (void)handle;
    seam_unmap_grants(address);
}

/* ---- event queues ------------------------------------------------------------------------------
 */

/* Ports that fired and were not read yet. Each is masked meanwhile, so none is here twice. */
struct event_queue {
    struct file *file;
    uint32_t *pending;
    size_t nr_pending, capacity;
    size_t nr_ports; /* bound: capacity never falls below it */
};

static void queue_port_fired(event_port_t port, void *data)
{
    struct event_queue *queue = data;

    event_mask(port);
    if (queue->nr_pending < queue->capacity) {
        queue->pending[queue->nr_pending++] = port;
    }
    file_notify(queue->file);
}

static ssize_t queue_read(struct file *file, void *buffer, size_t count)
{
    struct event_queue *queue = file->data;
    size_t wanted = count / sizeof(uint32_t);

    while (queue->nr_pending == 0) {
        int result;

        if ((file->flags & O_NONBLOCK) != 0) {
            return -XEN_EAGAIN;
        }
        result = file_wait(file, THREAD_FOREVER);
        if (result < 0) {
            return result;
        }
    }
    if (wanted > queue->nr_pending) {
        wanted = queue->nr_pending;
    }
    memcpy(buffer, queue->pending, wanted * sizeof(uint32_t));
    queue->nr_pending -= wanted;
    memmove(queue->pending, queue->pending + wanted, queue->nr_pending * sizeof(uint32_t));
    return (ssize_t)(wanted * sizeof(uint32_t));
}

static unsigned int queue_poll(struct file *file)
{
    const struct event_queue *queue = file->data;

    return queue->nr_pending > 0 ? POLLIN : 0;
}

static void queue_close(struct file *file)
{
    struct event_queue *queue = file->data;

    free(queue->pending);
    free(queue);
}

static const struct file_operations queue_operations = {
    .read = queue_read, .poll = queue_poll, .close = queue_close};

static struct event_queue *queue_of(int descriptor)
{
    struct file *file = file_of_descriptor(descriptor);

    return file != NULL && file->operations == &queue_operations ? file->data : NULL;
}

int seam_event_open(void)
{
    struct event_queue *queue = calloc(1, sizeof(*queue));

    if (queue == NULL) {
        return -XEN_ENOMEM;
    }
    queue->file = file_create(&queue_operations, queue, O_RDONLY);
    if (queue->file == NULL) {
        free(queue);
        return -XEN_ENOMEM;
    }
    return file_install(queue->file);
}

void seam_event_shut(int queue)
{
    file_close_descriptor(queue);
}

/* Room for one more port, so that a handler never has to allocate. */
static int queue_reserve(struct event_queue *queue)
{
    uint32_t *grown;

    if (queue->nr_ports < queue->capacity) {
        return 0;
    }
    grown = realloc(queue->pending, (queue->capacity + 16) * sizeof(*grown));
    if (grown == NULL) {
        return -XEN_ENOMEM;
    }
    queue->pending = grown;
    queue->capacity += 16;
    return 0;
}

static int queue_bound(struct event_queue *queue, int port)
{
    if (port > 0) {
        queue->nr_ports++;
    }
    return port;
}

int seam_event_bind_interdomain(int queue, uint16_t domid, uint32_t remote_port)
{
    struct event_queue *events = queue_of(queue);

    if (events == NULL) {
        return -XEN_EBADF;
    }
    return queue_reserve(events) < 0
               ? -XEN_ENOMEM
               : queue_bound(events,
                             event_bind_interdomain(domid, remote_port, queue_port_fired, events));
}

int seam_event_bind_virq(int queue, uint32_t virq)
{
    struct event_queue *events = queue_of(queue);

    if (events == NULL) {
        return -XEN_EBADF;
    }
    return queue_reserve(events) < 0
               ? -XEN_ENOMEM
               : queue_bound(events, event_bind_virq(virq, queue_port_fired, events));
}

int seam_event_alloc_unbound(int queue, uint16_t remote_domid)
{
    struct event_queue *events = queue_of(queue);

    if (events == NULL) {
        return -XEN_EBADF;
    }
    return queue_reserve(events) < 0
               ? -XEN_ENOMEM
               : queue_bound(events, event_alloc_unbound(remote_domid, queue_port_fired, events));
}

int seam_event_notify(int queue, uint32_t port)
{
    (void)queue;
    return event_send(port);
}

int seam_event_unmask(int queue, uint32_t port)
{
    (void)queue;
    event_unmask(port);
    return 0;
}

int seam_event_close(int queue, uint32_t port)
{
    struct event_queue *events = queue_of(queue);
    int result = event_close(port);
    size_t kept = 0;

    if (events == NULL || result < 0) {
        return result < 0 ? result : -XEN_EBADF;
    }
    for (size_t i = 0; i < events->nr_pending; i++) {
        if (events->pending[i] != port) {
            events->pending[kept++] = events->pending[i];
        }
    }
    events->nr_pending = kept;
    events->nr_ports--;
    return 0;
}

/* ---- descriptors -------------------------------------------------------------------------------
 */

int seam_wait_any(struct seam_wait *waits, size_t nr_waits, int timeout_ms)
{
    struct file_poll *polls = calloc(nr_waits + 1, sizeof(*polls));
    uint64_t deadline =
        timeout_ms < 0 ? THREAD_FOREVER
                       : time_monotonic_ns() + (unsigned long long)timeout_ms * TIME_MILLISECOND_NS;
    int result;

    if (polls == NULL) {
        return -XEN_ENOMEM;
    }
    for (size_t i = 0; i < nr_waits; i++) {
        polls[i].file = file_of_descriptor(waits[i].descriptor);
        polls[i].wanted = ((waits[i].want & SEAM_READ) != 0 ? POLLIN : 0u) |
                          ((waits[i].want & SEAM_WRITE) != 0 ? POLLOUT : 0u);
        if (polls[i].file == NULL) {
            free(polls);
            return -XEN_EBADF;
        }
    }
    result = file_poll(polls, nr_waits, deadline);
    for (size_t i = 0; i < nr_waits; i++) {
        unsigned int found = result > 0 ? polls[i].found : 0;
        bool ended = (found & (POLLHUP | POLLERR)) != 0;

        waits[i].ready = (uint8_t)(((found & POLLIN) != 0 || ended ? SEAM_READ : 0u) |
                                   ((found & POLLOUT) != 0 || ended ? SEAM_WRITE : 0u));
        waits[i].ready &= waits[i].want;
    }
    free(polls);
    return result < 0 ? -XEN_EINTR : result;
}

static int stream_files(struct file *ends[2])
{
    return file_socketpair(ends, STREAM_CAPACITY);
}

int seam_stream_pair(int ends[2])
{
    struct file *files[2];
    int result = stream_files(files);

    if (result < 0) {
        return result;
    }
    for (int i = 0; i < 2; i++) {
        ends[i] = file_install(files[i]);
        if (ends[i] < 0) {
            result = ends[i];
            if (i == 1) {
                file_close_descriptor(ends[0]);
            } else {
                file_put(files[0]);
            }
            file_put(files[1]);
            return result;
        }
    }
    return 0;
}

#define SERVICE_MAX_WAITING 16u
#define SERVICE_MAX         8u

struct service {
    const char *name; /* NULL: free */
    struct file *listener;
    struct file *waiting[SERVICE_MAX_WAITING];
    size_t nr_waiting;
};

static struct service services[SERVICE_MAX];

static unsigned int listener_poll(struct file *file)
{
    const struct service *service = file->data;

    return service->nr_waiting > 0 ? POLLIN : 0;
}

static void listener_close(struct file *file)
{
    struct service *service = file->data;

    for (size_t i = 0; i < service->nr_waiting; i++) {
        file_put(service->waiting[i]);
    }
    memset(service, 0, sizeof(*service));
}

static const struct file_operations listener_operations = {.poll = listener_poll,
                                                           .close = listener_close};

static struct service *service_find(const char *name)
{
    for (size_t i = 0; i < SERVICE_MAX; i++) {
        if (services[i].name != NULL && strcmp(services[i].name, name) == 0) {
            return &services[i];
        }
    }
    return NULL;
}

int seam_service_listen(const char *name)
{
    struct service *service = NULL;

    if (service_find(name) != NULL) {
        return -XEN_EBUSY;
    }
    for (size_t i = 0; i < SERVICE_MAX && service == NULL; i++) {
        service = services[i].name == NULL ? &services[i] : NULL;
    }
    if (service == NULL) {
        return -XEN_ENOSPC;
    }
    service->listener = file_create(&listener_operations, service, O_RDONLY);
    if (service->listener == NULL) {
        return -XEN_ENOMEM;
    }
    service->name = name;
    return file_install(service->listener);
}

int seam_service_accept(int listener)
{
    struct file *file = file_of_descriptor(listener);
    struct service *service;
    struct file *stream;

    if (file == NULL || file->operations != &listener_operations) {
        return -XEN_EBADF;
    }
    service = file->data;
    if (service->nr_waiting == 0) {
        return -XEN_EAGAIN;
    }
    stream = service->waiting[0];
    service->nr_waiting--;
    memmove(service->waiting, service->waiting + 1, service->nr_waiting * sizeof(stream));
    stream->flags |= O_NONBLOCK;
    return file_install(stream);
}

int seam_service_connect(const char *name)
{
    struct service *service = service_find(name);
    struct file *ends[2];
    int result;

    if (service == NULL) {
        return -XEN_ENOENT;
    }
    if (service->nr_waiting == SERVICE_MAX_WAITING) {
        return -XEN_EAGAIN;
    }
    result = stream_files(ends);
    if (result < 0) {
        return result;
    }
    result = file_install(ends[0]);
    if (result < 0) {
        file_put(ends[0]);
        file_put(ends[1]);
        return result;
    }
    service->waiting[service->nr_waiting++] = ends[1];
    file_notify(service->listener);
    return result;
}

int seam_store_connect(void)
{
    return seam_service_connect("store");
}

int seam_console_connect(void)
{
    return seam_service_connect("console");
}

int seam_thread_start(const char *name, void (*entry)(void *argument), void *argument)
{
    return thread_create_in(NULL, name, entry, argument, SERVICE_THREAD_STACK) != NULL
               ? 0
               : -XEN_ENOMEM;
}

/* ---- session ------------------------------------------------------------------------------------
 */

void seam_terminal_raw(int on)
{
    dom0_session_terminal_raw(on);
}

int seam_terminal_present(int descriptor)
{
    return dom0_session_is_terminal(descriptor);
}

int seam_cancelled(void)
{
    return process_cancelled() ? 1 : 0;
}

uint64_t seam_now_ns(void)
{
    return time_monotonic_ns();
}

int seam_file_open(const char *path)
{
    return dom0_session_open_file(path);
}

int seam_file_path(const char *path, char *text, size_t size)
{
    return dom0_session_file_path(path, text, size);
}

int seam_file_punch(int descriptor, uint64_t offset, uint64_t length)
{
    int result = file_punch(descriptor, (off_t)offset, (off_t)length);

    return result == 0 ? 0 : result == -ENOTSUP ? -XEN_EOPNOTSUPP : -XEN_EIO;
}

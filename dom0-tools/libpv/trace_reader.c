/* SPDX-License-Identifier: MIT */
/*
 * trace_reader.c: see trace_reader.h.
 * Owns: the number of readers. There is one ring a CPU, so a second reader would take the first one's records: refused.
 * Read next: trace_reader.h, ../../xenlike/observe/trace.c, the other end.
 */
#include "dom0-tools/libpv/trace_reader.h"

#include <stdlib.h>
#include <string.h>

#include <public/errno.h>
#include <public/sysctl.h>
#include <public/trace.h>
#include <public/xen.h>

#include "dom0-tools/libpv/seam.h"

#define RING_PAGES 32u
#define MAX_CPUS   64u

struct ring {
    struct t_buf *buffer;
    size_t nr_pages;
};

struct trace_reader {
    struct t_info *info;
    struct ring rings[MAX_CPUS];
    uint32_t nr_rings;
};

static bool in_use;

static int control(uint32_t command, uint32_t size, uint64_t *info_frame)
{
    struct xen_sysctl *operation = seam_buffer_get(sizeof(*operation));
    int result = -XEN_ENOMEM;

    if (operation != NULL) {
        operation->cmd = XEN_SYSCTL_tbuf_op;
        operation->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
        operation->u.tbuf_op.cmd = command;
        operation->u.tbuf_op.size = size;
        result = (int)seam_hypercall(__HYPERVISOR_sysctl, (uintptr_t)operation, 0, 0, 0, 0);
        *info_frame = operation->u.tbuf_op.buffer_mfn;
    }
    seam_buffer_put(operation);
    return result;
}

static int map_ring(struct trace_reader *reader, uint32_t cpu)
{
    uint64_t frames[RING_PAGES];
    const uint32_t *list = (const uint32_t *)reader->info + reader->info->mfn_offset[cpu];
    size_t count = reader->info->tbuf_size;
    void *address;
    int result;

    if (count == 0 || count > RING_PAGES) {
        return -XEN_EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        frames[i] = list[i];
    }
    result = seam_map_foreign(DOMID_XEN, frames, count, SEAM_READ | SEAM_WRITE, &address);
    if (result == 0) {
        reader->rings[cpu] = (struct ring){address, count};
        reader->nr_rings = cpu + 1;
    }
    return result;
}

/* The lists of frames follow the offsets: the first list says how many CPUs there are. */
static int map_rings(struct trace_reader *reader)
{
    uint32_t nr_cpus = (uint32_t)(reader->info->mfn_offset[0] * 4u - sizeof(uint16_t)) / 2u;
    int result = 0;

    for (uint32_t cpu = 0; cpu < nr_cpus && cpu < MAX_CPUS && result == 0; cpu++) {
        if (reader->info->mfn_offset[cpu] != 0) {
            result = map_ring(reader, cpu);
        }
    }
    return result;
}

static int start(struct trace_reader *reader)
{
    uint64_t frame;
    void *address;
    int result = control(XEN_SYSCTL_TBUFOP_set_size, RING_PAGES, &frame);

    if (result == 0) {
        result = control(XEN_SYSCTL_TBUFOP_get_info, 0, &frame);
    }
    if (result == 0) {
        result = seam_map_foreign(DOMID_XEN, &frame, 1, SEAM_READ, &address);
    }
    if (result < 0) {
        return result;
    }
    reader->info = address;
    result = map_rings(reader);
    for (uint32_t cpu = 0; cpu < reader->nr_rings; cpu++) {
        reader->rings[cpu].buffer->cons = reader->rings[cpu].buffer->prod; /* an earlier reader's */
    }
    return result == 0 ? control(XEN_SYSCTL_TBUFOP_enable, 0, &frame) : result;
}

struct trace_reader *trace_reader_open(int *result)
{
    struct trace_reader *reader = in_use ? NULL : calloc(1, sizeof(*reader));

    *result = in_use ? -XEN_EBUSY : -XEN_ENOMEM;
    if (reader == NULL) {
        return NULL;
    }
    in_use = true;
    *result = start(reader);
    if (*result < 0) {
        trace_reader_close(reader);
        return NULL;
    }
    return reader;
}

void trace_reader_stop(void)
{
    uint64_t frame;

    control(XEN_SYSCTL_TBUFOP_disable, 0, &frame);
}

void trace_reader_close(struct trace_reader *reader)
{
    trace_reader_stop();
    for (uint32_t cpu = 0; cpu < reader->nr_rings; cpu++) {
        seam_unmap_foreign(reader->rings[cpu].buffer, reader->rings[cpu].nr_pages);
    }
    if (reader->info != NULL) {
        seam_unmap_foreign(reader->info, 1);
    }
    free(reader);
    in_use = false;
}

static bool next_of(struct ring *ring, struct trace_record *record)
{
    uint32_t room = (uint32_t)(ring->nr_pages * SEAM_PAGE_SIZE - sizeof(struct t_buf));
    uint32_t cons = ring->buffer->cons;
    uint32_t prod = __atomic_load_n(&ring->buffer->prod, __ATOMIC_ACQUIRE);
    const uint32_t *words =
        (const uint32_t *)(const void *)((const char *)(ring->buffer + 1) + cons % room);
    uint32_t size;

    if (cons == prod) {
        return false;
    }
    memset(record, 0, sizeof(*record));
    record->event = words[0] & 0x0fffffff;
    record->nr_words = words[0] >> TRACE_EXTRA_SHIFT & TRACE_EXTRA_MAX;
    size = 1 + record->nr_words;
    if (words[0] >> 31 != 0) {
        record->ticks = words[1] | (uint64_t)words[2] << 32;
        size += 2;
    }
    memcpy(record->words, words + size - record->nr_words, record->nr_words * sizeof(uint32_t));
    cons += size * 4;
    __atomic_store_n(&ring->buffer->cons, cons >= 2 * room ? cons - 2 * room : cons,
                     __ATOMIC_RELEASE);
    return true;
}

bool trace_reader_next(struct trace_reader *reader, struct trace_record *record)
{
    for (uint32_t cpu = 0; cpu < reader->nr_rings; cpu++) {
        while (next_of(&reader->rings[cpu], record)) {
            if (record->event != TRC_TRACE_WRAP_BUFFER) {
                return true;
            }
        }
    }
    return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * domain_build.c: the domain builder's effects, in order: create, memory, load, tables, start.
 * Owns: the domain while it is being built; destroys it when a step fails.
 * Invariant BLD1 (domain_build.h).
 * Guest ABI: start of day.
 * Read next: domain_layout.h for where things go.
 */
#include "dom0-tools/libpv/domain_build.h"

#include <stdlib.h>
#include <string.h>

#include <public/xen.h>
#include <public/errno.h>
#include <public/grant_table.h>

#include "dom0-tools/libpv/domain_layout.h"
#include "dom0-tools/libpv/seam.h"

#define PAGE_SIZE    SEAM_PAGE_SIZE
#define CHUNK_FRAMES 128u

#ifndef SIF_MOD_START_PFN
#error "public/xen.h lacks the start_info flags"
#endif

const char *const domain_build_phase_names[PHASE_COUNT] = {"image", "create", "memory",
                                                           "load",  "tables", "start"};

/* All that the steps share. */
struct build {
    const struct domain_request *request;
    struct domain_built *built;
    struct error *error;
    struct kernel_image image;
    struct domain_layout layout;
    uint64_t *mfns; /* by pfn */
    bool created;
    uint64_t phase_start_ns;
};

static void phase_end(struct build *build, enum build_phase phase)
{
    uint64_t now = seam_now_ns();

    build->built->phase_ns[phase] = now - build->phase_start_ns;
    build->phase_start_ns = now;
}

static int failed(struct build *build, long result, const char *action)
{
    return error_hypercall(build->error, result, "cannot create domain '%s': %s",
                           build->request->name, action);
}

/* ---- filling frames ---------------------------------------------------------------------------
 */

/* Writes what belongs into pages [pfn, pfn + count), which are mapped at `pages`. */
typedef int (*fill_t)(struct build *build, uint64_t pfn, uint64_t count, uint8_t *pages);

/* Map a range of the domain chunk by chunk and have each chunk filled. */
static int fill_range(struct build *build, const struct layout_range *range, fill_t fill)
{
    for (uint64_t at = 0; at < range->count;) {
        uint64_t pfn = range->first + at;
        uint64_t count = range->count - at < CHUNK_FRAMES ? range->count - at : CHUNK_FRAMES;
        void *pages;
        int result = seam_map_foreign(build->built->domid, build->mfns + pfn, (size_t)count,
                                      SEAM_READ | SEAM_WRITE, &pages);

        if (result < 0) {
            return failed(build, result, "mapping its memory");
        }
        result = fill(build, pfn, count, pages);
        seam_unmap_foreign(pages, (size_t)count);
        if (result < 0) {
            return -1;
        }
        at += count;
    }
    return 0;
}

static int fill_zero(struct build *build, uint64_t pfn, uint64_t count, uint8_t *pages)
{
    (void)build;
    (void)pfn;
    memset(pages, 0, count * PAGE_SIZE);
    return 0;
}

/* The part of each segment that falls into these pages; the rest of them is zero. */
static int fill_kernel(struct build *build, uint64_t pfn, uint64_t count, uint8_t *pages)
{
    const struct image_source *source = &build->request->kernel;
    uint64_t low = domain_layout_address(&build->layout, pfn);
    uint64_t high = low + count * PAGE_SIZE;

    memset(pages, 0, count * PAGE_SIZE);
    for (size_t i = 0; i < build->image.nr_segments; i++) {
        const struct kernel_segment *segment = &build->image.segments[i];
        uint64_t start = segment->address > low ? segment->address : low;
        uint64_t end = segment->address + segment->file_bytes;

        end = end < high ? end : high;
        if (start >= end) {
            continue;
        }
        if (source->read(source->context, segment->file_offset + (start - segment->address),
                         pages + (start - low), (size_t)(end - start)) < 0) {
            return error_set(build->error, ERROR_KERNEL_UNREADABLE,
                             "cannot create domain '%s': its kernel image cannot be read",
                             build->request->name);
        }
    }
    return 0;
}

static int fill_ramdisk(struct build *build, uint64_t pfn, uint64_t count, uint8_t *pages)
{
    const struct image_source *source = &build->request->ramdisk;
    uint64_t offset = (pfn - build->layout.ramdisk.first) * PAGE_SIZE;
    uint64_t bytes = source->size - offset;

    if (bytes < count * PAGE_SIZE) {
        memset(pages + bytes, 0, count * PAGE_SIZE - bytes);
    } else {
        bytes = count * PAGE_SIZE;
    }
    if (source->read(source->context, offset, pages, (size_t)bytes) < 0) {
        return error_set(build->error, ERROR_RAMDISK_UNREADABLE,
                         "cannot create domain '%s': its ramdisk cannot be read",
                         build->request->name);
    }
    return 0;
}

static int fill_p2m(struct build *build, uint64_t pfn, uint64_t count, uint8_t *pages)
{
    uint64_t per_page = PAGE_SIZE / sizeof(uint64_t);
    uint64_t first = (pfn - build->layout.p2m.first) * per_page;
    uint64_t entries = build->layout.nr_pages - first;

    if (entries > count * per_page) {
        entries = count * per_page;
    }
    memset(pages, 0xff, count * PAGE_SIZE); /* beyond the domain's memory: no frame */
    memcpy(pages, build->mfns + first, entries * sizeof(uint64_t));
    return 0;
}

static int fill_tables(struct build *build, uint64_t pfn, uint64_t count, uint8_t *pages)
{
    for (uint64_t i = 0; i < count; i++) {
        domain_layout_fill_table(&build->layout, build->mfns, pfn + i,
                                 (uint64_t *)(void *)(pages + i * PAGE_SIZE));
    }
    return 0;
}

static void start_info_modules(const struct build *build, struct start_info *info)
{
    const struct domain_layout *layout = &build->layout;

    if (build->request->ramdisk.size == 0) {
        return;
    }
    info->mod_len = build->request->ramdisk.size;
    if (layout->ramdisk_by_pfn) {
        info->flags |= SIF_MOD_START_PFN;
        info->mod_start = layout->ramdisk.first;
    } else {
        info->mod_start = domain_layout_address(layout, layout->ramdisk.first);
    }
}

static int fill_start_info(struct build *build, uint64_t pfn, uint64_t count, uint8_t *pages)
{
    static const char magic[] = "xen-3.0-x86_64";
    const struct domain_layout *layout = &build->layout;
    struct start_info *info = (struct start_info *)(void *)pages;
    struct domain_info domain;
    int result = domctl_info(build->built->domid, &domain);

    (void)pfn;
    if (result < 0) {
        return failed(build, result, "asking for its shared page");
    }
    memset(pages, 0, count * PAGE_SIZE);
    memcpy(info->magic, magic, sizeof(magic));
    info->nr_pages = layout->nr_pages;
    info->shared_info = domain.shared_info_frame * PAGE_SIZE;
    info->store_mfn = build->built->store_frame;
    info->store_evtchn = build->built->store_port;
    info->console.domU.mfn = build->built->console_frame;
    info->console.domU.evtchn = build->built->console_port;
    info->pt_base = domain_layout_address(layout, layout->page_tables.first);
    info->nr_pt_frames = layout->page_tables.count;
    if (layout->p2m_apart) {
        info->mfn_list = layout->mappings[1].start;
        info->first_p2m_pfn = layout->p2m.first;
        info->nr_p2m_frames = layout->p2m.count + layout->p2m_tables.count;
    } else {
        info->mfn_list = domain_layout_address(layout, layout->p2m.first);
    }
    start_info_modules(build, info);
    memcpy(info->cmd_line, build->request->command_line, strlen(build->request->command_line) + 1);
    return 0;
}

/* ---- the steps --------------------------------------------------------------------------------
 */

static int step_image(struct build *build)
{
    const struct domain_request *request = build->request;
    uint64_t nr_pages = request->memory_kib / 4;

    if (strlen(request->command_line) > DOMAIN_COMMAND_LINE_MAX) {
        error_set(build->error, ERROR_CONFIG, "the command line of '%s' is too long",
                  request->name);
        return error_why(build->error, "%u bytes fit", DOMAIN_COMMAND_LINE_MAX);
    }
    if (kernel_image_parse(&request->kernel, &build->image, build->error) < 0 ||
        domain_layout_compute(&build->image, nr_pages, request->ramdisk.size, &build->layout,
                              build->error) < 0) {
        return -1;
    }
    build->mfns = calloc(nr_pages, sizeof(*build->mfns));
    if (build->mfns == NULL) {
        return error_set(build->error, ERROR_TOOL_MEMORY, "no memory for the frame list of '%s'",
                         request->name);
    }
    phase_end(build, PHASE_IMAGE);
    return 0;
}

static int step_create(struct build *build)
{
    int result = domctl_create(build->request->uuid, &build->request->limits, &build->built->domid);

    if (result < 0) {
        return failed(build, result, "making an empty domain");
    }
    build->created = true;
    result = domctl_make_vcpus(build->built->domid, build->request->limits.max_vcpus);
    if (result < 0) {
        return failed(build, result, "making its vCPUs");
    }
    phase_end(build, PHASE_CREATE);
    return 0;
}

static int step_memory(struct build *build)
{
    uint16_t domid = build->built->domid;
    int result = domctl_max_memory(domid, build->request->max_memory_kib);

    if (result < 0) {
        return failed(build, result, "setting its memory limit");
    }
    result = domctl_populate(domid, 0, build->layout.nr_pages, build->mfns);
    if (result < 0) {
        failed(build, result, "giving it memory");
        return -1;
    }
    phase_end(build, PHASE_MEMORY);
    return 0;
}

/* Rings towards the store and the console: pages, ports, and the two reserved grants. */
static int step_rings(struct build *build)
{
    struct domain_built *built = build->built;
    grant_entry_v1_t *grants;
    uint64_t frame = 0;
    void *page;
    int port, result;

    built->store_frame = build->mfns[build->layout.store_pfn];
    built->console_frame = build->mfns[build->layout.console_pfn];
    port = domctl_event_for(built->domid, 0);
    built->store_port = (uint32_t)port;
    if (port > 0) {
        port = domctl_event_for(built->domid, 0);
        built->console_port = (uint32_t)port;
    }
    if (port < 0) {
        return failed(build, port, "making its event channels");
    }
    result = domctl_grant_frame(built->domid, &frame);
    if (result == 0) {
        result = seam_map_foreign(built->domid, &frame, 1, SEAM_READ | SEAM_WRITE, &page);
    }
    if (result < 0) {
        return failed(build, result, "setting up its grant table");
    }
    grants = page;
    grants[GNTTAB_RESERVED_CONSOLE].domid = 0;
    grants[GNTTAB_RESERVED_CONSOLE].frame = (uint32_t)built->console_frame;
    grants[GNTTAB_RESERVED_CONSOLE].flags = GTF_permit_access;
    grants[GNTTAB_RESERVED_XENSTORE].domid = 0;
    grants[GNTTAB_RESERVED_XENSTORE].frame = (uint32_t)built->store_frame;
    grants[GNTTAB_RESERVED_XENSTORE].flags = GTF_permit_access;
    seam_unmap_foreign(page, 1);
    return 0;
}

static int step_load(struct build *build)
{
    const struct domain_layout *layout = &build->layout;
    struct layout_range start_info = {layout->start_info_pfn, 1};
    struct layout_range rings = {layout->store_pfn, 2}; /* the console page follows the store's */
    struct layout_range stack = {layout->stack_pfn, 1};

    if (fill_range(build, &layout->kernel, fill_kernel) < 0 ||
        fill_range(build, &layout->ramdisk, fill_ramdisk) < 0 ||
        fill_range(build, &layout->p2m, fill_p2m) < 0 || step_rings(build) < 0 ||
        fill_range(build, &rings, fill_zero) < 0 || fill_range(build, &stack, fill_zero) < 0 ||
        fill_range(build, &start_info, fill_start_info) < 0) {
        return -1;
    }
    phase_end(build, PHASE_LOAD);
    return 0;
}

static int step_tables(struct build *build)
{
    uint16_t domid = build->built->domid;
    int result;

    if (fill_range(build, &build->layout.page_tables, fill_tables) < 0 ||
        fill_range(build, &build->layout.p2m_tables, fill_tables) < 0) {
        return -1;
    }
    if (build->image.has_hypercall_page) {
        uint64_t pfn = (build->image.hypercall_page - build->layout.virt_base) / PAGE_SIZE;

        result = domctl_hypercall_page(domid, build->mfns[pfn]);
        if (result < 0) {
            return failed(build, result, "filling its hypercall page");
        }
    }
    result = domctl_pin_root(domid, build->mfns[domain_layout_root_pfn(&build->layout)]);
    if (result < 0) {
        return failed(build, result, "having its page tables accepted");
    }
    phase_end(build, PHASE_TABLES);
    return 0;
}

/* Events start masked on every vCPU that the shared page has room for. */
static int mask_events(struct build *build)
{
    struct domain_info domain;
    shared_info_t *shared;
    void *page;
    int result = domctl_info(build->built->domid, &domain);

    if (result == 0) {
        result = seam_map_foreign(build->built->domid, &domain.shared_info_frame, 1,
                                  SEAM_READ | SEAM_WRITE, &page);
    }
    if (result < 0) {
        return failed(build, result, "mapping its shared page");
    }
    shared = page;
    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
        shared->vcpu_info[i].evtchn_upcall_mask = 1;
        shared->vcpu_info[i].evtchn_upcall_pending = 0;
    }
    seam_unmap_foreign(page, 1);
    return 0;
}

static int step_start(struct build *build)
{
    const struct domain_layout *layout = &build->layout;
    struct domctl_start start = {
        .entry = build->image.entry,
        .stack = domain_layout_address(layout, layout->stack_pfn + 1),
        .start_info = domain_layout_address(layout, layout->start_info_pfn),
        .root_mfn = build->mfns[domain_layout_root_pfn(layout)],
    };
    int result;

    if (mask_events(build) < 0) {
        return -1;
    }
    result = domctl_start_context(build->built->domid, &start);
    if (result < 0) {
        return failed(build, result, "setting its first registers");
    }
    phase_end(build, PHASE_START);
    return 0;
}

int domain_build(const struct domain_request *request, struct domain_built *built,
                 struct error *error)
{
    static int (*const steps[])(struct build *) = {step_image, step_create, step_memory,
                                                   step_load,  step_tables, step_start};
    struct build *build = calloc(1, sizeof(*build));
    int result = 0;

    memset(built, 0, sizeof(*built));
    if (build == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "no memory to build '%s'", request->name);
    }
    build->request = request;
    build->built = built;
    build->error = error;
    build->phase_start_ns = seam_now_ns();
    for (size_t i = 0; result == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
        result = steps[i](build);
    }
    if (result < 0 && build->created) {
        domctl_destroy(built->domid);
    }
    free(build->mfns);
    free(build);
    return result;
}

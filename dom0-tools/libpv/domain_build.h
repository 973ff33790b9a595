/* SPDX-License-Identifier: MIT */
/*
 * domain_build.h: make a PV domain, up to the instant before its first instruction.
 * Owns: nothing after it returns; a failed build leaves no domain behind.
 * Invariant BLD1: every frame of the domain is unmapped here before its page tables are pinned.
 * Guest ABI: start of day.
 * Read next: domain_register.h, which puts the domain into the store.
 */
#ifndef LIBPV_DOMAIN_BUILD_H
#define LIBPV_DOMAIN_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/error.h"
#include "dom0-tools/libpv/kernel_image.h"

#define DOMAIN_COMMAND_LINE_MAX 1023u

struct domain_request {
    const char *name; /* for messages only */
    uint8_t uuid[DOMCTL_UUID_SIZE];
    struct image_source kernel;
    struct image_source ramdisk; /* size 0: none */
    const char *command_line;
    uint64_t memory_kib;
    uint64_t max_memory_kib; /* >= memory_kib */
    struct domain_limits limits;
};

/* Where the time went, in the order of work. */
enum build_phase {
    PHASE_IMAGE,
    PHASE_CREATE,
    PHASE_MEMORY,
    PHASE_LOAD,
    PHASE_TABLES,
    PHASE_START,
    PHASE_COUNT
};

struct domain_built {
    uint16_t domid;
    uint64_t store_frame, console_frame; /* machine frames of the rings */
    uint32_t store_port, console_port;   /* the domain's ends, unbound towards 0 */
    uint64_t phase_ns[PHASE_COUNT];
};

extern const char *const domain_build_phase_names[PHASE_COUNT];

/*
 * 0, and the domain exists, paused; or -1 with the error set: what kernel_image_parse and
 * domain_layout_compute set, ERROR_NO_MEMORY, ERROR_TOOL_MEMORY, ERROR_TOO_MANY (domains, ports),
 * ERROR_HYPERCALL, ERROR_KERNEL_UNREADABLE, ERROR_RAMDISK_UNREADABLE.
 */
int domain_build(const struct domain_request *request, struct domain_built *built,
                 struct error *error);

#endif

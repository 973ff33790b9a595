/* SPDX-License-Identifier: MIT */
/*
 * kernel_image.h: what a PV kernel's ELF file says about itself: segments and Xen notes.
 * A pure function of the file's bytes; the file is hostile until every number was checked.
 * Invariant IMG1: after a successful parse every segment lies inside the file and inside
 * [virt_base, virt_base + KERNEL_IMAGE_MAX_BYTES), and no sum of its fields wraps.
 * Guest ABI: docs/abi, ELF notes.
 * Read next: domain_layout.h.
 */
#ifndef LIBPV_KERNEL_IMAGE_H
#define LIBPV_KERNEL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0-tools/libpv/error.h"

#define KERNEL_IMAGE_MAX_SEGMENTS 16u
#define KERNEL_IMAGE_MAX_BYTES    (1ull << 36)

/* Where the bytes come from. read fills the whole buffer or returns a negative number. */
struct image_source {
    int (*read)(void *context, uint64_t offset, void *buffer, size_t bytes);
    void *context;
    uint64_t size;
};

struct kernel_segment {
    uint64_t address; /* guest virtual: p_paddr - paddr_offset + virt_base */
    uint64_t memory_bytes;
    uint64_t file_offset;
    uint64_t file_bytes; /* <= memory_bytes; the rest is zero */
};

struct kernel_image {
    struct kernel_segment segments[KERNEL_IMAGE_MAX_SEGMENTS];
    size_t nr_segments;
    uint64_t start, end; /* guest virtual, over all segments */
    uint64_t virt_base;
    uint64_t paddr_offset;
    uint64_t entry;
    uint64_t hypercall_page;
    uint64_t init_p2m;
    uint32_t supported_features; /* bit n: XENFEAT n; dom0 is bit 11 */
    uint32_t required_features;
    bool legacy; /* notes came from a __xen_guest section */
    bool has_virt_base, has_paddr_offset, has_entry, has_hypercall_page, has_init_p2m;
    bool has_notes;
    bool module_by_pfn; /* MOD_START_PFN: the ramdisk need not be mapped */
    char guest_os[32];
    char loader[16];
    char xen_version[16];
};

/* 0, or -1 with the error set: KERNEL_UNREADABLE, _NOT_ELF, _NO_NOTES, _MALFORMED, _UNSUPPORTED. */
int kernel_image_parse(const struct image_source *source, struct kernel_image *image,
                       struct error *error);

/* One block of ELF notes, and the text of a __xen_guest section (used by kernel_image.c). */
int kernel_notes_parse_block(const uint8_t *bytes, size_t size, struct kernel_image *image,
                             struct error *error);
int kernel_notes_parse_legacy(const char *text, size_t size, struct kernel_image *image,
                              struct error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A kernel image as a builder needs it: where it loads, where it starts, what its notes say. Pure: bytes in, numbers out.
 * Read next: elf_image.c, build_dom0.c.
 */
#pragma once

#include "../lib/compiler.h"

struct elf_image {
    const uint8_t *bytes;
    uint64_t size;

    uint64_t entry;                /* virtual address */
    uint64_t virt_base;            /* virtual address of pseudo-physical 0 */
    uint64_t load_start, load_end; /* virtual addresses, half-open: all segments */
    uint64_t paddr_offset;
    bool has_hypercall_page;
    uint64_t hypercall_page; /* virtual address */
    bool has_init_p2m;
    uint64_t init_p2m;    /* virtual address */
    bool initrd_by_frame; /* MOD_START_PFN */

    uint64_t program_headers; /* offset in the file */
    uint32_t nr_program_headers;
};

struct elf_segment {
    uint64_t address;   /* virtual address it loads to */
    uint64_t offset;    /* in the file */
    uint64_t file_size; /* bytes from the file; the rest up to memory_size is zero */
    uint64_t memory_size;
};

/* 0; -ENOEXEC with *reason: not an x86-64 ELF, damaged, no Xen notes, or a kernel that asks for what is not offered. */
int elf_image_parse(struct elf_image *image, const void *bytes, uint64_t size, const char **reason);
/* The index-th program header of a parsed image; false: nothing to load there. */
bool elf_image_segment(const struct elf_image *image, uint32_t index, struct elf_segment *segment);

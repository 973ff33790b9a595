/* SPDX-License-Identifier: MIT */
/* The Multiboot 0.6.96 hand-over, as far as it is used here. All addresses are physical, below 4 GiB. */
#pragma once

#define MULTIBOOT_HEADER_MAGIC  0x1badb002
#define MULTIBOOT_LOADED_MAGIC  0x2badb002
#define MULTIBOOT_PAGE_ALIGN    0x00000001
#define MULTIBOOT_WANT_MEMORY   0x00000002
#define MULTIBOOT_HAS_ADDRESSES 0x00010000

#ifndef __ASSEMBLY__
#include <stdint.h>

#define MULTIBOOT_INFO_COMMAND_LINE (1u << 2)
#define MULTIBOOT_INFO_MODULES      (1u << 3)
#define MULTIBOOT_INFO_MEMORY_MAP   (1u << 6)
#define MULTIBOOT_INFO_FRAMEBUFFER  (1u << 12)
#define MULTIBOOT_FRAMEBUFFER_RGB   1

struct multiboot_info {
    uint32_t flags;
    uint32_t memory_lower_kib, memory_upper_kib;
    uint32_t boot_device;
    uint32_t command_line;
    uint32_t nr_modules, modules;
    uint32_t symbols[4];
    uint32_t memory_map_size, memory_map;
    uint32_t unused[9];
    uint64_t framebuffer;
    uint32_t pitch, width, height; /* bytes, pixels, pixels */
    uint8_t bits_per_pixel, framebuffer_type;
} __attribute__((packed));

struct multiboot_module {
    uint32_t start, end; /* end exclusive */
    uint32_t command_line;
    uint32_t reserved;
};

struct multiboot_range {
    uint32_t size; /* of what follows this field */
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));
#endif

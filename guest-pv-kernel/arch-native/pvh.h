/* SPDX-License-Identifier: MIT */
/*
 * What a PVH boot leaves in memory (Xen's hvm_start_info; QEMU and other loaders speak it too).
 */
#ifndef PVH_H
#define PVH_H

#include <stdint.h>

#define PVH_MAGIC      0x336ec578u
#define PVH_MEMORY_RAM 1u

struct pvh_start {
    uint32_t magic;
    uint32_t version; /* 1: the memory map is there */
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modules; /* physical address of struct pvh_module[] */
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map; /* struct pvh_memory[] */
    uint32_t nr_memory;
    uint32_t reserved;
};

struct pvh_module {
    uint64_t start;
    uint64_t bytes;
    uint64_t command_line;
    uint64_t reserved;
};

struct pvh_memory {
    uint64_t start;
    uint64_t bytes;
    uint32_t type;
    uint32_t reserved;
};

_Static_assert(sizeof(struct pvh_start) == 56, "hvm_start_info");
_Static_assert(sizeof(struct pvh_module) == 32, "hvm_modlist_entry");
_Static_assert(sizeof(struct pvh_memory) == 24, "hvm_memmap_table_entry");

#endif

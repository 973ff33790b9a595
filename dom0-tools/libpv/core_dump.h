/* SPDX-License-Identifier: MIT */
/*
 * core_dump.h: a domain's memory and registers as a core file: the sections of Xen's dump-core format
 * (.note.Xen, .xen_prstatus, .xen_shared_info, .xen_p2m, .xen_pages) and, for GDB and other readers of program
 * headers, the registers as NT_PRSTATUS notes and the kernel's address space as segments over the same pages.
 * Owns: nothing. Read next: core_map.h.
 */
#ifndef LIBPV_CORE_DUMP_H
#define LIBPV_CORE_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes the file's bytes in their order. A negative Xen errno ends the dump. */
typedef int (*core_dump_write_t)(const void *bytes, size_t size, void *context);

struct core_dump {
    uint16_t domid;
    bool only_sections; /* exactly what Xen's own tools write: no program headers */
    core_dump_write_t write;
    void *context;

    /* What was written. */
    uint64_t nr_pages, nr_bytes;
    bool cut; /* the guest maps more than it has: some mappings are left out */
};

/* Of a domain that stands still. 0; -XEN_ENODATA no vCPU ever ran; -XEN_ENOMEM; what `write` answered. */
int core_dump_write(struct core_dump *dump);

/* The same into a file of this machine's, which is made or replaced; a domain that runs is paused for it. */
int core_dump_to_file(struct core_dump *dump, const char *path);

#endif

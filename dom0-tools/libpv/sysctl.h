/* SPDX-License-Identifier: MIT */
/*
 * sysctl.h: what the hypervisor says about the machine and about itself.
 * Results: 0 or the negative Xen errno of the hypercall.
 * Guest ABI: sysctl, xen_version.
 * Read next: ../pvctl/cmd_info.c.
 */
#ifndef LIBPV_SYSCTL_H
#define LIBPV_SYSCTL_H

#include <stddef.h>
#include <stdint.h>

struct machine_info {
    uint32_t nr_cpus, max_cpu_id, nr_nodes;
    uint32_t cores_per_socket, threads_per_core;
    uint32_t cpu_khz;
    uint64_t total_pages, free_pages, scrub_pages, outstanding_pages;
    uint32_t hw_caps[8];
    uint32_t capabilities;
};
int sysctl_machine(struct machine_info *info);

/* The scheduler's name by its number in the ABI; "unknown" when the hypervisor does not say. */
const char *sysctl_scheduler(void);

/* Text of the hypervisor's log into buffer, oldest first; returns its length. `clear` empties it.
 */
int sysctl_read_console(char *buffer, size_t size, int clear);

/* As if typed at the hypervisor's own console. */
int sysctl_debug_keys(const char *keys);

struct version_info {
    unsigned int major, minor;
    char extra[16];
    char capabilities[1024];
    char changeset[64];
    char command_line[1024];
    char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
    uint64_t page_size;
    uint64_t virtual_start; /* of the hypervisor's part of the address space */
};
/* Fields that the hypervisor does not offer are left empty or 0. */
int sysctl_version(struct version_info *info);

#endif

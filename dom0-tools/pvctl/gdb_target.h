/* SPDX-License-Identifier: MIT */
/*
 * gdb_target.h: a domain as a debugger sees it: it stands or runs; registers, memory, breakpoints.
 * Read next: gdb_target.c, ../libpv/domain_debug.h.
 */
#ifndef PVCTL_GDB_TARGET_H
#define PVCTL_GDB_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0-tools/libpv/domain_debug.h"
#include "dom0-tools/libpv/seam.h"

#define GDB_TARGET_BREAKPOINTS 64u

struct gdb_target {
    uint16_t domid;
    uint32_t nr_vcpus, vcpu; /* the one that is looked at */
    vcpu_guest_context_t *context;
    struct {
        uint64_t address;
        uint8_t saved;
        bool used;
    } breakpoints[GDB_TARGET_BREAKPOINTS];
    unsigned int waits; /* since it runs */
    bool stands, stepping;
};

/* Attaches, and stops the domain. 0 or a negative Xen errno; close it either way. */
int gdb_target_open(struct gdb_target *target, uint16_t domid, uint32_t nr_vcpus);
/* Takes the breakpoints out and lets the domain run. */
void gdb_target_close(struct gdb_target *target);

/* Let it run, or execute one instruction. 0 or a negative Xen errno. */
int gdb_target_run(struct gdb_target *target, bool step);
/* Waits a moment for the descriptor or a stop. 1: it stands; 0: not yet; -XEN_ESRCH it ended; -XEN_EFAULT it crashed. */
int gdb_target_wait(struct gdb_target *target, struct seam_wait *wait);
/* Stops it where it is: 1, or negative. */
int gdb_target_stop(struct gdb_target *target);

/* In GDB's order; the size, 0: not to be had. */
size_t gdb_target_get_registers(struct gdb_target *target, uint8_t *bytes);
bool gdb_target_set_registers(struct gdb_target *target, const uint8_t *bytes, size_t size);
bool gdb_target_choose(struct gdb_target *target, uint32_t vcpu);

/* Reads see what the breakpoints hide. How many bytes were copied. */
size_t gdb_target_read(struct gdb_target *target, uint64_t address, uint8_t *bytes, size_t size);
size_t gdb_target_write(struct gdb_target *target, uint64_t address, const uint8_t *bytes,
                        size_t size);
bool gdb_target_insert(struct gdb_target *target, uint64_t address);
bool gdb_target_remove(struct gdb_target *target, uint64_t address);

#endif

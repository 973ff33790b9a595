/* SPDX-License-Identifier: MIT */
/*
 * domain_debug.h: a debugger's hold on a domain: stops, memory, registers.
 * Owns: nothing. Results as in domctl.h. Guest ABI: domctl (setdebugging, gdbsx_*, vcpucontext).
 * Read next: ../pvctl/gdb_stub.c.
 */
#ifndef LIBPV_DOMAIN_DEBUG_H
#define LIBPV_DOMAIN_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define __XEN_TOOLS__ 1
#include <public/xen.h>

/* While attached, breakpoints and single steps of its kernel pause the domain. */
int domain_debug_attach(uint16_t domid, bool attach);

/* One vCPU of a paused domain, counted. -XEN_EBUSY the domain is not paused. */
int domain_debug_hold_vcpu(uint16_t domid, uint32_t vcpu, bool hold);

/* 1: it stopped since the last call; *vcpu and *vector say where and by what. 0: it did not. */
int domain_debug_stopped(uint16_t domid, uint32_t *vcpu, uint32_t *vector);

/* Copy to or from a paused domain's memory, by vCPU 0's page tables; returns how many bytes were. */
size_t domain_debug_read(uint16_t domid, uint64_t address, void *bytes, size_t size);
size_t domain_debug_write(uint16_t domid, uint64_t address, const void *bytes, size_t size);

/* A vCPU's whole state; `context` is from seam_buffer_get. -XEN_ENODATA: it never ran. */
int domain_debug_get_context(uint16_t domid, uint32_t vcpu, vcpu_guest_context_t *context);
int domain_debug_set_context(uint16_t domid, uint32_t vcpu, vcpu_guest_context_t *context);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * gdb_stub.h: GDB's remote protocol for one domain, over a pair of descriptors. Threads are vCPUs, from 1 on.
 * Read next: gdb_stub.c, ../libpv/domain_debug.h.
 */
#ifndef PVCTL_GDB_STUB_H
#define PVCTL_GDB_STUB_H

#include <stdint.h>

/*
 * Serve until the debugger detaches, kills or hangs up. After a
 * detach or a hang-up the domain's breakpoints are taken out and it runs on. 0 or a negative Xen errno.
 */
int gdb_stub_run(uint16_t domid, uint32_t nr_vcpus, int input, int output);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The differential image: prints `case: result` for hypercalls with good and bad arguments. The same image runs as the first domain
 * of xenlike and of real Xen; `make compare-xen` compares the two logs (docs/abi/differences.md has the reasons for what differs).
 */
#ifndef TESTS_COMPARE_H
#define TESTS_COMPARE_H

#include <stdint.h>

/* Prints one line. The value is a result or errno, never an address or a frame number. */
void show(const char *name, long value);

/* A pointer that no guest may give: in the hypervisor's half; not canonical; not mapped. */
#define IN_HYPERVISOR 0xffff830000001000ul
#define NOT_CANONICAL 0x0000900000000000ul
#define NOT_MAPPED    0x0000700000000000ul

/* A page of ours: its address, and its machine frame. */
struct spare_page {
    void *address;
    unsigned long mfn;
};
struct spare_page spare_page(void);
/* Maps or unmaps the direct-map address of a spare page by update_va_mapping: entry flags, 0 = none. */
long spare_map(struct spare_page page, uint64_t flags);

#define ENTRY_PRESENT 1ul
#define ENTRY_WRITE   2ul
#define ENTRY_USER    4ul
#define ENTRY_PSE     0x80ul
#define ENTRY_GLOBAL  0x100ul

void cases_misc(void);
void cases_page_tables(void);
void cases_pins(void);
void cases_segments(void);
void cases_events(void);
void cases_grants(void);
void cases_grants_v2(void);
void cases_fifo(void);
void cases_vcpu(void);
void cases_memory(void);
void cases_control(void);

#endif

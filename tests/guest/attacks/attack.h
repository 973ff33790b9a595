/* SPDX-License-Identifier: MIT */
/*
 * The hostile guest: one image, the attack's name on its command line. See README.md.
 *
 * An attack is a function that says with attack_expect() what it saw and what it should have; a lethal one does not come back.
 * Read next: attack_try.S for how an exception is survived, main.c for the list.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <stdbool.h>
#include <stdint.h>

#include <public/xen.h>

/* What attack_try() returns beside a vector. */
#define ATTACK_RETURNED (-1) /* the code came back by itself */
#define ATTACK_OTHER    300  /* an interrupt of vector 32 or above */

#define VECTOR_DB 1
#define VECTOR_BP 3
#define VECTOR_UD 6
#define VECTOR_NP 11
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_PF 14

/* Pointers that no guest may give: in the hypervisor's half; not canonical; not mapped. */
#define IN_HYPERVISOR 0xffff830000001000ul
#define NOT_CANONICAL 0x0000900000000000ul
#define NOT_MAPPED    0x0000700000000000ul

#define ENTRY_PRESENT 1ul
#define ENTRY_WRITE   2ul
#define ENTRY_USER    4ul

/* Runs code(argument) with a trap table of its own. ATTACK_RETURNED, or the vector that ended it. */
long attack_try(void (*code)(void *argument), void *argument);
/* attack_try() of HYPERVISOR_iret with this frame; ATTACK_RETURNED: it came to attack_landing in 64-bit code. */
long attack_iret(const struct iret_context *frame);
extern const char attack_landing[], attack_landing_32[];
/* Of the last attack_try(). */
extern uint64_t attack_error_code;

/* Registers the traps that attack_try() needs; `dpl` is who may raise them by int. */
void attack_traps(uint8_t dpl);

/* Compares and counts; a difference is printed. */
void attack_expect(const char *what, long seen, long wanted);
/* At least one was different. */
bool attack_failed(void);

/* A page of the direct map and its frame. */
struct victim {
    uint64_t *words;
    unsigned long mfn;
};
struct victim victim_page(void);
/* Makes the page's own mapping `flags` (0: none), flushed everywhere; the errno. */
long victim_map(struct victim page, uint64_t flags);
long attack_mmuext(unsigned int command, unsigned long argument);
/* The machine address of the L1 entry that maps the page. */
uint64_t attack_entry_of(const void *page);

typedef void attack_t(void);

attack_t instructions, registers, ports, interrupts, irets, flags_survive, sysret_edge, breakpoints,
    single_steps, segments, fpu_state;
attack_t stale_tlb, own_tables, linear_tables, foreign_frames, hypervisor_slots, balloon, exchange,
    writable_tables, descriptor_pages;
attack_t event_storm, shared_info, timers, long_lists, contexts, vcpu_areas;
attack_t grant_maps, grant_flip, grant_revoke, grant_exhaust, grant_tables, stale_grants;
attack_t grant_versions;
attack_t console_flood, store_garbage;
attack_t random_calls;
attack_t stack_hypervisor, stack_not_canonical, stack_unmapped, stack_read_only, stack_straddles,
    no_handler, event_stack, iret_hypervisor, iret_unmapped, fault_recursion, exit_with_maps,
    exit_in_flood, iret_no_user_base, scribble;

#endif

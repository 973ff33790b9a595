/* SPDX-License-Identifier: MIT */
/*
 * Random hypercalls with arguments that are half right: numbers, pages that hold random words, this domain's frames, its tables.
 * The second word of the command line is the seed; the same seed makes the same calls.
 */
#include "attack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/sched.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/start.h>

#define NR_CALLS 30000
#define NR_PAGES 8

static uint64_t state;
static struct victim pages[NR_PAGES];

static uint64_t next(void)
{
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return state >> 33 ^ state;
}

static uint64_t word(void)
{
    struct victim page = pages[next() % NR_PAGES];

    switch (next() % 12) {
    case 0:
        return next();
    case 1:
        return page.mfn;
    case 2:
        return page.mfn << 12 | (next() & 0x1ff);
    case 3:
        return (uint64_t)page.words + (next() & 0xff8);
    case 4:
        return DOMID_SELF;
    case 5:
        return memory_mfn_of((const void *)start_information()->pt_base);
    case 6:
        return next() % 2 != 0 ? IN_HYPERVISOR : NOT_CANONICAL;
    case 7:
        return ~0ul >> next() % 64;
    case 8:
        return 1ul << next() % 64;
    default:
        return next() % 20;
    }
}

/* Calls that end or stop us, or take away what the calls stand on. */
static bool harmless(unsigned int number, const uint64_t a[6])
{
    switch (number) {
    case __HYPERVISOR_set_trap_table:
    case __HYPERVISOR_set_callbacks:
    case __HYPERVISOR_stack_switch:
    case __HYPERVISOR_fpu_taskswitch: /* #NM where nobody expects one */
    case __HYPERVISOR_iret:
    case __HYPERVISOR_set_segment_base:
    case __HYPERVISOR_multicall: /* they may hold each of these */
    case __HYPERVISOR_callback_op:
    case __HYPERVISOR_nmi_op:
    case __HYPERVISOR_sched_op_compat:
        return false;
    case __HYPERVISOR_sched_op:
        return a[0] == 0;
    default:
        return true;
    }
}

struct call {
    unsigned int number;
    uint64_t a[6];
};

static void run_call(void *argument)
{
    const struct call *c = argument;

    (void)hypercall6(c->number, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4], c->a[5]);
}

static void fill(struct victim page)
{
    for (unsigned int i = 0; i < 512; i++) {
        page.words[i] = word();
    }
}

void random_calls(void)
{
    const char *seed = strchr(start_command_line(), ' ');

    state = seed != NULL ? strtoul(seed, NULL, 0) : 1;
    for (unsigned int i = 0; i < NR_PAGES; i++) {
        pages[i] = victim_page();
        fill(pages[i]);
    }
    for (unsigned int i = 0; i < NR_CALLS; i++) {
        struct call c = {.number = (unsigned int)(next() % 44)};
        struct victim page = pages[next() % NR_PAGES];

        for (unsigned int j = 0; j < 6; j++) {
            c.a[j] = word();
        }
        if (next() % 3 != 0) { /* a list of some kind, or a structure */
            c.a[next() % 2] = (uint64_t)page.words + (next() & 0x7f8);
        }
        if (harmless(c.number, c.a)) {
            (void)attack_try(run_call, &c);
        }
        if (next() % 16 == 0 && victim_map(page, ENTRY_PRESENT | ENTRY_WRITE) == 0) {
            fill(page);
        } else if (next() % 16 == 0) {
            (void)victim_map(page, ENTRY_PRESENT);
        } else if (next() % 32 == 0) {
            (void)attack_mmuext(MMUEXT_UNPIN_TABLE, page.mfn);
        }
    }
    /* Without a word: the console may be gone by now. */
    (void)hypercall_sched_op(SCHEDOP_shutdown,
                             &(struct sched_shutdown){.reason = SHUTDOWN_poweroff});
}

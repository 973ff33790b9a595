/* SPDX-License-Identifier: MIT */
/*
 * Every short sequence of page-table operations over a tiny universe, with the checker after each step.
 *
 * The universe: four frames that may be data or tables of any level, one live L1 that can map them, and the operations on them. All sequences of
 * three operations (EXHAUSTIVE=n: of n) from the start state are tried in one process: each is undone by restoring the machine.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "mm_tables.h"
#include "xenlike/hypercall/hypercall.h"
#include "xenlike/mm/frame_word.h"
#include "xenlike/mm/page_table.h"

#define NR_FRAMES   64
#define NR_SUBJECTS 3

static struct guest g;
static mfn_t subject[NR_SUBJECTS];

static void pin_1(unsigned int i, unsigned int j)
{
    (void)j;
    tables_op(MMUEXT_PIN_L1_TABLE, subject[i].n, 0);
}

static void pin_2(unsigned int i, unsigned int j)
{
    (void)j;
    tables_op(MMUEXT_PIN_L2_TABLE, subject[i].n, 0);
}

static void pin_4(unsigned int i, unsigned int j)
{
    (void)j;
    tables_op(MMUEXT_PIN_L4_TABLE, subject[i].n, 0);
}

static void unpin(unsigned int i, unsigned int j)
{
    (void)j;
    tables_op(MMUEXT_UNPIN_TABLE, subject[i].n, 0);
}

static void base(unsigned int i, unsigned int j)
{
    (void)j;
    tables_op(MMUEXT_NEW_BASEPTR, subject[i].n, 0);
}

static void user_base(unsigned int i, unsigned int j)
{
    (void)j;
    tables_op(MMUEXT_NEW_USER_BASEPTR, subject[i].n, 0);
}

/* An entry of frame i names frame j. */
static void entry_rw(unsigned int i, unsigned int j)
{
    tables_update(subject[i], 5, pte_make(subject[j], TABLE));
}

static void entry_ro(unsigned int i, unsigned int j)
{
    tables_update(subject[i], 5, pte_make(subject[j], TABLE & ~PTE_WRITE));
}

static void entry_none(unsigned int i, unsigned int j)
{
    (void)j;
    tables_update(subject[i], 5, 0);
}

/* The live L1 maps frame i, and the guest touches it. */
static void map_rw(unsigned int i, unsigned int j)
{
    mfn_t reached;

    (void)j;
    tables_update(g.l1, 100 + i, pte_make(subject[i], KERNEL_RW));
    fake_touch(g.v, (uint64_t)(100 + i) << PAGE_SHIFT, true, &reached);
}

static void map_ro(unsigned int i, unsigned int j)
{
    mfn_t reached;

    (void)j;
    tables_update(g.l1, 100 + i, pte_make(subject[i], KERNEL_RO));
    fake_touch(g.v, (uint64_t)(100 + i) << PAGE_SHIFT, false, &reached);
}

/* Another frame takes frame i's place; the old one is freed with its last reference. Not for exhaustive runs: the heap is not restored. */
static void replace(unsigned int i, unsigned int j)
{
    mfn_t fresh = frame_alloc_domain(g.d, 0, 0);

    (void)j;
    if (mfn_valid_value(fresh)) {
        frame_release_allocation(subject[i], g.d);
        subject[i] = fresh;
    }
}

static const struct {
    void (*run)(unsigned int i, unsigned int j);
    bool two;
} operations[] = {
    {pin_1, false},      {pin_2, false},     {pin_4, false},   {unpin, false},
    {base, false},       {user_base, false}, {entry_rw, true}, {entry_ro, true},
    {entry_none, false}, {map_rw, false},    {map_ro, false},  {replace, false},
};

#define NR_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* The machine's state, as far as the operations reach, saved and brought back. */
#define NR_CONTENTS (NR_SUBJECTS + 4)
struct saved {
    struct frame frames[NR_FRAMES];
    pte_t entries[NR_CONTENTS][PT_ENTRIES];
    struct domain domain;
    mfn_t kernel_base, user_base;
};
static struct saved *stack;

static mfn_t content(unsigned int i)
{
    const mfn_t tables[] = {g.l1, g.l2, g.l3, g.l4};

    return i < NR_SUBJECTS ? subject[i] : tables[i - NR_SUBJECTS];
}

static void save(struct saved *s)
{
    memcpy(s->frames, frame_table_base, sizeof(s->frames));
    for (unsigned int i = 0; i < NR_CONTENTS; i++) {
        memcpy(s->entries[i], machine_frame(content(i)), PAGE_SIZE);
    }
    s->domain = *g.d;
    s->kernel_base = g.v->kernel_base;
    s->user_base = g.v->user_base;
}

static void restore(const struct saved *s)
{
    memcpy(frame_table_base, s->frames, sizeof(s->frames));
    for (unsigned int i = 0; i < NR_CONTENTS; i++) {
        memcpy(machine_frame(content(i)), s->entries[i], PAGE_SIZE);
    }
    *g.d = s->domain;
    g.v->kernel_base = s->kernel_base;
    g.v->user_base = s->user_base;
    fake_tlb_forget(0);
}

static unsigned int max_depth = 3;
static char trail[256];
static uint64_t nr_sequences;

static void step(unsigned int depth, size_t length)
{
    if (depth == max_depth) {
        nr_sequences++;
        return;
    }
    save(&stack[depth]);
    for (unsigned int op = 0; op < NR_OPERATIONS - 1; op++) {
        for (unsigned int i = 0; i < NR_SUBJECTS; i++) {
            for (unsigned int j = 0; j < (operations[op].two ? NR_SUBJECTS : 1); j++) {
                const char *wrong;
                int n = snprintf(trail + length, sizeof(trail) - length, " %u:%u,%u", op, i, j);

                operations[op].run(i, j);
                wrong = fake_check();
                cr_assert_null(wrong, "%s after%s", wrong, trail);
                step(depth + 1, length + (size_t)n);
                restore(&stack[depth]);
            }
        }
    }
}

Test(sequences, all_short_ones_keep_the_invariants, .timeout = 300)
{
    fake_machine_init(NR_FRAMES);
    tables_guest(&g, 1, true);
    for (unsigned int i = 0; i < NR_SUBJECTS; i++) {
        subject[i] = tables_frame(g.d);
    }
    if (getenv("EXHAUSTIVE") != NULL) {
        max_depth = (unsigned int)atoi(getenv("EXHAUSTIVE"));
    }
    stack = calloc(max_depth, sizeof(*stack));
    step(0, 0);
    cr_log_info("%lu sequences", (unsigned long)nr_sequences);
}

/* Long random walks, with preemption at random points. */
Test(sequences, random_walks_keep_the_invariants, .timeout = 300)
{
    fake_machine_init(NR_FRAMES * 4);
    tables_guest(&g, 1, true);
    for (unsigned int i = 0; i < NR_SUBJECTS; i++) {
        subject[i] = tables_frame(g.d);
    }
    srand(1);
    for (unsigned int n = 0; n < 20000; n++) {
        unsigned int op = (unsigned int)rand() % NR_OPERATIONS;
        const char *wrong;

        fake_preempt_every = (unsigned int)rand() % 4;
        operations[op].run((unsigned int)rand() % NR_SUBJECTS, (unsigned int)rand() % NR_SUBJECTS);
        if (n % 1000 == 999) {
            tables_op(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
        }
        wrong = fake_check();
        cr_assert_null(wrong, "%s at step %u", wrong, n);
    }
    fake_preempt_every = 0;
    g.d->life = DOMAIN_DYING;
    cr_assert_eq(page_table_drop_bases(g.v), 0);
    cr_assert_eq(page_table_relinquish_memory(g.d), 0);
    cr_assert_eq(g.d->nr_frames, 0);
    cr_assert_null(fake_check());
}

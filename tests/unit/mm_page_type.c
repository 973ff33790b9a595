/* SPDX-License-Identifier: MIT */
/* Page types: PT1..PT7 by number, through the hypercalls, with the checker after each step. */
#include <criterion/criterion.h>
#include <string.h>

#include "mm_tables.h"
#include "xenlike/hypercall/hypercall.h"
#include "xenlike/mm/frame_word.h"
#include "xenlike/mm/page_table.h"
#include "xenlike/mm/page_type.h"

static struct guest g;

static void setup(void)
{
    fake_machine_init(1024);
    tables_guest(&g, 1, false);
}

TestSuite(page_type, .init = setup);

static void check(void)
{
    const char *wrong = fake_check();

    cr_assert_null(wrong, "%s", wrong);
}

static void relinquish(struct guest *guest)
{
    int result;

    guest->d->life = DOMAIN_DYING;
    do {
        result = page_table_drop_bases(guest->v);
        check();
    } while (result == -XEN_ERESTART);
    do {
        result = page_table_relinquish_memory(guest->d);
        check();
    } while (result == -XEN_ERESTART);
    cr_assert_eq(result, 0);
    cr_assert_eq(guest->d->nr_frames, 0);
}

Test(page_type, a_guest_is_built_and_taken_apart)
{
    uint64_t before = frame_alloc_nr_free() + g.d->nr_frames;

    check();
    relinquish(&g);
    cr_assert_eq(frame_alloc_nr_free(), before);
}

Test(page_type, PT3_a_frame_is_never_table_and_writable)
{
    cr_assert_eq(tables_update(g.l1, 20, pte_make(g.l1, KERNEL_RW)), -16);
    cr_assert_eq(tables_update(g.l1, 20, pte_make(g.l2, KERNEL_RW)), -16);
    cr_assert_eq(tables_update(g.l1, 20, pte_make(g.l3, KERNEL_RW)), -16);
    cr_assert_eq(tables_update(g.l1, 20, pte_make(g.l4, KERNEL_RW)), -16);
    cr_assert_eq(tables_update(g.l1, 20, pte_make(g.l4, KERNEL_RO)), 0);
    cr_assert_eq(tables_update(g.l1, 20, pte_make(g.l4, KERNEL_RW)), -16,
                 "not by its flags either");
    for (unsigned int level = 1; level <= 4; level++) {
        cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE + level - 1, g.data[0].n, 0), -22);
    }
    check();
}

Test(page_type, PT1_a_type_changes_when_its_count_is_zero)
{
    /* Unmapped, the frame may become a table; unpinned, it may be written again at once. */
    cr_assert_eq(tables_update(g.l1, 1, 0), 0);
    memset(machine_frame(g.data[0]), 0, PAGE_SIZE);
    for (unsigned int level = 1; level <= 4; level++) {
        cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE + level - 1, g.data[0].n, 0), 0);
        check();
        cr_assert_eq(tables_update(g.l1, 1, pte_make(g.data[0], KERNEL_RW)), -16);
        cr_assert_eq(tables_op(MMUEXT_UNPIN_TABLE, g.data[0].n, 0), 0);
        check();
        memset(machine_frame(g.data[0]), 0, PAGE_SIZE);
    }
    cr_assert_eq(tables_update(g.l1, 1, pte_make(g.data[0], KERNEL_RW)), 0);
    check();
}

Test(page_type, PT6_a_pin_is_one_reference)
{
    cr_assert_eq(tables_op(MMUEXT_PIN_L4_TABLE, g.l4.n, 0), -22, "twice");
    check();
    cr_assert_eq(tables_op(MMUEXT_UNPIN_TABLE, g.l4.n, 0), 0);
    cr_assert_eq(tables_op(MMUEXT_UNPIN_TABLE, g.l4.n, 0), -22, "twice");
    check();
    cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE, g.l1.n, 0), 0);
    cr_assert_eq(tables_op(MMUEXT_PIN_L2_TABLE, g.l1.n, 0), -22, "pinned as another level");
    check();
    relinquish(&g);
}

Test(page_type, PT5_a_base_is_a_referenced_L4)
{
    cr_assert_eq(tables_op(MMUEXT_NEW_BASEPTR, g.l3.n, 0), -22);
    cr_assert_eq(tables_op(MMUEXT_NEW_BASEPTR, g.data[0].n, 0), -22);
    cr_assert_eq(tables_op(MMUEXT_NEW_BASEPTR, 1 << 20, 0), -22);
    cr_assert_eq(tables_op(MMUEXT_NEW_USER_BASEPTR, g.l1.n, 0), -22);
    cr_assert_eq(tables_op(MMUEXT_UNPIN_TABLE, g.l4.n, 0), 0);
    check();
    cr_assert_eq(frame_current_type(g.l4), FRAME_L4, "the base keeps it");
    cr_assert_eq(tables_op(MMUEXT_NEW_USER_BASEPTR, g.l4.n, 0), 0, "both may be one frame");
    check();
    cr_assert_eq(tables_op(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    cr_assert_not(mfn_valid_value(g.v->user_base));
    check();
}

Test(page_type, a_new_base_loads_CR3_once_and_lets_the_old_tables_go)
{
    mfn_t l4 = tables_frame(g.d);

    tables_store(l4, 0, pte_make(g.l3, TABLE));
    cr_assert_eq(tables_op(MMUEXT_UNPIN_TABLE, g.l4.n, 0), 0);
    memset(&fake_counts, 0, sizeof(fake_counts));
    cr_assert_eq(tables_op(MMUEXT_NEW_BASEPTR, l4.n, 0), 0);
    cr_assert_eq(tables_op(MMUEXT_NEW_USER_BASEPTR, l4.n, 0), 0);
    cr_assert_eq(fake_counts.cr3_loads, 1);
    cr_assert_eq(fake_counts.full_flushes, 1);
    cr_assert_eq(frame_current_type(g.l4), FRAME_NONE);
    check();
    cr_assert_eq(tables_update(g.l1, 30, pte_make(g.l4, KERNEL_RW)), 0);
    check();
}

Test(page_type, PT4_bad_entries_are_refused_at_each_level)
{
    const pte_t bad_upper[] = {PTE_PSE, PTE_GLOBAL, PTE_PWT, PTE_PCD};
    mfn_t spare = tables_frame(g.d);

    for (unsigned int i = 0; i < 4; i++) {
        cr_assert_eq(tables_update(g.l4, 9, pte_make(g.l3, TABLE | bad_upper[i])), -22);
        cr_assert_eq(tables_update(g.l3, 9, pte_make(g.l2, TABLE | bad_upper[i])), -22);
        cr_assert_eq(tables_update(g.l2, 9, pte_make(g.l1, TABLE | bad_upper[i])), -22);
    }
    cr_assert_eq(tables_update(g.l4, 9, pte_make(g.l2, TABLE)), -22, "wrong level");
    cr_assert_eq(tables_update(g.l2, 9, pte_make(g.data[0], TABLE)), -22, "a writable page");
    cr_assert_eq(tables_update(g.l2, 9, pte_make(MFN(1 << 20), TABLE)), -22, "no RAM");
    cr_assert_eq(tables_update(g.l2, 9, pte_make(MFN(1023), TABLE)), -22, "the hypervisor's");
    cr_assert_eq(tables_update(g.l1, 9, pte_make(spare, KERNEL_RW | PTE_PCD)), -22);
    cr_assert_eq(tables_update(g.l1, 9, pte_make(MFN(1 << 20), KERNEL_RW)), -1, "no RAM");
    cr_assert_eq(tables_update(g.l1, 9, pte_make(MFN(1023), KERNEL_RO)), -16, "the hypervisor's");
    cr_assert_eq(tables_update(g.l1, 9, UINT64_C(0x000fffffffff0000) | KERNEL_RO), -1);
    for (unsigned int i = 0; i < 16; i++) {
        cr_assert_eq(tables_update(g.l4, 256 + i, 0), -22);
    }
    cr_assert_eq(tables_update(g.l4, 272, pte_make(g.l3, TABLE)), 0);
    cr_assert_eq(tables_update(g.l2, 8, pte_make(g.l1, TABLE | PTE_GUEST_KERNEL | PTE_NX)), 0);
    check();
}

Test(page_type, T2_a_leaf_is_the_kernels_or_global)
{
    struct {
        pte_t given, stored;
    } const cases[] = {
        {0, PTE_USER | PTE_GUEST_KERNEL},
        {PTE_GLOBAL, PTE_USER | PTE_GUEST_KERNEL},
        {PTE_USER, PTE_USER | PTE_GLOBAL},
        {PTE_USER | PTE_GLOBAL, PTE_USER | PTE_GLOBAL},
        {PTE_USER | PTE_GUEST_KERNEL, PTE_USER | PTE_GUEST_KERNEL},
        {PTE_USER | PTE_GUEST_KERNEL | PTE_GLOBAL, PTE_USER | PTE_GUEST_KERNEL},
        {PTE_GUEST_KERNEL, PTE_USER | PTE_GUEST_KERNEL},
        {PTE_GRANT, PTE_USER | PTE_GUEST_KERNEL},
    };
    const pte_t mask = PTE_USER | PTE_GUEST_KERNEL | PTE_GLOBAL | PTE_GRANT;

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* Fresh, and again over itself, where only flags change. */
        cr_assert_eq(tables_update(g.l1, 40, 0), 0);
        for (unsigned int again = 0; again < 2; again++) {
            cr_assert_eq(tables_update(g.l1, 40, pte_make(g.data[0], KERNEL_RO | cases[i].given)),
                         0);
            cr_assert_eq(tables_load(g.l1, 40) & mask, cases[i].stored, "case %u", i);
            check();
        }
    }
}

Test(page_type, T5_linear_tables_are_read_only_and_one_deep)
{
    mfn_t other = tables_frame(g.d);
    mfn_t third = tables_frame(g.d);

    cr_assert_eq(tables_update(g.l4, 300, pte_make(g.l4, TABLE)), -22);
    cr_assert_eq(tables_update(g.l4, 300, pte_make(g.l4, TABLE & ~PTE_WRITE)), 0);
    check();
    cr_assert_eq(tables_update(g.l4, 300, pte_make(g.l4, TABLE)), -22, "not by its flags either");
    cr_assert_eq(tables_op(MMUEXT_PIN_L4_TABLE, other.n, 0), 0);
    cr_assert_eq(tables_op(MMUEXT_PIN_L4_TABLE, third.n, 0), 0);
    cr_assert_eq(tables_update(g.l4, 301, pte_make(other, TABLE & ~PTE_WRITE)), 0);
    check();
    cr_assert_eq(tables_update(other, 301, pte_make(third, TABLE & ~PTE_WRITE)), -22, "a chain");
    cr_assert_eq(tables_update(other, 301, pte_make(g.l4, TABLE & ~PTE_WRITE)), -22, "a cycle");
    cr_assert_eq(tables_update(third, 301, pte_make(g.l4, TABLE & ~PTE_WRITE)), -22, "a chain");
    check();
    cr_assert_eq(tables_op(MMUEXT_UNPIN_TABLE, other.n, 0), 0);
    cr_assert_eq(frame_current_type(other), FRAME_L4, "the linear entry keeps it");
    check();
    cr_assert_eq(tables_update(g.l4, 301, 0), 0);
    cr_assert_eq(frame_current_type(other), FRAME_NONE);
    check();
    relinquish(&g);
}

Test(page_type, preemption_at_every_point_of_validation_and_teardown)
{
    for (unsigned int every = 1; every <= 9; every++) {
        mfn_t l4 = tables_frame(g.d), l3 = tables_frame(g.d);
        mfn_t l2 = tables_frame(g.d), l1 = tables_frame(g.d);
        unsigned int restarts = 0;
        int64_t result;

        for (unsigned int i = 0; i < PT_ENTRIES; i++) {
            tables_store(l1, i, pte_make(g.data[i % 8], i % 2 != 0 ? KERNEL_RW : KERNEL_RO));
        }
        tables_store(l2, 100, pte_make(l1, TABLE));
        tables_store(l2, 200, pte_make(l1, TABLE));
        tables_store(l3, 511, pte_make(l2, TABLE));
        tables_store(l4, 3, pte_make(l3, TABLE));
        tables_store(l4, 400, pte_make(l3, TABLE));
        fake_preempt_every = every;
        fake_nr_preempt_questions = 0;
        while ((result = page_table_pin(g.d, l4, 4)) == -XEN_ERESTART) {
            restarts++;
            check();
            cr_assert_lt(restarts, 1000);
        }
        cr_assert_eq(result, 0);
        check();
        while ((result = page_table_unpin(g.d, l4)) == -XEN_ERESTART) {
            check();
        }
        cr_assert_eq(result, 0);
        while (page_table_settle(g.d) == -XEN_ERESTART) {
            check();
        }
        fake_preempt_every = 0;
        cr_assert_gt(restarts, 0);
        cr_assert_eq(frame_current_type(l4), FRAME_NONE);
        check();
    }
}

Test(page_type, a_bad_entry_deep_down_undoes_everything)
{
    for (unsigned int every = 0; every <= 5; every++) {
        mfn_t l4 = tables_frame(g.d), l3 = tables_frame(g.d);
        mfn_t l2 = tables_frame(g.d), l1 = tables_frame(g.d);
        int64_t result;

        for (unsigned int i = 0; i < 300; i++) {
            tables_store(l1, i, pte_make(g.data[i % 8], KERNEL_RW));
        }
        tables_store(l1, 300, pte_make(l2, KERNEL_RW));
        tables_store(l2, 7, pte_make(l1, TABLE));
        tables_store(l3, 7, pte_make(l2, TABLE));
        tables_store(l4, 7, pte_make(l3, TABLE));
        fake_preempt_every = every;
        while ((result = page_table_pin(g.d, l4, 4)) == -XEN_ERESTART) {
            check();
        }
        cr_assert_eq(result, -16);
        check();
        fake_preempt_every = 0;
        cr_assert_eq(page_table_settle(g.d), 0);
        cr_assert_eq(frame_current_type(l1), FRAME_NONE);
        cr_assert_eq(frame_current_type(l4), FRAME_NONE);
        check();
    }
}

Test(page_type, a_refused_table_is_no_table_when_the_call_returns)
{
    mfn_t l1 = tables_frame(g.d);

    for (unsigned int i = 0; i < 100; i++) {
        tables_store(l1, i, pte_make(g.data[i % 8], KERNEL_RW));
    }
    tables_store(l1, 100, pte_make(g.l4, KERNEL_RW));
    cr_assert_eq(tables_update(g.l2, 5, pte_make(l1, TABLE)), -16);
    cr_assert_eq(frame_current_type(l1), FRAME_NONE);
    check();
    cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE, l1.n, 0), -16);
    cr_assert_eq(frame_current_type(l1), FRAME_NONE);
    check();
}

Test(page_type, a_validation_left_half_done_is_cleaned_up_at_the_end)
{
    mfn_t l1 = tables_frame(g.d);

    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        tables_store(l1, i, pte_make(g.data[i % 8], KERNEL_RW));
    }
    fake_preempt_every = 1;
    cr_assert_eq(page_table_pin(g.d, l1, 1), -XEN_ERESTART);
    check();
    cr_assert_eq(tables_update(g.l1, 50, pte_make(l1, KERNEL_RW)), -16, "half a table is no page");
    cr_assert_eq(tables_update(l1, 0, 0), -22, "nor is it one to be updated");
    cr_assert_eq(page_table_pin(g.d, l1, 2), -22);
    check();
    relinquish(&g);
}

Test(page_type, teardown_at_every_preemption_point)
{
    for (unsigned int every = 1; every < 6; every++) {
        struct guest other;

        tables_guest(&other, (domid_t)(10 + every), false);
        fake_preempt_every = every;
        relinquish(&other);
        fake_preempt_every = 0;
        fake_run(g.v);
    }
}

Test(page_type, released_but_pinned_frames_go_at_the_end)
{
    cr_assert(frame_release_allocation(g.l4, g.d));
    cr_assert(frame_release_allocation(g.data[3], g.d));
    check();
    relinquish(&g);
}

Test(page_type, PT7_a_page_that_becomes_a_table_is_flushed_after_its_type_is_taken)
{
    mfn_t reached;

    memset(machine_frame(g.data[0]), 0, PAGE_SIZE);
    cr_assert(fake_touch(g.v, DATA_ADDRESS(0), true, &reached));
    cr_assert_eq(tables_update(g.l1, 1, 0), 0);
    check();
    cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE, g.data[0].n, 0), 0);
    cr_assert_null(fake_tlb_violation());
    cr_assert_not(fake_touch(g.v, DATA_ADDRESS(0), true, &reached), "the stale entry is gone");
}

Test(page_type, PT7_a_table_that_becomes_a_page_is_flushed)
{
    mfn_t reached;

    cr_assert(fake_touch(g.v, DATA_ADDRESS(0), false, &reached));
    cr_assert_eq(tables_update(g.l2, 0, 0), 0);
    cr_assert_eq(frame_current_type(g.l1), FRAME_NONE);
    mfn_t l1 = tables_frame(g.d);
    tables_store(l1, 0, pte_make(g.l1, KERNEL_RW));
    cr_assert_eq(tables_update(g.l2, 1, pte_make(l1, TABLE)), 0);
    cr_assert_eq(frame_current_type(g.l1), FRAME_WRITABLE);
    check();
}

Test(page_type, PT7_a_given_back_frame_is_flushed_before_another_gets_it)
{
    struct domain *witness = fake_domain_create(2, 4096, false);
    mfn_t reached;

    cr_assert(fake_touch(g.v, DATA_ADDRESS(0), true, &reached));
    cr_assert_eq(tables_update(g.l1, 1, 0), 0);
    cr_assert(frame_release_allocation(g.data[0], g.d));
    for (mfn_t mfn = frame_alloc_domain(witness, 0, 0); !mfn_equal(mfn, g.data[0]);
         mfn = frame_alloc_domain(witness, 0, 0)) {
        cr_assert(mfn_valid_value(mfn));
    }
    check();
}

Test(page_type, no_flush_where_nothing_was_cached_before)
{
    mfn_t fresh[16];

    for (unsigned int i = 0; i < 16; i++) {
        fresh[i] = tables_frame(g.d);
    }
    memset(&fake_counts, 0, sizeof(fake_counts));
    for (unsigned int i = 0; i < 16; i++) {
        cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE, fresh[i].n, 0), 0);
        cr_assert_eq(tables_op(MMUEXT_UNPIN_TABLE, fresh[i].n, 0), 0);
        cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE, fresh[i].n, 0), 0);
    }
    cr_assert_eq(fake_counts.full_flushes, 0);
    check();
}

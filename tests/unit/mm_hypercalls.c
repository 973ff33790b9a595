/* SPDX-License-Identifier: MIT */
/* mmu_update, update_va_mapping, mmuext_op: each documented errno, faults on each copy, preemption, foreign domains, flushes. */
#include <criterion/criterion.h>
#include <string.h>

#include "mm_tables.h"
#include "xenlike/hypercall/hypercall.h"
#include "xenlike/mm/guest_access.h"
#include "xenlike/mm/page_table.h"

static struct guest g, control;
#define LIST      UINT64_C(0x600000000000)
#define DONE      UINT64_C(0x500000000000)
#define PREEMPTED 0x80000000u
static struct mmu_update *list;
static uint32_t *done;

static void setup(void)
{
    fake_machine_init(1024);
    tables_guest(&control, 0, true);
    tables_guest(&g, 1, false);
    list = fake_flat(LIST, 2 * PAGE_SIZE);
    done = fake_flat(DONE, PAGE_SIZE);
}

TestSuite(mmu, .init = setup);

static void check(void)
{
    const char *wrong = fake_check();

    cr_assert_null(wrong, "%s", wrong);
}

static uint64_t entry_address(mfn_t table, unsigned int index)
{
    return maddr_from_mfn(table).a + index * sizeof(pte_t);
}

Test(mmu, commands_and_frames_are_checked)
{
    cr_assert_eq(hc_mmu_update(LIST, 0, 0, DOMID_SELF, 0, 0), 0, "no requests");
    for (unsigned int command = 4; command < 8; command++) {
        cr_assert_eq(tables_update_with(g.l1, 3, 0, command, DOMID_SELF), -XEN_ENOSYS);
    }
    cr_assert_eq(tables_update(MFN(1 << 20), 0, 0), -XEN_EINVAL);
    cr_assert_eq(tables_update(MFN(UINT64_C(1) << 51), 0, 0), -XEN_EINVAL);
    cr_assert_eq(tables_update(control.l1, 0, 0), -XEN_EINVAL, "another's table");
    cr_assert_eq(tables_update(MFN(1023), 0, 0), -XEN_EINVAL, "the hypervisor's");
    cr_assert_eq(tables_update_with(g.l1, 3, 0, 0, 77), -XEN_ESRCH);
    cr_assert_eq(tables_update_with(g.l1, 3, 0, 0, 0), -XEN_EPERM, "not privileged");
    cr_assert_eq(tables_update_with(g.l1, 3, 0, 0, DOMID_IO), -XEN_EPERM);
    cr_assert_eq(tables_update_with(g.l1, 3, 0, 0, DOMID_SELF | (1 << 16)), -XEN_EPERM);
    cr_assert_eq(tables_update_with(g.l1, 3, 0, 0, DOMID_SELF | (78 << 16)), -XEN_ESRCH);
    check();
}

Test(mmu, an_ordinary_page_is_stored_to)
{
    cr_assert_eq(tables_update(g.data[2], 511, 0x1234567), 0);
    cr_assert_eq(tables_load(g.data[2], 511), 0x1234567);
    check();
}

Test(mmu, machphys_is_changed_for_own_frames_only)
{
    cr_assert_eq(tables_update_with(g.data[0], 0, 4711, MMU_MACHPHYS_UPDATE, DOMID_SELF), 0);
    cr_assert_eq(m2p_get(g.data[0]), 4711);
    cr_assert_eq(tables_update_with(control.data[0], 0, 1, MMU_MACHPHYS_UPDATE, DOMID_SELF),
                 -XEN_EINVAL);
    cr_assert_eq(tables_update_with(MFN(1 << 20), 0, 1, MMU_MACHPHYS_UPDATE, DOMID_SELF),
                 -XEN_EINVAL);
    fake_run(control.v);
    cr_assert_eq(tables_update_with(g.data[0], 0, 5, MMU_MACHPHYS_UPDATE, 1), 0);
    cr_assert_eq(m2p_get(g.data[0]), 5);
    cr_assert_eq(tables_update_with(g.data[0], 0, 5, MMU_MACHPHYS_UPDATE, 1 | (2 << 16)),
                 -XEN_EPERM);
    check();
}

Test(mmu, T12_only_preserve_ad_keeps_A_and_D)
{
    const pte_t clean = pte_make(g.data[0], PTE_PRESENT | PTE_WRITE);

    cr_assert_eq(tables_update_with(g.l1, 1, clean, MMU_PT_UPDATE_PRESERVE_AD, DOMID_SELF), 0);
    cr_assert_eq(tables_load(g.l1, 1) & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
    cr_assert_eq(tables_update_with(g.l1, 1, clean, MMU_PT_UPDATE_NO_TRANSLATE, DOMID_SELF), 0);
    cr_assert_eq(tables_load(g.l1, 1) & (PTE_ACCESSED | PTE_DIRTY), 0);
    check();
}

Test(mmu, done_tells_how_many_and_faults_stop_the_list)
{
    for (unsigned int i = 0; i < 4; i++) {
        list[i].ptr = entry_address(g.l1, 100 + i);
        list[i].val = pte_make(g.data[i], KERNEL_RO);
    }
    list[2].val = pte_make(g.l4, KERNEL_RW);
    cr_assert_eq(hc_mmu_update(LIST, 4, DONE, DOMID_SELF, 0, 0), -XEN_EBUSY);
    cr_assert_eq(*done, 2);
    struct mmu_update *last = list + 2 * PAGE_SIZE / sizeof(*list) - 1;
    *last = list[0];
    cr_assert_eq(hc_mmu_update(LIST + 2 * PAGE_SIZE - sizeof(*list), 4, DONE, DOMID_SELF, 0, 0),
                 -XEN_EFAULT);
    cr_assert_eq(*done, 1);
    cr_assert_eq(hc_mmu_update(LIST + 2 * PAGE_SIZE - 8, 1, 0, DOMID_SELF, 0, 0), -XEN_EFAULT);
    cr_assert_eq(hc_mmu_update(HV_VIRT_START, 1, 0, DOMID_SELF, 0, 0), -XEN_EFAULT);
    cr_assert_eq(hc_mmu_update(~UINT64_C(0) - 7, 1, 0, DOMID_SELF, 0, 0), -XEN_EFAULT);
    check();
}

Test(mmu, a_list_goes_on_where_it_was_preempted)
{
    uint64_t arguments[4] = {LIST, 300, DONE, DOMID_SELF};
    unsigned int restarts = 0;
    int64_t result;

    for (unsigned int i = 0; i < 300; i++) {
        list[i].ptr = entry_address(g.l1, 20 + i);
        list[i].val = pte_make(g.data[i % 8], KERNEL_RW);
    }
    fake_preempt_every = 1;
    while ((result = hc_mmu_update(arguments[0], arguments[1], arguments[2], arguments[3], 0, 0)) ==
           -XEN_ERESTART) {
        cr_assert_eq(fake_continuation[0], __HYPERVISOR_mmu_update);
        for (unsigned int i = 0; i < 4; i++) {
            arguments[i] = (uint64_t)fake_continuation[i + 1];
        }
        cr_assert_eq(arguments[1] & PREEMPTED, PREEMPTED);
        restarts++;
        check();
        cr_assert_lt(restarts, 100);
    }
    cr_assert_eq(result, 0);
    cr_assert_gt(restarts, 3);
    cr_assert_eq(*done, 300);
    for (unsigned int i = 0; i < 300; i++) {
        cr_assert_eq(pte_mfn(tables_load(g.l1, 20 + i)).n, g.data[i % 8].n);
    }
}

Test(mmu, the_control_domain_builds_and_maps_another)
{
    mfn_t l1 = tables_frame(g.d);

    fake_run(control.v);
    cr_assert_eq(tables_update_with(control.l1, 60, pte_make(g.data[0], KERNEL_RW), 0, 1), 0);
    cr_assert_eq(tables_update_with(control.l1, 61, pte_make(g.data[0], KERNEL_RW), 0, DOMID_SELF),
                 -XEN_EBUSY, "not its own");
    cr_assert_eq(tables_update_with(control.l1, 61, pte_make(g.l1, KERNEL_RW), 0, 1), -XEN_EBUSY,
                 "nor a live table");
    cr_assert_eq(tables_update_with(control.l1, 62, pte_make(g.l1, KERNEL_RO), 0, 1), 0);
    /* Tables of d1, frames of d1. */
    cr_assert_eq(tables_update_with(g.l1, 70, pte_make(g.data[1], KERNEL_RW), 0, 1 | (2 << 16)), 0);
    cr_assert_eq(tables_update_with(control.l1, 63, pte_make(MFN(1 << 20), KERNEL_RW | PTE_PCD), 0,
                                    DOMID_IO),
                 0, "device memory");
    cr_assert_eq(tables_update_with(control.l1, 63, pte_make(g.data[0], KERNEL_RW), 0, DOMID_IO),
                 -XEN_EBUSY, "RAM is no device");
    check();
    cr_assert_eq(page_table_pin(g.d, l1, 1), 0);
    /* Flags of a foreign mapping may change, its right to write only with the owner named. */
    cr_assert_eq(tables_update(control.l1, 62, pte_make(g.l1, KERNEL_RO | PTE_NX)), 0);
    cr_assert_eq(tables_update(control.l1, 62, pte_make(g.l1, KERNEL_RW)), -XEN_EBUSY);
    check();
}

Test(mmu, T6_update_va_mapping_finds_the_entry_by_walking)
{
    const uint64_t address = DATA_ADDRESS(0);

    cr_assert_eq(hc_update_va_mapping(address, pte_make(g.data[1], KERNEL_RW), 0, 0, 0, 0), 0);
    cr_assert_eq(pte_mfn(tables_load(g.l1, 1)).n, g.data[1].n);
    cr_assert_eq(hc_update_va_mapping(UINT64_C(1) << 39, 0, 0, 0, 0, 0), -XEN_EINVAL, "no L3");
    cr_assert_eq(hc_update_va_mapping(HV_VIRT_START, 0, 0, 0, 0, 0), -XEN_EINVAL);
    cr_assert_eq(hc_update_va_mapping(UINT64_C(1) << 47, 0, 0, 0, 0, 0), -XEN_EINVAL);
    /* After a change of L2 the new table is seen at once. */
    mfn_t l1 = tables_frame(g.d);
    cr_assert_eq(tables_update(g.l2, 0, pte_make(l1, TABLE)), 0);
    cr_assert_eq(hc_update_va_mapping(address, pte_make(g.data[2], KERNEL_RW), 0, 0, 0, 0), 0);
    cr_assert_eq(pte_mfn(tables_load(l1, 1)).n, g.data[2].n);
    check();
    /* Through a linear entry an L2 is reached: no L1, refused. */
    cr_assert_eq(tables_update(g.l4, 1, pte_make(g.l4, TABLE & ~PTE_WRITE)), 0);
    cr_assert_eq(hc_update_va_mapping((UINT64_C(1) << 39), 0, 0, 0, 0, 0), -XEN_EINVAL);
    cr_assert_eq(hc_update_va_mapping((UINT64_C(1) << 39) | (UINT64_C(256) << 30), 0, 0, 0, 0, 0),
                 -XEN_EINVAL, "nor the hypervisor's tables");
    check();
}

Test(mmu, flush_flags_do_what_they_promise_and_no_more)
{
    const uint64_t address = DATA_ADDRESS(0);
    const pte_t pte = pte_make(g.data[0], KERNEL_RW);

    memset(&fake_counts, 0, sizeof(fake_counts));
    hc_update_va_mapping(address, pte, UVMF_NONE, 0, 0, 0);
    cr_assert_eq(fake_counts.full_flushes + fake_counts.page_flushes, 0);
    hc_update_va_mapping(address, pte, UVMF_INVLPG, 0, 0, 0);
    cr_assert_eq(fake_counts.page_flushes, 1);
    hc_update_va_mapping(address, pte, UVMF_INVLPG | UVMF_ALL, 0, 0, 0);
    cr_assert_eq(fake_counts.page_flushes, 2);
    cr_assert_eq(fake_counts.full_flushes, 0);
    hc_update_va_mapping(address, pte, UVMF_TLB_FLUSH, 0, 0, 0);
    cr_assert_eq(fake_counts.full_flushes, 1);
    *(uint64_t *)done = 1;
    cr_assert_eq(hc_update_va_mapping(address, pte, UVMF_INVLPG | DONE, 0, 0, 0), 0);
    cr_assert_eq(fake_counts.page_flushes, 3);
    *(uint64_t *)done = 0;
    cr_assert_eq(hc_update_va_mapping(address, pte, UVMF_INVLPG | DONE, 0, 0, 0), 0);
    cr_assert_eq(fake_counts.page_flushes, 3, "no vCPU, no flush");
    cr_assert_eq(hc_update_va_mapping(address, pte, UVMF_INVLPG | 0x1000, 0, 0, 0), -XEN_EFAULT);
    cr_assert_eq(hc_update_va_mapping_otherdomain(address, pte, 0, 0, 0, 0), -XEN_EPERM);
    cr_assert_eq(hc_update_va_mapping_otherdomain(address, pte, 0, 99, 0, 0), -XEN_ESRCH);
    cr_assert_eq(hc_update_va_mapping_otherdomain(address, pte, 0, DOMID_SELF, 0, 0), 0);
}

Test(mmu, mmuext_operations)
{
    cr_assert_eq(tables_op(14, 0, 0), -XEN_ENOSYS);
    cr_assert_eq(tables_op(21, 0, 0), -XEN_ENOSYS);
    cr_assert_eq(tables_op(UINT32_MAX, 0, 0), -XEN_ENOSYS);
    cr_assert_eq(tables_op(MMUEXT_MARK_SUPER, 0, 0), -XEN_EOPNOTSUPP);
    cr_assert_eq(tables_op(MMUEXT_FLUSH_CACHE, 0, 0), -XEN_EACCES);
    cr_assert_eq(tables_op(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
    cr_assert_eq(tables_op(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
    cr_assert_eq(tables_op(MMUEXT_INVLPG_LOCAL, UINT64_C(1) << 47, 0), 0, "ignored");
    cr_assert_eq(tables_op(MMUEXT_INVLPG_ALL, 0x1000, 0), 0);
    cr_assert_eq(tables_op(MMUEXT_TLB_FLUSH_MULTI, 0, 0x1000), -XEN_EINVAL);
    cr_assert_eq(tables_op(MMUEXT_INVLPG_MULTI, 0, 0x1000), -XEN_EINVAL);
    memset(machine_frame(g.data[0]), 0x11, PAGE_SIZE);
    cr_assert_eq(tables_op(MMUEXT_COPY_PAGE, g.data[1].n, g.data[0].n), 0);
    cr_assert_eq(tables_load(g.data[1], 9), UINT64_C(0x1111111111111111));
    cr_assert_eq(tables_op(MMUEXT_CLEAR_PAGE, g.data[1].n, 0), 0);
    cr_assert_eq(tables_load(g.data[1], 9), 0);
    cr_assert_eq(tables_op(MMUEXT_CLEAR_PAGE, g.l1.n, 0), -XEN_EINVAL, "a table");
    cr_assert_eq(tables_op(MMUEXT_CLEAR_PAGE, control.data[0].n, 0), -XEN_EINVAL);
    cr_assert_eq(tables_op(MMUEXT_COPY_PAGE, g.l1.n, g.data[0].n), -XEN_EINVAL);
    cr_assert_eq(tables_op(MMUEXT_COPY_PAGE, g.data[0].n, control.data[0].n), -XEN_EINVAL);
    cr_assert_eq(tables_op(MMUEXT_PIN_L1_TABLE, control.data[0].n, 0), -XEN_EINVAL);
    check();
}

Test(mmu, mmuext_names_another_domain_only_where_that_makes_sense)
{
    struct mmuext_op *op = (struct mmuext_op *)(void *)list;

    op->cmd = MMUEXT_PIN_L1_TABLE;
    op->arg1.mfn = tables_frame(g.d).n;
    cr_assert_eq(hc_mmuext_op(LIST, 1, DONE, 0, 0, 0), -XEN_EPERM);
    cr_assert_eq(hc_mmuext_op(LIST, 1, DONE, 55, 0, 0), -XEN_ESRCH);
    fake_run(control.v);
    cr_assert_eq(hc_mmuext_op(LIST, 1, DONE, 1, 0, 0), 0);
    cr_assert_eq(*done, 1);
    op->cmd = MMUEXT_UNPIN_TABLE;
    cr_assert_eq(hc_mmuext_op(LIST, 1, DONE, 1, 0, 0), 0);
    op->cmd = MMUEXT_NEW_BASEPTR;
    cr_assert_eq(hc_mmuext_op(LIST, 1, DONE, 1, 0, 0), -XEN_EPERM);
    cr_assert_eq(*done, 0);
    op->cmd = MMUEXT_PIN_L1_TABLE;
    cr_assert_eq(hc_mmuext_op(LIST, 1, DONE, DOMID_IO, 0, 0), -XEN_EINVAL);
    check();
}

Test(mmu, grant_entries_hold_nothing_and_outlive_no_table)
{
    const uint64_t address = UINT64_C(200) << PAGE_SHIFT;
    bool accessed;

    /* The grant code's reference; the mapper is g. */
    cr_assert_eq(frame_get_and_type(control.data[0], control.d, FRAME_WRITABLE), 0);
    fake_checker_hold(control.data[0], 1, 1);
    cr_assert_eq(page_table_install_grant(g.v, address, false,
                                          pte_make(control.data[0], PTE_PRESENT | PTE_WRITE)),
                 0);
    check();
    cr_assert_eq(
        page_table_install_grant(g.v, address, false, pte_make(control.data[0], PTE_PRESENT)), -1,
        "a grant mapping is not replaced by another");
    cr_assert_neq(page_table_install_grant(g.v, UINT64_C(1) << 40, false, 1), 0);
    cr_assert_neq(page_table_install_grant(g.v, HV_VIRT_START, false, 1), 0);
    cr_assert_neq(page_table_install_grant(g.v, entry_address(g.data[0], 0), true, 1), 0);
    cr_assert_neq(page_table_install_grant(g.v, entry_address(g.l2, 0), true, 1), 0);
    cr_assert_neq(page_table_install_grant(g.v, entry_address(control.l1, 0), true, 1), 0);
    cr_assert_neq(page_table_install_grant(g.v, entry_address(g.l1, 0) + 4, true, 1), 0);
    cr_assert_neq(page_table_install_grant(g.v, UINT64_C(1) << 50, true, 1), 0);
    /* Flags may change; the mark and the rights stay. */
    cr_assert_eq(tables_update(g.l1, 200, pte_make(control.data[0], KERNEL_RW | PTE_NX)), 0);
    cr_assert_neq(tables_load(g.l1, 200) & PTE_GRANT, 0);
    check();
    cr_assert_eq(page_table_remove_grant(g.v, address, false, control.data[1], 0, false, &accessed),
                 -1, "another frame");
    cr_assert_eq(page_table_remove_grant(g.v, address, false, control.data[0], 0, true, &accessed),
                 -1, "other rights");
    cr_assert_eq(page_table_remove_grant(g.v, entry_address(g.l1, 200), true, control.data[0], 0,
                                         false, &accessed),
                 0);
    cr_assert(accessed);
    cr_assert_eq(page_table_remove_grant(g.v, address, false, control.data[0], 0, false, &accessed),
                 -1);
    check();
    /* Overwritten, it is gone, and so the unmap finds nothing; the references are still the grant code's. */
    cr_assert_eq(page_table_install_grant(g.v, address, false,
                                          pte_make(control.data[0], PTE_PRESENT | PTE_WRITE)),
                 0);
    cr_assert_eq(tables_update(g.l1, 200, pte_make(g.data[0], KERNEL_RW)), 0);
    check();
    cr_assert_eq(page_table_remove_grant(g.v, address, false, control.data[0], 0, false, &accessed),
                 -1);
    cr_assert_eq(page_table_install_grant(g.v, address, false,
                                          pte_make(control.data[0], PTE_PRESENT | PTE_WRITE)),
                 0);
    check();
    g.d->life = DOMAIN_DYING;
    cr_assert_eq(page_table_drop_bases(g.v), 0);
    cr_assert_eq(page_table_relinquish_memory(g.d), 0);
    cr_assert_eq(g.d->nr_frames, 0);
    check();
}

static void flip_request(gva_t source, size_t size)
{
    (void)source;
    (void)size;
    list->val = pte_make(g.l4, KERNEL_RW);
    list->ptr = 7;
}

Test(mmu, a_second_look_at_a_request_is_never_taken)
{
    list[0].ptr = entry_address(g.l1, 90);
    list[0].val = pte_make(g.data[0], KERNEL_RW);
    fake_after_read = flip_request;
    cr_assert_eq(hc_mmu_update(LIST, 1, 0, DOMID_SELF, 0, 0), 0);
    cr_assert_eq(pte_mfn(tables_load(g.l1, 90)).n, g.data[0].n);
    check();
}

/* Did a copy of 24 bytes get as far as the machine, by the way for whole words (a constant size), and by the general one? */
static bool short_way_reaches(uint64_t address, bool write)
{
    uint64_t words[3] = {0};
    unsigned int before = fake_nr_accesses;

    if (write) {
        (void)guest_access_write(GVA(address), words, sizeof(words));
    } else {
        (void)guest_access_read(words, GVA(address), sizeof(words));
    }
    return fake_nr_accesses != before;
}

Test(guest_access, GA1_the_short_way_refuses_what_the_long_way_refuses, .init = setup)
{
    const uint64_t edges[] = {0, UINT64_C(1) << 47, HV_VIRT_START, DIRECT_MAP_START, HV_VIRT_END};

    for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
        for (uint64_t step = 0; step < 80; step++) {
            uint64_t address = edges[i] + step - 40;
            bool allowed = guest_access_range_ok(GVA(address), 24);

            /* Only what wraps at the top goes its way: from one end of the guest's half to the other. */
            allowed |= address > -UINT64_C(24);
            cr_expect_eq(short_way_reaches(address, false), allowed, "read at %lx", address);
            cr_expect_eq(short_way_reaches(address, true), allowed, "write at %lx", address);
        }
    }
}

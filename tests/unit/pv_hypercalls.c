/* SPDX-License-Identifier: MIT */
/* Multicalls with everything that can end one, continuation, versions, descriptors. */
#include "pv_support.h"

#include <public/vcpu.h>
#include <public/version.h>

#include "xenlike/hypercall/hypercall.h"

#define LIST UINT64_C(0x200000)

static struct multicall_entry *list;

static void setup(void)
{
    pv_setup();
    list = fake_flat(LIST, 0x10000);
}

static int64_t call(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return hypercall_table[nr](a1, a2, a3, 0, 0, 0);
}

static void entry(unsigned int i, uint64_t op, uint64_t a1, uint64_t a2)
{
    list[i] = (struct multicall_entry){.op = op, .result = 0xaaaa, .args = {a1, a2}};
}

Test(multicall, MC1_each_entry_has_its_result, .init = setup)
{
    entry(0, __HYPERVISOR_xen_version, XENVER_version, 0);
    entry(1, 63, 0, 0);
    entry(2, UINT64_C(1) << 32 | __HYPERVISOR_xen_version, 0, 0);
    entry(3, __HYPERVISOR_multicall, LIST, 1);
    entry(4, __HYPERVISOR_xen_version, XENVER_pagesize, 0);
    cr_expect_eq(call(__HYPERVISOR_multicall, LIST, 5, 0), 0);
    cr_expect_eq(list[0].result, 4 << 16 | 17);
    cr_expect_eq((int64_t)list[1].result, -XEN_ENOSYS);
    cr_expect_eq((int64_t)list[2].result, -XEN_ENOSYS);
    cr_expect_eq((int64_t)list[3].result, -XEN_EINVAL, "MC2");
    cr_expect_eq(list[4].result, 4096);
}

Test(multicall, an_iret_is_executed_and_ends_the_list, .init = setup)
{
    struct iret_context frame = {
        .rax = 0x77, .rip = 0x4000, .cs = 0xe030, .rflags = 0x200, .rsp = 0x5000};

    pv_vcpu->regs.rsp = STACK_TOP - sizeof(frame);
    memcpy(pv_stack + STACK_SIZE - sizeof(frame), &frame, sizeof(frame));
    entry(0, __HYPERVISOR_iret, 0, 0);
    entry(1, __HYPERVISOR_xen_version, 0, 0);
    cr_expect_eq(call(__HYPERVISOR_multicall, LIST, 2, 0), 0x77);
    cr_expect_eq(pv_vcpu->regs.rip, 0x4000);
    cr_expect_eq(list[1].result, 0xaaaa, "what follows belongs to a context that is gone");
    cr_expect(!pv_vcpu->in_multicall);
}

Test(multicall, continues_where_it_was_preempted, .init = setup)
{
    for (unsigned int i = 0; i < 10; i++) {
        entry(i, __HYPERVISOR_xen_version, XENVER_version, 0);
    }
    pv_vcpu->regs.rip = 0x1002;
    fake_preempt_every = 1;
    cr_expect_eq(call(__HYPERVISOR_multicall, LIST, 10, 0), __HYPERVISOR_multicall);
    cr_expect_eq(pv_vcpu->regs.rip, 0x1000, "the guest executes its syscall again");
    cr_expect_eq(pv_vcpu->regs.rdi, LIST + 8 * sizeof(*list));
    cr_expect_eq(pv_vcpu->regs.rsi, 2);
    cr_expect_eq(list[7].result, 4 << 16 | 17);
    cr_expect_eq(list[8].result, 0xaaaa);
    fake_preempt_every = 0;
    cr_expect_eq(call(__HYPERVISOR_multicall, pv_vcpu->regs.rdi, pv_vcpu->regs.rsi, 0), 0);
    cr_expect_eq(list[9].result, 4 << 16 | 17);
}

/* set_trap_table stops after each entry when it is time. */
Test(multicall, a_preempted_entry_continues_with_its_rewritten_arguments, .init = setup)
{
    struct trap_info *traps = (struct trap_info *)((char *)list + 0x8000);

    traps[0] = (struct trap_info){.vector = 1, .address = 0x100};
    traps[1] = (struct trap_info){.vector = 2, .address = 0x200};
    entry(0, __HYPERVISOR_set_trap_table, LIST + 0x8000, 0);
    entry(1, __HYPERVISOR_xen_version, XENVER_version, 0);
    fake_preempt_every = 1;
    cr_expect_eq(call(__HYPERVISOR_multicall, LIST, 2, 0), __HYPERVISOR_multicall);
    cr_expect_eq(pv_vcpu->regs.rdi, LIST);
    cr_expect_eq(pv_vcpu->regs.rsi, 2);
    cr_expect_eq(list[0].args[0], LIST + 0x8000 + sizeof(struct trap_info));
    fake_preempt_every = 0;
    cr_expect_eq(call(__HYPERVISOR_multicall, LIST, 2, 0), 0);
    cr_expect_eq(pv_vcpu->pv.traps[2].address, 0x200);
    cr_expect_eq(list[0].result, 0);
    cr_expect_eq(list[1].result, 4 << 16 | 17);
}

Test(continuation, HC2_registers_that_are_no_arguments_stay_the_callers, .init = setup)
{
    __typeof__(pv_vcpu->regs) *regs = &pv_vcpu->regs;

    regs->r10 = regs->r8 = regs->r9 = 0x1234;
    regs->rip = 0x4002;
    cr_expect_eq(hypercall_continue(__HYPERVISOR_grant_table_op, 1, 2, 3, 0, 0, 0),
                 __HYPERVISOR_grant_table_op);
    cr_expect(regs->rdi == 1 && regs->rsi == 2 && regs->rdx == 3);
    cr_expect(regs->r10 == 0x1234 && regs->r8 == 0x1234 && regs->r9 == 0x1234);
    cr_expect_eq(regs->rip, 0x4000);
    regs->rdx = 0x1234;
    hypercall_continue(__HYPERVISOR_memory_op, 4, 5, 0, 0, 0, 0);
    cr_expect(regs->rdi == 4 && regs->rsi == 5 && regs->rdx == 0x1234);
}

Test(multicall, a_fault_on_each_access, .init = setup)
{
    entry(0, __HYPERVISOR_xen_version, XENVER_version, 0);
    entry(1, __HYPERVISOR_xen_version, XENVER_version, 0);
    for (unsigned int n = 1; n <= 4; n++) {
        fake_fail_access = n;
        cr_expect_eq(call(__HYPERVISOR_multicall, LIST, 2, 0), -XEN_EFAULT, "access %u", n);
        cr_expect(!pv_vcpu->in_multicall);
    }
    fake_fail_access = 0;
    cr_expect_eq(call(__HYPERVISOR_multicall, HV_VIRT_START, 1, 0), -XEN_EFAULT);
    cr_expect_eq(call(__HYPERVISOR_multicall, LIST, 0, 0), 0);
}

Test(hypercall_table, HC1_every_slot_has_a_handler)
{
    for (unsigned int nr = 0; nr < NR_HYPERCALLS; nr++) {
        cr_expect_not_null(hypercall_table[nr], "number %u", nr);
    }
}

/* --- xen_version --------------------------------------------------------------------------------------- */

Test(xen_version, XV1_structures_go_out_whole, .init = setup)
{
    static const struct {
        uint64_t command;
        size_t size;
    } answers[] = {
        {XENVER_extraversion, 16},  {XENVER_compile_info, 144},      {XENVER_capabilities, 1024},
        {XENVER_changeset, 64},     {XENVER_platform_parameters, 8}, {XENVER_guest_handle, 16},
        {XENVER_commandline, 1024},
    };

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        char *buffer = (char *)list;

        memset(buffer, 0xaa, 2048);
        cr_expect_eq(call(__HYPERVISOR_xen_version, answers[i].command, LIST, 0), 0);
        for (size_t n = 0; n < answers[i].size; n++) {
            cr_assert_neq((uint8_t)buffer[n], 0xaa, "command %lu, byte %zu",
                          (unsigned long)answers[i].command, n);
        }
        cr_expect_eq((uint8_t)buffer[answers[i].size], 0xaa, "nothing behind it");
        fake_fail_access = 1;
        cr_expect_eq(call(__HYPERVISOR_xen_version, answers[i].command, LIST, 0), -XEN_EFAULT);
        fake_fail_access = 0;
    }
    cr_expect_eq(call(__HYPERVISOR_xen_version, 11, LIST, 0), -XEN_ENOSYS);
    cr_expect_eq(call(__HYPERVISOR_xen_version, XENVER_pagesize, LIST, 0), -XEN_EINVAL);
    cr_expect_eq(call(__HYPERVISOR_xen_version, XENVER_build_id, 0, 0), -XEN_EPERM);
}

Test(xen_version, features_Linux_cannot_live_without, .init = setup)
{
    struct xen_feature_info *info = (struct xen_feature_info *)list;

    cr_assert_eq(call(__HYPERVISOR_xen_version, XENVER_get_features, LIST, 0), 0);
    cr_expect_neq(info->submap & 1 << XENFEAT_mmu_pt_update_preserve_ad, 0);
    cr_expect_neq(info->submap & 1 << XENFEAT_gnttab_map_avail_bits, 0);
    cr_expect_eq(info->submap & 1 << XENFEAT_writable_page_tables, 0);
    cr_expect_eq(info->submap & 1 << XENFEAT_dom0, 0);
    pv_domain->is_hardware = true;
    cr_assert_eq(call(__HYPERVISOR_xen_version, XENVER_get_features, LIST, 0), 0);
    cr_expect_neq(info->submap & 1 << XENFEAT_dom0, 0);
    info->submap_idx = 1;
    cr_expect_eq(call(__HYPERVISOR_xen_version, XENVER_get_features, LIST, 0), -XEN_EINVAL);
}

/* --- Descriptors ---------------------------------------------------------------------------------------- */

static uint64_t make(uint64_t type, uint64_t dpl)
{
    return UINT64_C(0x00cf00000000ffff) | (type | dpl << 5 | 0x80) << 40;
}

Test(descriptors, SG2_all_of_them_one_by_one, .init = pv_setup)
{
    for (uint64_t access = 0; access < 256; access++) {
        uint64_t descriptor = UINT64_C(0x00cf00000000ffff) | access << 40;
        bool is_present = (access & 0x80) != 0, is_segment = (access & 0x10) != 0;
        unsigned int type = access & 0xf;
        bool accepted = pv_descriptor_fix(pv_domain, &descriptor);

        cr_expect_eq(accepted, !is_present || is_segment || type == 0 || type == 0xc, "access %lx",
                     (unsigned long)access);
        if (accepted && is_present && is_segment) {
            cr_expect_eq(descriptor >> 45 & 3, 3);
        }
        if (accepted && is_present && !is_segment && type == 0xc) {
            cr_expect_eq(descriptor >> 45 & 3, 0, "no guest can go through a call gate");
        }
    }
}

Test(descriptors, a_call_gate_may_not_lead_to_the_hypervisor, .init = pv_setup)
{
    uint64_t gate = (make(0xc, 3) & ~UINT64_C(0xffff0000)) | UINT64_C(0xe008) << 16;

    cr_expect(!pv_descriptor_fix(pv_domain, &gate));
    gate = (make(0xc, 3) & ~UINT64_C(0xffff0000)) | UINT64_C(0xe033) << 16;
    cr_expect(pv_descriptor_fix(pv_domain, &gate));
}

Test(descriptors, debug_registers_refuse_the_hypervisor, .init = pv_setup)
{
    cr_expect_eq(pv_set_debug_register(pv_vcpu, 0, HV_VIRT_START), -XEN_EPERM);
    cr_expect_eq(pv_set_debug_register(pv_vcpu, 3, HV_VIRT_START - 4), -XEN_EPERM);
    cr_expect_eq(pv_set_debug_register(pv_vcpu, 3, 0x1000), 0);
    cr_expect_eq(pv_set_debug_register(pv_vcpu, 7, 1 << 13), -XEN_EPERM, "general detect");
    cr_expect_eq(pv_set_debug_register(pv_vcpu, 7, 2 << 16 | 1), -XEN_EPERM,
                 "I/O breakpoints need CR4.DE");
    cr_expect_eq(pv_set_debug_register(pv_vcpu, 9, 0), -XEN_ENODEV);
    cr_expect_eq(pv_set_debug_register(pv_vcpu, 5, 0), 0);
    cr_expect_eq(pv_vcpu->pv.debug_registers[7], 0x400);
}

Test(segment_base, which_and_what, .init = setup)
{
    cr_expect_eq(call(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0x1234000, 0), 0);
    cr_expect_eq(machine_get_segment_base(pv_vcpu, SEGBASE_FS), 0x1234000);
    cr_expect_eq(call(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0x800000000000, 0), -XEN_EINVAL);
    cr_expect_eq(call(__HYPERVISOR_set_segment_base, 4, 0, 0), -XEN_EINVAL);
}

Test(compat, sched_op_takes_the_reason_itself, .init = setup)
{
    cr_expect_eq(call(__HYPERVISOR_sched_op_compat, 2, 100, 0), 0);
    cr_expect(pv_domain->is_shut_down);
    cr_expect_eq(pv_domain->shutdown_code, 100);
    cr_expect_eq(call(__HYPERVISOR_sched_op_compat, 1, 0, 0), 0);
    cr_expect_eq(pv_vcpu->pause_flags, VCPU_BLOCKED);
    cr_expect_eq(call(__HYPERVISOR_sched_op_compat, 3, 0, 0), -XEN_ENOSYS);
}

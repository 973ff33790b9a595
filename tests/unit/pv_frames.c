/* SPDX-License-Identifier: MIT */
/* Frames on the guest's stack, word by word, and the algebra of the event mask (abi T7, T8, T9). */
#include "pv_support.h"

#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_PF 14

#define RFLAGS_TF 0x100u
#define RFLAGS_IF 0x200u
#define RFLAGS_DF 0x400u
#define RFLAGS_AC 0x40000u

static void set_trap(uint8_t vector, uint8_t flags)
{
    struct trap_info trap = {
        .vector = vector, .flags = flags, .cs = 0xe030, .address = HANDLER + vector};

    cr_assert_eq(pv_set_trap(pv_vcpu, &trap), 0);
}

Test(pv_frames, an_exception_in_the_kernel_word_by_word, .init = pv_setup)
{
    uint64_t rsp = pv_vcpu->regs.rsp + 9; /* misaligned: the frame is not */

    set_trap(VECTOR_GP, 0);
    pv_vcpu->regs.rsp = rsp;
    pv_vcpu->regs.rcx = 0xc;
    pv_vcpu->regs.r11 = 0x11;
    pv_vcpu->regs.rflags = RFLAGS_IF | RFLAGS_TF | RFLAGS_AC | RFLAGS_DF | 2;
    pv_deliver_exception(pv_vcpu, VECTOR_GP, true, 0x1234);
    cr_expect_eq(pv_vcpu->regs.rsp, (rsp & ~15ull) - 8 * 8);
    cr_expect_eq(pv_frame(0), 0xc);
    cr_expect_eq(pv_frame(1), 0x11);
    cr_expect_eq(pv_frame(2), 0x1234);
    cr_expect_eq(pv_frame(3), CODE_START);
    cr_expect_eq(pv_frame(4), 0xe030, "the kernel's cs shows RPL 0, and mask 0 above it");
    cr_expect_eq(pv_frame(5), RFLAGS_IF | RFLAGS_TF | RFLAGS_AC | RFLAGS_DF | 2,
                 "saved flags are whole");
    cr_expect_eq(pv_frame(6), rsp);
    cr_expect_eq(pv_frame(7), FLAT_KERNEL_SS64);
    cr_expect_eq(pv_vcpu->regs.rip, HANDLER + VECTOR_GP);
    cr_expect_eq(pv_vcpu->regs.rflags & (RFLAGS_TF | RFLAGS_AC), 0);
    cr_expect_neq(pv_vcpu->regs.rflags & RFLAGS_DF, 0, "DF only goes for system calls");
    cr_expect_eq(pv_vcpu->regs.cs, FLAT_KERNEL_CS64);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 0, "no TI bit: events stay as they were");
}

Test(pv_frames, without_an_error_code_the_frame_has_seven_words, .init = pv_setup)
{
    set_trap(VECTOR_UD, 0);
    pv_deliver_exception(pv_vcpu, VECTOR_UD, false, 0);
    cr_expect_eq(pv_frame(2), CODE_START);
    cr_expect_eq(pv_vcpu->regs.rsp, STACK_TOP - 0x100 - 7 * 8);
}

Test(pv_frames, from_user_mode_the_frame_is_on_the_kernel_stack, .init = pv_setup)
{
    set_trap(VECTOR_UD, 0);
    pv_vcpu->pv.in_kernel = false;
    pv_vcpu->regs.rsp = 0x7000;
    pv_deliver_exception(pv_vcpu, VECTOR_UD, false, 0);
    cr_expect(pv_vcpu->pv.in_kernel);
    cr_expect_eq(pv_vcpu->regs.rsp, STACK_TOP - 7 * 8);
    cr_expect_eq(pv_frame(3), 0xe033, "user mode's cs keeps RPL 3");
    cr_expect_eq(pv_frame(5), 0x7000);
}

/* A kernel names its handler in the trap table (Linux) or through a callback (nmi_op): one entry, as on Xen. */
Test(pv_nmi, is_delivered_through_the_trap_table, .init = pv_setup)
{
    pv_raise_nmi(pv_vcpu);
    cr_expect(!pv_deliver_pending_nmi(pv_vcpu), "no handler: lost");
    set_trap(2, 0);
    pv_vcpu->pause_flags = VCPU_BLOCKED;
    pv_raise_nmi(pv_vcpu);
    cr_expect_eq(pv_vcpu->pause_flags, 0, "it ends a block");
    cr_expect(pv_deliver_pending_nmi(pv_vcpu));
    cr_expect_eq(pv_vcpu->regs.rip, HANDLER + 2);
    pv_raise_nmi(pv_vcpu);
    cr_expect(!pv_deliver_pending_nmi(pv_vcpu), "one is handled at a time");
    pv_vcpu->pv.in_nmi = false;
    cr_expect(pv_deliver_pending_nmi(pv_vcpu), "the next one follows");
    pv_vcpu->pv.in_nmi = false;
    cr_assert_eq(pv_register_callback(pv_vcpu, CALLBACKTYPE_nmi, 0, 0x7770), 0);
    pv_raise_nmi(pv_vcpu);
    cr_expect(pv_deliver_pending_nmi(pv_vcpu));
    cr_expect_eq(pv_vcpu->regs.rip, 0x7770);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 1, "a callback masks events");
    pv_vcpu->pv.in_nmi = false;
    cr_assert_eq(pv_unregister_callback(pv_vcpu, CALLBACKTYPE_nmi), 0);
    pv_raise_nmi(pv_vcpu);
    cr_expect(!pv_deliver_pending_nmi(pv_vcpu));
}

Test(pv_frames, T7_the_event_callback_always_masks, .init = pv_setup)
{
    cr_assert_eq(pv_register_callback(pv_vcpu, CALLBACKTYPE_event, 0, HANDLER), 0);
    pv_deliver_event(pv_vcpu);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 1);
    cr_expect_eq(pv_frame(3) >> 32, 0, "the old mask was 0");
    cr_expect_neq(pv_frame(4) & RFLAGS_IF, 0);
}

Test(pv_frames, T7_the_frame_keeps_the_old_mask_and_IF_is_its_opposite, .init = pv_setup)
{
    set_trap(VECTOR_UD, 4);
    pv_vcpu->info->evtchn_upcall_mask = 1;
    pv_deliver_exception(pv_vcpu, VECTOR_UD, false, 0);
    cr_expect_eq(pv_frame(3) >> 32 & 0xff, 1);
    cr_expect_eq(pv_frame(4) & RFLAGS_IF, 0);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 1);
}

Test(pv_frames, T7_an_exception_masks_only_with_TI, .init = pv_setup)
{
    set_trap(VECTOR_UD, 4);
    pv_deliver_exception(pv_vcpu, VECTOR_UD, false, 0);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 1);
}

Test(pv_frames, T7_set_callbacks_registers_without_flags, .init = pv_setup)
{
    cr_assert_eq(
        pv_register_callback(pv_vcpu, CALLBACKTYPE_syscall, CALLBACKF_mask_events, HANDLER), 0);
    cr_expect(pv_vcpu->pv.syscall.mask_events);
    cr_assert_eq(pv_register_callback(pv_vcpu, CALLBACKTYPE_syscall, 0, HANDLER), 0);
    cr_expect(!pv_vcpu->pv.syscall.mask_events);
}

Test(pv_frames, a_system_call_clears_DF_and_swaps_the_mode, .init = pv_setup)
{
    cr_assert_eq(pv_register_callback(pv_vcpu, CALLBACKTYPE_syscall, 0, HANDLER), 0);
    pv_vcpu->pv.in_kernel = false;
    pv_vcpu->regs.rflags |= RFLAGS_DF;
    pv_deliver_syscall(pv_vcpu);
    cr_expect_eq(pv_vcpu->regs.rip, HANDLER);
    cr_expect_eq(pv_vcpu->regs.rflags & RFLAGS_DF, 0);
    cr_expect_neq(pv_frame(4) & RFLAGS_DF, 0);
    cr_expect(pv_vcpu->pv.in_kernel);
}

Test(pv_frames, an_unregistered_system_call_is_an_undefined_instruction, .init = pv_setup)
{
    set_trap(VECTOR_UD, 0);
    pv_vcpu->pv.in_kernel = false;
    pv_vcpu->regs.rip = CODE_START + 2;
    pv_deliver_syscall(pv_vcpu);
    cr_expect_eq(pv_vcpu->regs.rip, HANDLER + VECTOR_UD);
    cr_expect_eq(pv_frame(2), CODE_START, "rip names the instruction");
}

Test(pv_frames, failsafe_frames_hold_the_selectors, .init = pv_setup)
{
    static const uint16_t selectors[4] = {0xd5, 0xe5, 0xf5, 0x65};

    cr_assert_eq(
        pv_register_callback(pv_vcpu, CALLBACKTYPE_failsafe, CALLBACKF_mask_events, HANDLER), 0);
    pv_deliver_failsafe(pv_vcpu, selectors);
    for (unsigned int i = 0; i < 4; i++) {
        cr_expect_eq(pv_frame(2 + i), selectors[i]);
    }
    cr_expect_eq(pv_frame(6), CODE_START);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 1);
}

Test(pv_frames, a_page_fault_has_cr2_first_and_the_guests_user_bit, .init = pv_setup)
{
    set_trap(VECTOR_PF, 0);
    pv_deliver_page_fault(pv_vcpu, 0xdead000, 6);
    cr_expect_eq(pv_vcpu->info->arch.cr2, 0xdead000);
    cr_expect_eq(pv_frame(2), 2, "ring 3 of the machine is the guest's kernel");
}

Test(pv_frames, BF3_no_handler_crashes_and_jumps_nowhere, .init = pv_setup)
{
    pv_deliver_exception(pv_vcpu, VECTOR_UD, false, 0);
    cr_expect_neq(fake_crash_reason[0], '\0');
    cr_expect_eq(pv_vcpu->regs.rip, CODE_START);
}

Test(pv_frames, a_stack_that_cannot_be_written_crashes_the_domain, .init = pv_setup)
{
    static const uint64_t stacks[] = {0, 0x40000000, HV_VIRT_START + 64, HV_VIRT_END + 8,
                                      0x800000000000};

    set_trap(VECTOR_UD, 4);
    for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
        fake_crash_reason[0] = '\0';
        pv_vcpu->info->evtchn_upcall_mask = 0;
        pv_vcpu->regs.rsp = stacks[i];
        pv_deliver_exception(pv_vcpu, VECTOR_UD, false, 0);
        cr_expect_neq(fake_crash_reason[0], '\0', "stack %lx", (unsigned long)stacks[i]);
        cr_expect_eq(pv_vcpu->regs.rip, CODE_START);
    }
}

/* --- iret ------------------------------------------------------------------------------------------ */

static void push_iret(struct iret_context frame)
{
    pv_vcpu->regs.rsp = STACK_TOP - sizeof(frame);
    memcpy(pv_stack + STACK_SIZE - sizeof(frame), &frame, sizeof(frame));
}

Test(pv_iret, returns_to_the_kernel_with_every_register, .init = pv_setup)
{
    push_iret(
        (struct iret_context){1, 2, 3, 0, 0x4000, 0xe030, RFLAGS_IF | 0x3000, 0x5000, 0xe028});
    pv_vcpu->info->evtchn_upcall_mask = 1;
    cr_expect_eq(pv_iret(pv_vcpu), 1);
    cr_expect_eq(pv_vcpu->regs.r11, 2);
    cr_expect_eq(pv_vcpu->regs.rcx, 3);
    cr_expect_eq(pv_vcpu->regs.rip, 0x4000);
    cr_expect_eq(pv_vcpu->regs.cs, 0xe033);
    cr_expect_eq(pv_vcpu->regs.ss, 0xe02b);
    cr_expect_eq(pv_vcpu->regs.rsp, 0x5000);
    cr_expect_eq(pv_vcpu->regs.rflags & 0x3000, 0, "IOPL is never the guest's");
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 0);
    cr_expect(pv_vcpu->pv.in_kernel);
    cr_expect_eq(pv_vcpu->regs.entry_vector, 0);
}

Test(pv_iret, T7_the_mask_is_the_opposite_of_IF, .init = pv_setup)
{
    push_iret((struct iret_context){0, 0, 0, 0, 0x4000, 0xe030 | 0ull << 32, 0, 0x5000, 0xe028});
    (void)pv_iret(pv_vcpu);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 1);
    cr_expect_neq(pv_vcpu->regs.rflags & RFLAGS_IF, 0, "the machine's own IF stays on");
}

Test(pv_iret, to_user_mode_the_mode_swaps, .init = pv_setup)
{
    push_iret(
        (struct iret_context){9, 2, 3, VGCF_in_syscall, 0x4000, 0xe033, RFLAGS_IF, 0x5000, 0xe02b});
    pv_vcpu->regs.rcx = 77;
    cr_expect_eq(pv_iret(pv_vcpu), 9);
    cr_expect(!pv_vcpu->pv.in_kernel);
    cr_expect_eq(pv_vcpu->regs.rcx, 77, "a system call's rcx is lost anyway");
    cr_expect_eq(pv_vcpu->regs.entry_vector, ENTRY_SYSCALL);
}

Test(pv_iret, a_system_call_with_other_selectors_takes_the_long_way, .init = pv_setup)
{
    push_iret(
        (struct iret_context){9, 2, 3, VGCF_in_syscall, 0x4000, 0xe023, RFLAGS_IF, 0x5000, 0xe02b});
    (void)pv_iret(pv_vcpu);
    cr_expect_eq(pv_vcpu->regs.entry_vector, 0);
}

Test(pv_iret, T3_user_mode_without_a_user_base_crashes, .init = pv_setup)
{
    push_iret((struct iret_context){0, 0, 0, 0, 0x4000, 0xe033, RFLAGS_IF, 0x5000, 0xe02b});
    pv_vcpu->user_base = INVALID_MFN;
    (void)pv_iret(pv_vcpu);
    cr_expect_neq(fake_crash_reason[0], '\0');
}

Test(pv_iret, an_unreadable_frame_crashes, .init = pv_setup)
{
    pv_vcpu->regs.rsp = STACK_TOP - 8;
    (void)pv_iret(pv_vcpu);
    cr_expect_neq(fake_crash_reason[0], '\0');
}

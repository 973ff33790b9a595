/* SPDX-License-Identifier: MIT */
/*
 * Claim: a store in user mode to an unmapped address enters the kernel's handler on the kernel's stack, with the user's registers,
 * the error code "user, write", the address in vcpu_info, and the event mask in the frame; iret goes back, and flags survive.
 * User mode runs on the kernel's base here: all of this kernel's pages are user pages to the processor.
 */
#include <stdint.h>
#include <public/callback.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/start.h>
#include "outcome.h"

#define UNMAPPED   0x7ff000123ul
#define USER_FLAGS 0x297ul /* CF, PF, AF, SF, IF and the bit that is always set */
#define NR_FRAME   8

struct fault_frame {
    uint64_t rcx, r11, error_code, rip, cs, rflags, rsp, ss;
};

uint64_t seen_frame, seen_r12, seen_flags;
uint64_t kernel_rsp;
static _Alignas(16) char kernel_stack[4096];
static _Alignas(16) char user_stack[4096];
static struct fault_frame frame; /* as the handler found it */

void user_store(void);
void user_next(void);
void user_syscall(void);
void fault_handler(void);
void syscall_handler(void);

__asm__("fault_handler:\n\t"
        "mov %rsp, seen_frame(%rip)\n\t"
        "mov %r12, seen_r12(%rip)\n\t"
        "jmp back_to_main\n"
        "syscall_handler:\n\t"
        "mov 32(%rsp), %rax\n\t" /* rflags in the frame */
        "mov %rax, seen_flags(%rip)\n"
        "back_to_main:\n\t"
        "mov kernel_rsp(%rip), %rsp\n\t"
        "pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\t"
        "ret\n"
        "user_store:\n\t"
        "mov $0x1212, %r12\n\t"
        "mov $0x7ff000123, %rbp\n\t"
        "movb $1, (%rbp)\n"
        "user_syscall:\n\t"
        "syscall\n"
        /* void run_user(const struct iret_context *): returns when the kernel is entered. */
        "run_user:\n\t"
        "push %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
        "mov %rsp, kernel_rsp(%rip)\n\t"
        "mov %rdi, %rsp\n\t"
        "mov $23, %eax\n\t"
        "syscall\n");

void run_user(const struct iret_context *context);

static void enter(void (*code)(void))
{
    struct iret_context context = {
        .rip = (uint64_t)code,
        .cs = 0xe033,
        .rflags = USER_FLAGS,
        .rsp = (uint64_t)(user_stack + sizeof(user_stack)),
        .ss = 0xe02b,
        .rcx = 0xcccc,
        .r11 = 0x1111,
    };

    run_user(&context);
}

static void prepare(void)
{
    static const struct trap_info traps[] = {{14, 0, 0xe033, (unsigned long)fault_handler},
                                             {0, 0, 0, 0}};
    struct callback_register callback = {.type = CALLBACKTYPE_syscall,
                                         .address = (unsigned long)syscall_handler};
    struct mmuext_op base = {.cmd = MMUEXT_NEW_USER_BASEPTR};

    base.arg1.mfn = memory_mfn_of((const void *)start_information()->pt_base);
    OUTCOME_EXPECT_EQUAL(hypercall_mmuext_op(&base, 1, NULL, DOMID_SELF), 0);
    OUTCOME_EXPECT_EQUAL(hypercall_callback_op(CALLBACKOP_register, &callback), 0);
    OUTCOME_EXPECT_EQUAL(
        hypercall_stack_switch(0xe02b, (unsigned long)(kernel_stack + sizeof(kernel_stack))), 0);
    OUTCOME_EXPECT_EQUAL(hypercall_set_trap_table(traps), 0);
}

int main(void)
{
    const volatile struct vcpu_info *info = &start_shared_info()->vcpu_info[0];

    prepare();
    enter(user_store);
    OUTCOME_EXPECT_EQUAL(seen_frame,
                         (uint64_t)(kernel_stack + sizeof(kernel_stack) - sizeof(frame)));
    frame = *(const struct fault_frame *)seen_frame;
    OUTCOME_EXPECT_EQUAL(seen_r12, 0x1212ul);
    OUTCOME_EXPECT_EQUAL(frame.rcx, 0xccccul);
    OUTCOME_EXPECT_EQUAL(frame.r11, 0x1111ul);
    OUTCOME_EXPECT_EQUAL(frame.error_code, 6ul);
    OUTCOME_EXPECT_EQUAL(frame.cs, 0xe033ul); /* iret with IF opened the mask */
    OUTCOME_EXPECT_EQUAL(frame.rflags & ~0x10000ul, USER_FLAGS);
    OUTCOME_EXPECT_EQUAL(frame.rsp, (uint64_t)(user_stack + sizeof(user_stack)));
    OUTCOME_EXPECT_EQUAL(frame.ss, 0xe02bul);
    OUTCOME_EXPECT_EQUAL(info->arch.cr2, UNMAPPED);
    OUTCOME_EXPECT_EQUAL(info->evtchn_upcall_mask, 0);
    enter(user_syscall);
    OUTCOME_EXPECT_EQUAL(seen_flags, USER_FLAGS);
    outcome_success();
}

/* SPDX-License-Identifier: MIT */
/*
 * Changing stacks, which is all that a cooperative switch needs. Nothing here is privileged: it is
 * the same on bare hardware and as a guest. Read next: thread.c
 */
    .text
/* void thread_switch_stacks(void **save_here, void *load_from): callee-saved registers and the FPU
 * control words go on the old stack and come from the new one; the rest is the caller's to save. */
    .globl thread_switch_stacks
thread_switch_stacks:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    fldcw 4(%rsp)
    ldmxcsr (%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

/* First return of a new thread: rbx holds its entry function, r12 the argument. */
    .globl thread_trampoline
thread_trampoline:
    movq %r12, %rdi
    xorl %ebp, %ebp
    call *%rbx
    call thread_exit
    ud2

    .section .note.GNU-stack, "", @progbits

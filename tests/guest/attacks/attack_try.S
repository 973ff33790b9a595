/* SPDX-License-Identifier: MIT */
/*
 * How the hostile guest survives an exception: every handler leaves for the place where attack_try() was called.
 */
    .text
/* long attack_try(void (*code)(void *), void *argument): ATTACK_RETURNED, or the vector. */
    .globl attack_try
attack_try:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    sub $8, %rsp
    mov %rsp, attack_stack(%rip)
    mov %rdi, %rax
    mov %rsi, %rdi
    call *%rax
    .globl attack_landing
attack_landing:
    mov $-1, %rax
back:
    mov attack_stack(%rip), %rsp
    pushq $2 /* whatever flags the code left */
    popfq
    add $8, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* long attack_iret(const struct iret_context *frame) */
    .globl attack_iret
attack_iret:
    mov %rdi, %rsi
    lea iret_code(%rip), %rdi
    jmp attack_try
iret_code:
    mov %rdi, %rsp
    mov $23, %eax /* __HYPERVISOR_iret */
    syscall
    ud2

/* In 32-bit code: syscall. */
    .globl attack_landing_32
attack_landing_32:
    .byte 0x0f, 0x05
    .byte 0x0f, 0x0b

.macro handler vector:req, has_error=0
attack_handler_\vector:
    .if \has_error
    mov 16(%rsp), %rax
    mov %rax, attack_error_code(%rip)
    .endif
    mov $\vector, %eax
    jmp back
.endm

    .set n, 0
    .irp vector, 0,1,2,3,4,5,6,7,9,15,16,18,19,20,22,23,24,25,26,27,28,29,30,31,300
    handler \vector
    .endr
    .irp vector, 8,10,11,12,13,14,17,21
    handler \vector, 1
    .endr

    .section .rodata
    .balign 8
    .globl attack_handlers
attack_handlers:
    .irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,300
    .quad attack_handler_\vector
    .endr

    .bss
    .balign 8
    .globl attack_stack, attack_error_code
attack_stack:
    .skip 8
attack_error_code:
    .skip 8

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/*
 * Entries whose length is measured: each ends by reading the time stamp into r15 and going back to where the measured code
 * left its stack and its address (paths_stack, paths_resume), the frame being given up.
 */
    .text
.macro BACK
    rdtsc
    mov %eax, %r15d
    mov paths_stack(%rip), %rsp
    jmp *paths_resume(%rip)
.endm

/* A trap, the event upcall or the syscall callback of the kernel. */
    .globl paths_entry
paths_entry:
    BACK

/* The syscall callback. rax 0: like paths_entry; else back at once. On the stack: rcx, r11, rip, cs, rflags, rsp, ss. */
    .globl paths_syscall
paths_syscall:
    test %eax, %eax
    jz paths_entry
    pop %rcx
    pop %r11
    pushq $0x100 /* VGCF_in_syscall */
    push %rcx
    push %r11
    push %rax
    mov $23, %eax
    syscall
    ud2

/* uint32_t paths_trap(void *address): ticks from a store that faults to the handler's first instruction. */
    .globl paths_trap
paths_trap:
    push %rbx
    push %r15
    mov %rsp, paths_stack(%rip)
    lea 1f(%rip), %rax
    mov %rax, paths_resume(%rip)
    rdtsc
    mov %eax, %ebx
    movb $0, (%rdi)
1:  sub %ebx, %r15d
    mov %r15d, %eax
    pop %r15
    pop %rbx
    ret

/* uint32_t paths_upcall(uint64_t number, void *a, void *b): from the hypercall that rings to the upcall's first instruction. */
    .globl paths_upcall
paths_upcall:
    push %rbx
    push %r15
    mov %rsp, paths_stack(%rip)
    lea 2f(%rip), %rax
    mov %rax, paths_resume(%rip)
    mov %rdi, %r8
    mov %rsi, %rdi
    mov %rdx, %rsi
    rdtsc
    mov %eax, %ebx
    mov %r8, %rax
    syscall
    rdtsc /* no upcall came */
    mov %eax, %r15d
2:  sub %ebx, %r15d
    mov %r15d, %eax
    pop %r15
    pop %rbx
    ret

/*
 * uint32_t paths_user(int what): 0: HYPERVISOR_iret to user mode; 1: a user's syscall to the kernel's handler;
 * 2: the round trip . The user's code runs on this stack, which both modes see.
 */
    .globl paths_user
paths_user:
    push %rbx
    push %r12
    push %r15
    mov %rsp, paths_stack(%rip)
    lea 4f(%rip), %rax
    mov %rax, paths_resume(%rip)
    mov %edi, %r12d
    mov %rsp, %rdx
    pushq $0xe02b
    push %rdx
    pushf
    orq $0x200, (%rsp)
    pushq $0xe033
    lea 3f(%rip), %rax
    push %rax
    pushq $0
    pushq $0
    pushq $0
    pushq $0
    rdtsc
    mov %eax, %ebx
    mov $23, %eax
    syscall
    ud2
3:  rdtsc /* user mode */
    cmp $1, %r12d
    jae 5f
    mov %eax, %r15d
    sub %ebx, %r15d
    mov %r15d, %ebx
    jmp 6f
5:  mov %r12d, %ecx
    rdtsc
    mov %eax, %ebx
    mov %ecx, %eax
    dec %eax
    syscall /* what 1: rax is 0 */
    rdtsc
    sub %ebx, %eax
    mov %eax, %ebx
6:  xor %eax, %eax
    syscall
4:  cmp $1, %r12d
    jne 7f
    sub %ebx, %r15d
    mov %r15d, %ebx
7:  mov %ebx, %eax
    pop %r15
    pop %r12
    pop %rbx
    ret

    .bss
    .balign 8
paths_stack:
    .skip 8
paths_resume:
    .skip 8

    .section .note.GNU-stack, "", @progbits

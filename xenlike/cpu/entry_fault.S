/* SPDX-License-Identifier: MIT */
/*
 * A guest's page fault, the short way. Invariant: EN5 as in entry_syscall.S, for pv_deliver_page_fault().
 * Read next: entry.S, domain/pv_traps.c.
 */
#include "entry_macros.inc"

    .text
/*
 * A page fault of the guest's, to its handler: what pv_trap() and pv_deliver_page_fault() do in the common case. Left to them: a
 * pending upcall, IOPL shown in flags, no handler, the kernel's write to a live page table (abi T24), an unwritable stack.
 * rax, rcx, rdx, rbx are kept in regs; nothing else is touched.
 */
#define AT_ERROR(field) (VCPU_##field - VCPU_ERROR)(%rsp)
    .globl entry_page_fault
entry_page_fault:
    testb $3, 16(%rsp)
    jz entry_from_hypervisor
    mov %rax, AT_ERROR(RAX)
    mov %rcx, AT_ERROR(RCX)
    mov %rdx, AT_ERROR(RDX)
    mov %rbx, AT_ERROR(RBX)
    lea -VCPU_ERROR(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    mov VCPU_INFO(%rbx), %rdx
    cmpb $0, 1(%rdx)
    jne 4f
    cmpb $0, (%rdx)
    jne fault_slowly
4:  mov VCPU_DOMAIN(%rbx), %rax
    testb $VM_ASSIST_IOPL, DOMAIN_VM_ASSIST(%rax)
    jnz fault_slowly
    mov VCPU_ERROR(%rbx), %ecx
    and $ERROR_WRITE_PRESENT, %ecx
    cmp $ERROR_WRITE_PRESENT, %ecx
    je fault_on_table
1:  mov VCPU_TRAPS(%rbx), %rax
    test %rax, %rax
    jz fault_slowly
    cmpq $0, TRAP_PAGE_FAULT(%rax)
    je fault_slowly
    mov %cr2, %rcx
    mov %rcx, INFO_CR2(%rdx)
    cmpb $0, VCPU_IN_KERNEL(%rbx)
    je fault_of_user
    mov VCPU_RSP(%rbx), %rcx
    and $-16, %rcx
    sub $64, %rcx
    JUMP_IF_IN_HOLE %rcx, %rax, fault_slowly
    mov VCPU_ERROR(%rbx), %eax
    and $~ERROR_USER, %eax
    GUEST fault_frame_of_kernel, mov %rax, 16(%rcx)
    movzwl VCPU_CS(%rbx), %eax
    and $~3, %eax
2:  GUEST fault_frame_faulted, mov %eax, 32(%rcx)
    movzbl 1(%rdx), %edx
    GUEST fault_frame_faulted, mov %edx, 36(%rcx)
    mov VCPU_RFLAGS(%rbx), %rax
    andl $~RFLAGS_LEFT_BY_TRAP, VCPU_RFLAGS(%rbx)
    test %edx, %edx
    jz 3f
    and $~RFLAGS_IF, %eax
3:  GUEST fault_frame_faulted, mov %rax, 40(%rcx)
    mov VCPU_RCX(%rbx), %rax
    GUEST fault_frame_faulted, mov %rax, (%rcx)
    GUEST fault_frame_faulted, mov %r11, 8(%rcx)
    mov VCPU_RIP(%rbx), %rax
    GUEST fault_frame_faulted, mov %rax, 24(%rcx)
    mov VCPU_RSP(%rbx), %rax
    GUEST fault_frame_faulted, mov %rax, 48(%rcx)
    movzwl VCPU_SS(%rbx), %eax
    GUEST fault_frame_faulted, mov %rax, 56(%rcx)
    mov %rcx, VCPU_RSP(%rbx)
    mov VCPU_TRAPS(%rbx), %rax
    mov VCPU_INFO(%rbx), %rdx
    mov TRAP_PAGE_FAULT(%rax), %rcx
    movzbl TRAP_PAGE_FAULT_MASKS(%rax), %eax
    or %al, 1(%rdx)
    mov VCPU_RFLAGS(%rbx), %r11
    mov VCPU_RAX(%rbx), %rax
    mov VCPU_RDX(%rbx), %rdx
    mov VCPU_RSP(%rbx), %rsp
    mov VCPU_RBX(%rbx), %rbx
    sysretq

fault_of_user:
    mov VCPU_KERNEL_SP(%rbx), %rcx
    and $-16, %rcx
    sub $64, %rcx
    JUMP_IF_IN_HOLE %rcx, %rax, fault_slowly
    movb $1, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_KERNEL_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
    mov VCPU_ERROR(%rbx), %eax
    or $ERROR_USER, %eax
    GUEST fault_frame_of_user, mov %rax, 16(%rcx)
    movzwl VCPU_CS(%rbx), %eax
    jmp 2b

fault_on_table:
    testb $VM_ASSIST_PAGE_TABLES, DOMAIN_VM_ASSIST(%rax)
    jz 1b
    cmpb $0, VCPU_IN_KERNEL(%rbx)
    je 1b
    jmp fault_slowly

/* The frame's first store failed: back to the mode that faulted, and let the general way fail, too. */
fault_frame_of_user:
    movb $0, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_USER_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
fault_frame_of_kernel:
    mov INFO_CR2(%rdx), %rcx
    mov %rcx, %cr2
fault_slowly:
    lea VCPU_ERROR(%rbx), %rsp
    mov AT_ERROR(RAX), %rax
    mov AT_ERROR(RCX), %rcx
    mov AT_ERROR(RDX), %rdx
    mov AT_ERROR(RBX), %rbx
    jmp entry_from_guest

/* A later store failed: the frame straddles two pages, or another vCPU unmapped it. The mode has changed; the domain ends. */
fault_frame_faulted:
    mov %rbx, %rdi
    call traps_frame_lost
    jmp exit_to_guest

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/*
 * The first instruction on bare hardware, the traps and the interrupts. QEMU's -kernel finds the
 * entry in an ELF note and arrives as PVH says: 32-bit protected mode, paging off, ebx = start info.
 * So this file first does what a PV domain builder had done for us: page tables, long mode, a stack.
 * Beside it: ../arch-pv/entry.S. Read next: start.c
 */
#define __ASSEMBLY__
#include <public/elfnote.h>

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad _start

/* void _start(void), 32 bits: ebx is the address of struct pvh_start. Page 2 MiB entries map the first
 * GiB at its own address; memory.c builds the real tables. */
    .section .text.start, "ax"
    .code32
    .globl _start
_start:
    cli
    cld
    movl $boot_l4, %edi         /* three tables, zeroed by whoever loaded .bss */
    leal boot_l3 - boot_l4 + 0x003(%edi), %eax
    movl %eax, (%edi)
    leal boot_l2 - boot_l4 + 0x003(%edi), %eax
    movl %eax, boot_l3
    movl $0x083, %eax           /* present, writable, 2 MiB */
    movl $boot_l2, %ecx
1:  movl %eax, (%ecx)
    addl $0x200000, %eax
    addl $8, %ecx
    cmpl $boot_l2 + 4096, %ecx
    jb 1b
    movl %edi, %cr3
    movl $0x620, %eax           /* CR4: PAE, and SSE's OSFXSR and OSXMMEXCPT */
    movl %eax, %cr4
    movl $0xc0000080, %ecx      /* EFER: long mode, no-execute */
    movl $0x900, %eax
    xorl %edx, %edx
    wrmsr
    movl $0x80010033, %eax      /* CR0: paging, write protect, FPU with its exceptions, protection */
    movl %eax, %cr0
    lgdtl boot_gdt_pointer
    ljmpl $0x08, $start_64

    .code64
start_64:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $0x10, %eax
    movl %eax, %ss
    movl %ebx, %edi
    movabsq $start_boot_stack_end, %rsp
    xorl %ebp, %ebp
    fninit
    call start_kernel
    ud2

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff    /* 0x08: 64-bit code, ring 0 */
    .quad 0x00cf93000000ffff    /* 0x10: data */
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt

    .bss
    .balign 4096
boot_l4:
    .skip 4096
boot_l3:
    .skip 4096
boot_l2:
    .skip 4096

    .text
/* The end of every entry: the stack holds struct trap_frame (core/trap_report.h) from `vector` up.
 * Completes it, calls trap_handle(struct trap_frame *), and goes back with the processor's iretq.
 * Handlers may use SSE, so that state is kept below the frame, on an aligned address. */
trap_common:
    pushq %rax
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    movq %rsp, %rbx
    xorl %ebp, %ebp
    subq $512, %rsp
    andq $-64, %rsp
    fxsaveq (%rsp)
    call trap_handle
    fxrstorq (%rsp)
    movq %rbx, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rax
    addq $8, %rsp               /* vector */
    popq %rcx
    popq %r11
    addq $8, %rsp               /* the error code */
    iretq

/* Entered with the processor's frame on the stack; some vectors have an error code below rip, the
 * others get a 0 there. */
.macro trap name:req, vector:req, has_error=0
    .globl \name
\name:
    .if !\has_error
    pushq $0
    .endif
    pushq %r11
    pushq %rcx
    pushq $\vector
    jmp trap_common
.endm

    trap trap_divide, 0
    trap trap_debug, 1
    trap trap_nmi, 2
    trap trap_breakpoint, 3
    trap trap_overflow, 4
    trap trap_bounds, 5
    trap trap_invalid_opcode, 6
    trap trap_no_device, 7
    trap trap_double_fault, 8, 1
    trap trap_invalid_tss, 10, 1
    trap trap_no_segment, 11, 1
    trap trap_stack, 12, 1
    trap trap_protection, 13, 1
    trap trap_page_fault, 14, 1
    trap trap_floating_point, 16
    trap trap_alignment, 17, 1
    trap trap_machine_check, 18
    trap trap_simd, 19

/* extern void (*const trap_interrupts[16])(void): one entry per interrupt line, vectors 32-47. */
.macro interrupt line:req
interrupt_\line:
    pushq $0
    pushq %r11
    pushq %rcx
    pushq $32 + \line
    jmp trap_common
    .section .rodata
    .quad interrupt_\line
    .text
.endm

    .section .rodata
    .balign 8
    .globl trap_interrupts
trap_interrupts:
    .text
    .irp line, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    interrupt \line
    .endr

    .section .note.GNU-stack, "", @progbits

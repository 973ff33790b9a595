/* SPDX-License-Identifier: MIT */
/*
 * The first instruction, the traps and the event upcall, and the ELF notes that tell a domain
 * builder how to get here.
 * Guest ABI: the hypervisor pushes rcx and r11 below the hardware's frame; HYPERVISOR_iret takes
 * them back together with rax, and sets the event mask from the IF of the frame's flags.
 * Read next: start.c
 */
#define __ASSEMBLY__
#include <public/xen.h>
#include <public/elfnote.h>

/* note <type>, string   and   note_number <type>, value */
.macro note type:req, text:req
    .balign 4
    .long 2f - 1f, 4f - 3f, \type
1:  .asciz "Xen"
2:  .balign 4
3:  .asciz "\text"
4:  .balign 4
.endm

.macro note_number type:req, value:req
    .balign 4
    .long 2f - 1f, 8, \type
1:  .asciz "Xen"
2:  .balign 4
    .quad \value
.endm

    .section .note.Xen, "a", @note
    note XEN_ELFNOTE_GUEST_OS, "pvk"
    note XEN_ELFNOTE_GUEST_VERSION, "1"
    note XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
    note XEN_ELFNOTE_LOADER, "generic"
    note_number XEN_ELFNOTE_VIRT_BASE, 0
    note_number XEN_ELFNOTE_ENTRY, _start
    note_number XEN_ELFNOTE_HYPERCALL_PAGE, hypercall_page
    /* bit 11: can be the initial domain (XENFEAT_dom0) */
    note_number XEN_ELFNOTE_SUPPORTED_FEATURES, 0x800

/* void _start(void): rsi is the address of start_info. The builder's stack page goes back to the
 * allocator, so the first thing is a stack of our own. */
    .section .text.start, "ax"
    .globl _start
_start:
    cld
    movq %rsi, %rdi
    movabsq $start_boot_stack_end, %rsp
    xorl %ebp, %ebp
    call start_kernel
    ud2

/* Filled by the builder with one stub per hypercall. We issue `syscall` ourselves; debuggers and
 * older builders like to see the page. */
    .section .text.hypercall_page, "ax"
    .balign 4096
    .globl hypercall_page
hypercall_page:
    .skip 4096


    .text
/* The end of every entry: the stack holds struct trap_frame (core/trap_report.h) from `vector` up.
 * Completes it, calls trap_handle(struct trap_frame *), and goes back through HYPERVISOR_iret.
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
    movq $0, (%rsp)             /* the error code's place becomes iret_context.flags */
    pushq %rcx
    pushq %r11
    pushq %rax
    movl $__HYPERVISOR_iret, %eax
    syscall
    ud2

/* Entered with rcx, r11, then the processor's frame on the stack; some vectors have an error code
 * between r11 and rip, the others get a 0 there. */
.macro trap name:req, vector:req, has_error=0
    .globl \name
\name:
    .if !\has_error
    popq %rcx
    popq %r11
    pushq $0
    pushq %r11
    pushq %rcx
    .endif
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
    trap trap_event_callback, 256

/* Loading a segment register failed on the way back to us. We use none, so this is a wild jump's
 * doing: ds, es, fs, gs lie below the ordinary frame. */
    .globl trap_failsafe_callback
trap_failsafe_callback:
    popq %rcx
    popq %r11
    addq $32, %rsp
    pushq $0
    pushq %r11
    pushq %rcx
    pushq $257
    jmp trap_common

    .section .note.GNU-stack, "", @progbits

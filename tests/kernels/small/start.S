/* SPDX-License-Identifier: MIT */
/*
 * A small kernel's first instructions, its handlers and its notes. STYLE_... chooses whose manner.
 * The handlers return as kernels of this kind do: with their own iretq, in ring 3.
 */
#include <public/elfnote.h>
#define __ASSEMBLY__ 1
#include <public/arch-x86/xen.h>

    .section .text.start, "ax"
    .globl _start
/* rsi: start_info. The hypercall page and shared_info's page stand in the text, behind the first page. */
_start:
    cld
    mov $boot_stack_top, %rsp
    mov %rsi, %r12
#ifdef STYLE_UNIKRAFT
    /* Before there is a trap table: control registers, XCR0 and an MSR, all emulated. */
    fninit
    mov %cr0, %rax
    mov %rax, control_registers
    and $~0xc, %rax
    mov %rax, %cr0
    mov %cr4, %rax
    mov %rax, control_registers + 8
    or $0x40000, %rax /* OSXSAVE: without it Xen knows no xsetbv */
    mov %rax, %cr4
    mov $1, %eax
    cpuid
    bt $27, %ecx /* OSXSAVE */
    jnc 1f
    xor %ecx, %ecx
    xgetbv
    mov %eax, control_registers + 16
    xsetbv
1:  mov $0xc0000100, %ecx /* FS_BASE */
    mov $control_registers, %eax
    xor %edx, %edx
    wrmsr
    rdmsr
    mov %eax, control_registers + 24
    movl $1, control_registers + 32
#endif
    ldmxcsr default_mxcsr
    mov %r12, %rdi
    call small_main
1:  jmp 1b

    .balign 4096
    .globl small_shared_page, hypercall_page
small_shared_page: /* 0x1000: shared_info goes over this page of the text */
    .skip 4096
hypercall_page: /* 0x2000 */
#ifdef STYLE_DIRECT
    /* No page is asked for: the same stubs by hand. */
    .set number, 0
    .rept 128
    .if number == 23
    push %rcx
    push %r11
    push %rax
    .endif
    mov $number, %eax
    syscall
    ret
    .balign 32
    .set number, number + 1
    .endr
#else
    .skip 4096
#endif

    .macro save
    push %rax; push %rcx; push %rdx; push %rbx; push %rbp; push %rsi; push %rdi
    push %r8; push %r9; push %r10; push %r11; push %r12; push %r13; push %r14; push %r15
    .endm
    .macro restore
    pop %r15; pop %r14; pop %r13; pop %r12; pop %r11; pop %r10; pop %r9; pop %r8
    pop %rdi; pop %rsi; pop %rbp; pop %rbx; pop %rdx; pop %rcx; pop %rax
    .endm

/* Above the two words rcx and r11: rip, cs, rflags, rsp, ss. */
    .globl small_trap_entry, small_slow_trap_entry, small_event_entry, small_failsafe_entry
small_trap_entry: /* of an instruction of two bytes */
    mov (%rsp), %rcx
    mov 8(%rsp), %r11
    add $16, %rsp
    incl small_traps
    addq $2, (%rsp)
    orb $3, 8(%rsp) /* our cs and ss were shown with RPL 0 */
    orb $3, 32(%rsp)
    iretq

small_slow_trap_entry: /* of `int n`: rip is behind it; back through the hypercall */
    mov (%rsp), %rcx
    mov 8(%rsp), %r11
    add $16, %rsp
    incl small_traps
    pushq $0 /* no VGCF_in_syscall; RPL 0 means the kernel, 3 would be user mode */
    jmp hypercall_page + 32 * 23

small_event_entry:
    mov (%rsp), %rcx
    mov 8(%rsp), %r11
    add $16, %rsp
    save
    call small_event
    restore
    orb $3, 8(%rsp)
    orb $3, 32(%rsp)
    iretq

small_failsafe_entry:
    ud2

    .section .bss
    .balign 4096
    .skip 16384
boot_stack_top:

    .section .data
    .balign 16
    .globl control_registers
control_registers:
    .skip 64
default_mxcsr:
    .long 0x1f80

#if defined(STYLE_LEGACY)
    .section __xen_guest, "a"
    .asciz "GUEST_OS=Small,XEN_VER=xen-3.0,VIRT_BASE=0x40000000,ELF_PADDR_OFFSET=0x40000000,HYPERCALL_PAGE=0x2,LOADER=generic"
#else
    .macro note type, value:vararg
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \value
2:  .balign 4
    .endm
#ifdef STYLE_UNIKRAFT
    .section .note.Xen, "a", @note
#else
    .section .note, "a", @note
#endif
    note XEN_ELFNOTE_GUEST_OS, .asciz "Small"
    note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    note XEN_ELFNOTE_LOADER, .asciz "generic"
#ifdef STYLE_DIRECT
    note XEN_ELFNOTE_VIRT_BASE, .quad BASE
    note XEN_ELFNOTE_PADDR_OFFSET, .long 0
    note XEN_ELFNOTE_ENTRY, .quad _start
#else
    note XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page
#endif
#endif
    .section .note.GNU-stack, "", @progbits

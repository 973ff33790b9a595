/* SPDX-License-Identifier: MIT */
/*
 * Every way into the hypervisor and out of it.
 *
 * From ring 3 the registers go straight into the running vCPU (struct vcpu.regs): hardware pushes to RSP0 = &regs.es, the
 * syscall stub does the same by hand; then rsp moves to the CPU's stack, whose top is struct cpu_local.
 * Invariants: EN1 interrupts are off. EN2 after entry rbx = the running vCPU and regs is whole. EN3 exit tests work, then the
 * upcall, and nothing may make either true after its test with interrupts off. EN4 only exit_iret may fault on a guest's values.
 * Read next: percpu.h, traps.c, switch.c.
 */
#include "entry_macros.inc"

    .text
/*
 * void exit_to_guest(void): the whole state of `current`. In: rsp = top of the CPU's stack.
 */
    .globl exit_to_guest
exit_to_guest:
    mov CPU_CURRENT(%rsp), %rbx
    cmpl $0, CPU_WORK(%rsp)
    jne exit_work
    mov VCPU_INFO(%rbx), %rdx
    cmpb $0, 1(%rdx)
    jne exit_registers
    cmpb $0, (%rdx)
    jne exit_event
exit_registers:
    cmpl $ENTRY_SYSCALL, VCPU_VECTOR(%rbx)
    jne exit_full
    mov VCPU_RIP(%rbx), %rcx
    mov %rcx, %rdx
    shl $16, %rdx
    sar $16, %rdx
    cmp %rcx, %rdx
    jne exit_full
    lea VCPU_REGS(%rbx), %rsp
    POP_REGISTERS
    mov (VCPU_RIP - VCPU_ERROR)(%rsp), %rcx
    mov (VCPU_RFLAGS - VCPU_ERROR)(%rsp), %r11
    mov (VCPU_RSP - VCPU_ERROR)(%rsp), %rsp
    sysretq

exit_full:
    lea VCPU_REGS(%rbx), %rsp
    POP_REGISTERS
    add $8, %rsp
    .globl exit_iret
exit_iret:
    iretq

exit_work:
    call percpu_do_work
    jmp exit_to_guest

exit_event:
    mov %rbx, %rdi
    call pv_deliver_event
    jmp exit_to_guest

/* Exceptions and interrupts. In: the hardware's frame with error code, vector above it. */
entry_common:
    testb $3, 16(%rsp)
    jz entry_from_hypervisor
    .globl entry_from_guest
entry_from_guest:
    PUSH_REGISTERS
    cld
    TO_CPU_STACK
    mov %rbx, %rdi
    call traps_from_guest
    jmp exit_to_guest

    .globl entry_from_hypervisor
entry_from_hypervisor:
    push %rax
    lea exit_iret(%rip), %rax
    cmp %rax, 16(%rsp)
    pop %rax
    je iret_faulted
hypervisor_frame:
    PUSH_REGISTERS
    cld
    mov %rsp, %rdi
    sub $8, %rsp
    call traps_from_hypervisor
    add $8, %rsp
    POP_REGISTERS
    add $8, %rsp
    iretq

/* The registers are the guest's again already, the frame lies over their old places: save them anew. */
iret_faulted:
    mov %rax, (VCPU_RAX - IRET_FAULT_FRAME)(%rsp)
    mov (%rsp), %rax
    mov %rax, (VCPU_ERROR - IRET_FAULT_FRAME)(%rsp)
    mov (VCPU_RAX - IRET_FAULT_FRAME)(%rsp), %rax
    lea (VCPU_ERROR - IRET_FAULT_FRAME)(%rsp), %rsp
    PUSH_REGISTERS
    cld
    TO_CPU_STACK
    mov %rbx, %rdi
    call traps_iret_faulted
    jmp exit_to_guest

/* #DB arrives on a stack of its own; a guest's is carried over to the register area. */
entry_debug:
    testb $3, 16(%rsp)
    jz hypervisor_frame
    push %rax
    push %rcx
    mov %rsp, %rax
    or $CPU_BLOCK_MASK, %rax
    mov (CPU_REGISTER_END - CPU_LOCAL_SIZE + 1)(%rax), %rax
    mov 16(%rsp), %rcx /* error code and vector */
    mov %rcx, -48(%rax)
    mov 24(%rsp), %rcx /* rip */
    mov %rcx, -40(%rax)
    mov 32(%rsp), %rcx /* cs */
    mov %rcx, -32(%rax)
    mov 40(%rsp), %rcx /* rflags */
    mov %rcx, -24(%rax)
    mov 48(%rsp), %rcx /* rsp */
    mov %rcx, -16(%rax)
    mov 56(%rsp), %rcx /* ss */
    mov %rcx, -8(%rax)
    pop %rcx
    sub $48, %rax
    xchg %rax, (%rsp)
    mov (%rsp), %rsp
    jmp entry_from_guest

/* NMI, #MC, #DF: wholly on their own stacks. */
entry_emergency:
    PUSH_REGISTERS
    cld
    mov %rsp, %rdi
    sub $8, %rsp
    call traps_nmi
    add $8, %rsp
    POP_REGISTERS
    add $8, %rsp
    iretq

/* Gates: which vectors push an error code: 8, 10-14, 17, 21, 29, 30. */
#define HAS_ERROR_CODE 0x60227d00
    .balign 16
    .globl entry_gates
entry_gates:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector >= 32
    push $0
    .elseif ((HAS_ERROR_CODE >> vector) & 1) == 0
    push $0
    .endif
    movl $vector, 4(%rsp)
    .if vector == 1
    jmp entry_debug
    .elseif (vector == 2) | (vector == 8) | (vector == 18)
    jmp entry_emergency
    .elseif vector == 14
    jmp entry_page_fault
    .else
    jmp entry_common
    .endif
    .set vector, vector + 1
    .endr

/* void entry_on_stack(struct cpu_local *top, void (*function)(void)): in rdi, rsi. When the function returns, `current` is entered. */
    .globl entry_on_stack
entry_on_stack:
    mov %rdi, %rsp
    xor %ebp, %ebp
    call *%rsi
    jmp exit_to_guest

    .section .note.GNU-stack, "", @progbits

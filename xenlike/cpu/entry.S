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
#include <offsets.h>
#include <public/xen.h>

/* regs.entry_vector of an entry by syscall; a handler that changes more than rax clears it, and iretq loads all. */
#define ENTRY_SYSCALL 0x100
#define PAGE_FRAME_SIZE 48 /* error code, rip, cs, rflags, rsp, ss */
/* rsp is &regs.rip when iretq faults: hardware aligns it and pushes. Where the error code ends up, in the vCPU: */
#define IRET_FAULT_FRAME ((VCPU_RIP & ~15) - PAGE_FRAME_SIZE)

.macro PUSH_REGISTERS
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.macro POP_REGISTERS
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
.endm

/* From the register area to the CPU's stack: rbx = vCPU. */
.macro TO_CPU_STACK
    lea -VCPU_REGS(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
.endm

/*
 * The stubs run from a page of each CPU's own, where cpu_local is at a fixed distance.
 * In (syscall): rcx = rip, r11 = rflags, all else the guest's. Out: rsp = &regs.rsp, ss and rsp saved.
 */
#define LOCAL(field) (entry_stubs + STUB_TO_LOCAL + field)(%rip)

    .section .rodata
    .globl entry_stubs, entry_stubs_size, entry_stub_compat
    .balign 16
entry_stubs:
    mov %rsp, LOCAL(CPU_GUEST_RSP)
    mov LOCAL(CPU_REGISTER_END), %rsp
    push $FLAT_RING3_SS64
    push LOCAL(CPU_GUEST_RSP)
    jmp *LOCAL(CPU_SYSCALL_TARGET)
    .balign 16
stub_compat:
    mov %rsp, LOCAL(CPU_GUEST_RSP)
    mov LOCAL(CPU_REGISTER_END), %rsp
    push $FLAT_RING3_SS32
    push LOCAL(CPU_GUEST_RSP)
    jmp *LOCAL(CPU_COMPAT_TARGET)
stubs_end:
    .balign 8
entry_stubs_size:
    .quad stubs_end - entry_stubs
entry_stub_compat:
    .quad stub_compat - entry_stubs

    .text
/* syscall in 32-bit code (AMD). In: like entry_syscall; eip in ecx. */
    .balign 16
    .globl entry_syscall_compat
entry_syscall_compat:
    push %r11
    push $FLAT_RING3_CS32
    push %rcx
    push $0
    movl $ENTRY_SYSCALL, 4(%rsp)
    PUSH_REGISTERS
    TO_CPU_STACK
    mov %rbx, %rdi
    call traps_syscall_compat
    jmp exit_to_guest

/*
 * void entry_syscall(void): from the stub. In guest-kernel mode a hypercall: number in rax, arguments rdi, rsi, rdx, r10,
 * r8, r9. In guest-user mode a system call of the guest's.
 */
    .balign 16
    .globl entry_syscall
entry_syscall:
    push %r11
    push $FLAT_RING3_CS64
    push %rcx
    push $0
    movl $ENTRY_SYSCALL, 4(%rsp)
    PUSH_REGISTERS
    TO_CPU_STACK
    cmpb $0, VCPU_IN_KERNEL(%rbx)
    je syscall_from_user
    mov %r10, %rcx
    cmp $64, %rax
    jae syscall_unknown
    lea hypercall_table(%rip), %r10
    call *(%r10, %rax, 8)
syscall_done:
    mov %rax, VCPU_RAX(%rbx)
    cmpl $0, CPU_WORK(%rsp)
    jne exit_to_guest
    /* The exact test of the upcall is in exit_to_guest; this shorter one may only err towards it. */
    mov VCPU_INFO(%rbx), %rdx
    movzbl (%rdx), %ecx
    cmp 1(%rdx), %cl
    ja exit_to_guest
    cmpl $ENTRY_SYSCALL, VCPU_VECTOR(%rbx)
    jne exit_full
    /* sysret with a non-canonical rip would fault in ring 0 on Intel's processors: attack 19. */
    mov VCPU_RIP(%rbx), %rcx
    mov %rcx, %rdx
    shl $16, %rdx
    sar $16, %rdx
    cmp %rcx, %rdx
    jne exit_full
    /* The handler preserved rbp, r12-r15 as C does, and rcx, r11 are the call's to lose. */
    mov VCPU_RFLAGS(%rbx), %r11
    mov VCPU_R10(%rbx), %r10
    mov VCPU_R9(%rbx), %r9
    mov VCPU_R8(%rbx), %r8
    mov VCPU_RDX(%rbx), %rdx
    mov VCPU_RSI(%rbx), %rsi
    mov VCPU_RDI(%rbx), %rdi
    mov VCPU_RSP(%rbx), %rsp
    mov VCPU_RBX(%rbx), %rbx
    sysretq

syscall_unknown:
    call hypercall_not_implemented
    jmp syscall_done

syscall_from_user:
    mov %rbx, %rdi
    call pv_deliver_syscall
    /* falls through */

/*
 * void exit_to_guest(void): the whole state of `current`, by iretq. In: rsp = top of the CPU's stack.
 */
    .globl exit_to_guest
exit_to_guest:
    mov CPU_CURRENT(%rsp), %rbx
    cmpl $0, CPU_WORK(%rsp)
    jne exit_work
    mov VCPU_INFO(%rbx), %rdx
    cmpb $0, 1(%rdx)
    jne exit_full
    cmpb $0, (%rdx)
    jne exit_event
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
entry_from_guest:
    PUSH_REGISTERS
    cld
    TO_CPU_STACK
    mov %rbx, %rdi
    call traps_from_guest
    jmp exit_to_guest

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

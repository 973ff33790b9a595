/* SPDX-License-Identifier: MIT */
/*
 * The syscall instruction: hypercalls, a guest user's system calls, HYPERVISOR_iret.
 *
 * The short ways: what they leave to C they leave before anything has changed, or after undoing it. Invariant: EN5 a short way and
 * the C function it stands for (pv_deliver_syscall, pv_iret) leave the same state behind; tests/guest/a_user_fault_reaches_the_kernel.
 * Read next: entry.S, domain/pv_traps.c, domain/pv_return.c.
 */
#include "entry_macros.inc"

/*
 * The stubs run from a page of each CPU's own, where cpu_local is at a fixed distance.
 * In (syscall): rcx = rip, r11 = rflags, all else the guest's. Out: rsp = &regs.rsp, ss and rsp saved.
 */
#define LOCAL(field) (entry_stubs + STUB_TO_LOCAL + field)(%rip)

    .section .rodata
    .balign 8
end_of_low_half:
    .quad 0x0000800000000000

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
 * r8, r9. In guest-user mode a system call of the guest's. rsp = &regs.rsp; rcx = rip, r11 = rflags.
 */
#define AT_RSP(field) (VCPU_##field - VCPU_RSP)(%rsp)

/* All but rcx and r11, which the call loses, ss and rsp, which the stub saved, and what the caller names. */
.macro SAVE_SYSCALL_FRAME
    mov %rcx, AT_RSP(RIP)
    mov %r11, AT_RSP(RFLAGS)
    movq $FLAT_RING3_CS64, AT_RSP(CS)
    movl $ENTRY_SYSCALL, AT_RSP(VECTOR)
.endm
.macro SAVE_OTHERS
    mov %rdi, AT_RSP(RDI)
    mov %rsi, AT_RSP(RSI)
    mov %r8, AT_RSP(R8)
    mov %r9, AT_RSP(R9)
    mov %r10, AT_RSP(R10)
    mov %rbp, AT_RSP(RBP)
    mov %r12, AT_RSP(R12)
    mov %r13, AT_RSP(R13)
    mov %r14, AT_RSP(R14)
    mov %r15, AT_RSP(R15)
.endm

    .balign 16
    .globl entry_syscall
entry_syscall:
    cmpb $0, AT_RSP(IN_KERNEL)
    je syscall_from_user
    SAVE_SYSCALL_FRAME
    mov %rbx, AT_RSP(RBX)
    cmp $__HYPERVISOR_iret, %rax
    je syscall_iret
    mov %rax, AT_RSP(RAX)
    mov %rdx, AT_RSP(RDX)
    SAVE_OTHERS
    lea -VCPU_RSP(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    cmp $64, %rax
    jae syscall_unknown
    mov %r10, %rcx
    mov CPU_CALL_TABLE(%rsp), %r10
    call *(%r10, %rax, 8)
syscall_done:
    cmpl $0, CPU_WORK(%rsp)
    jne syscall_done_slowly
    /* The exact test of the upcall is in exit_to_guest; this shorter one may only err towards it. */
    mov VCPU_INFO(%rbx), %rdx
    movzbl (%rdx), %ecx
    cmp 1(%rdx), %cl
    ja syscall_done_slowly
    cmpl $ENTRY_SYSCALL, VCPU_VECTOR(%rbx)
    jne syscall_done_slowly
    /* sysret with a non-canonical rip would fault in ring 0 on Intel's processors (attack 19). Where ENTRY_SYSCALL stands, rip
     * is where syscall left it (or two before): of all such addresses only the end of the low half is not canonical. */
    mov VCPU_RIP(%rbx), %rcx
    cmp end_of_low_half(%rip), %rcx
    je syscall_done_slowly
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

syscall_done_slowly:
    mov %rax, VCPU_RAX(%rbx)
    jmp exit_to_guest

syscall_unknown:
    call hypercall_not_implemented
    jmp syscall_done

/*
 * A user's system call: the frame of pv_deliver_syscall() without its generality. Left to that function: a pending or masked
 * upcall, IOPL shown in flags, no callback, a stack that cannot be written.
 * In: like entry_syscall. The user's rax, rbx, rdx are kept in regs; nothing else is touched, so nothing else is saved.
 */
syscall_from_user:
    mov %rax, AT_RSP(RAX)
    mov %rdx, AT_RSP(RDX)
    mov %rbx, AT_RSP(RBX)
    mov AT_RSP(INFO), %rdx
    cmpw $0, (%rdx)
    jne user_slowly
    mov AT_RSP(DOMAIN), %rax
    testb $VM_ASSIST_IOPL, DOMAIN_VM_ASSIST(%rax)
    jnz user_slowly
    cmpq $0, AT_RSP(SYSCALL_CALLBACK)
    je user_slowly
    mov AT_RSP(KERNEL_SP), %rdx
    and $-16, %rdx
    sub $56, %rdx
    JUMP_IF_IN_HOLE %rdx, %rax, user_slowly
    lea -VCPU_RSP(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    movb $1, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_KERNEL_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
    mov VCPU_RSP(%rbx), %rax
    GUEST user_frame_faulted, movq $FLAT_RING3_SS64, 48(%rdx)
    GUEST user_frame_faulted, mov %rax, 40(%rdx)
    GUEST user_frame_faulted, mov %r11, 32(%rdx)
    GUEST user_frame_faulted, movq $FLAT_RING3_CS64, 24(%rdx)
    GUEST user_frame_faulted, mov %rcx, 16(%rdx)
    GUEST user_frame_faulted, mov %r11, 8(%rdx)
    GUEST user_frame_faulted, mov %rcx, (%rdx)
    mov VCPU_INFO(%rbx), %rcx
    movzbl VCPU_SYSCALL_MASKS(%rbx), %eax
    mov %al, 1(%rcx)
    and $~RFLAGS_LEFT_BEHIND, %r11
    mov VCPU_SYSCALL_CALLBACK(%rbx), %rcx
    mov VCPU_RAX(%rbx), %rax
    mov %rdx, %rsp
    mov VCPU_RDX(%rbx), %rdx
    mov VCPU_RBX(%rbx), %rbx
    sysretq

user_frame_faulted:
    movb $0, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_USER_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
    lea VCPU_RSP(%rbx), %rsp
user_slowly:
    SAVE_SYSCALL_FRAME
    mov %rcx, AT_RSP(RCX)
    mov %r11, AT_RSP(R11)
    SAVE_OTHERS
    lea -VCPU_RSP(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    mov %rbx, %rdi
    call pv_deliver_syscall
    jmp exit_to_guest

/*
 * HYPERVISOR_iret, the same as pv_iret(). Left to that function: IOPL in flags, no user base, a frame that cannot be read.
 * In: rip, rflags, rbx saved; rsp = &regs.rsp. rax, rcx, r11 come from the frame, the rest is not touched.
 */
#define FRAME_RAX    0
#define FRAME_R11    8
#define FRAME_RCX    16
#define FRAME_RIP    32
#define FRAME_CS     40
#define FRAME_RFLAGS 48
#define FRAME_RSP    56
#define FRAME_SS     64
syscall_iret:
    mov %rdx, AT_RSP(RDX)
    lea -VCPU_RSP(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    mov VCPU_RSP(%rbx), %rcx
    JUMP_IF_IN_HOLE %rcx, %rax, iret_slowly
    mov VCPU_DOMAIN(%rbx), %rax
    testb $VM_ASSIST_IOPL, DOMAIN_VM_ASSIST(%rax)
    jnz iret_slowly
    /* Both ends can be read, so all of it can; should another vCPU unmap it now, only the crash's registers are wrong. */
    GUEST iret_slowly, mov FRAME_SS(%rcx), %r11
    GUEST iret_slowly, mov FRAME_RAX(%rcx), %rax
    mov %rax, VCPU_RAX(%rbx)
    GUEST iret_slowly, mov FRAME_CS(%rcx), %rax
    or $3, %r11d
    movzwl %r11w, %r11d
    mov %r11, VCPU_SS(%rbx)
    mov %eax, %r11d
    and $3, %r11d
    cmp $3, %r11d
    jne 1f
    cmpq $-1, VCPU_USER_BASE(%rbx)
    je iret_slowly
1:  or $3, %eax
    movzwl %ax, %eax
    mov %rax, VCPU_CS(%rbx)
    GUEST iret_slowly, mov FRAME_RIP(%rcx), %rax
    mov %rax, VCPU_RIP(%rbx)
    GUEST iret_slowly, mov FRAME_RFLAGS(%rcx), %rdx
    mov %edx, %eax
    and $RFLAGS_RESUMED, %eax
    or $(RFLAGS_IF | RFLAGS_FIXED), %eax
    mov %rax, VCPU_RFLAGS(%rbx)
    GUEST iret_slowly, mov FRAME_R11(%rcx), %rax
    mov %rax, VCPU_R11(%rbx)
    GUEST iret_slowly, mov FRAME_RCX(%rcx), %rax
    mov %rax, VCPU_RCX(%rbx)
    GUEST iret_slowly, mov FRAME_RSP(%rcx), %rax
    mov %rax, VCPU_RSP(%rbx)
    /* Nothing is read from the frame any more: the base may change. */
    movb $0, VCPU_IN_NMI(%rbx)
    mov VCPU_INFO(%rbx), %rcx
    not %edx
    shr $RFLAGS_IF_BIT, %edx
    and $1, %edx
    mov %dl, 1(%rcx)
    cmp $3, %r11d
    jne 2f
    movb $0, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_USER_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
2:  test %dl, %dl
    jnz 3f
    cmpb $0, (%rcx)
    jne iret_to_event
3:  mov VCPU_RAX(%rbx), %rax
    mov VCPU_RCX(%rbx), %rcx
    mov VCPU_RDX(%rbx), %rdx
    mov VCPU_R11(%rbx), %r11
    lea VCPU_RIP(%rbx), %rsp
    mov VCPU_RBX(%rbx), %rbx
    jmp exit_iret

iret_to_event:
    mov VCPU_RDX(%rbx), %rdx
    lea VCPU_RSP(%rbx), %rsp
    SAVE_OTHERS
    movl $0, AT_RSP(VECTOR)
    mov VCPU_CPU_STACK(%rbx), %rsp
    jmp exit_to_guest

iret_slowly:
    mov VCPU_RDX(%rbx), %rdx
    lea VCPU_RSP(%rbx), %rsp
    SAVE_OTHERS
    mov VCPU_CPU_STACK(%rbx), %rsp
    call hc_iret
    jmp syscall_done

    .section .note.GNU-stack, "", @progbits
